"""Pictures as inline SVG: no script, nothing fetched, text and axes in the colour of the text around.

Each is a pure function; what a picture shows is also a sentence (`curve_sentence`, `parallel_sentence`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mlops_nb.runs.model import Curve
from mlops_nb.show.axes import Scale, spanning
from mlops_nb.show.palette import colour, dash
from mlops_nb.show.parallel import parallel, parallel_sentence
from mlops_nb.show.svg import legend, line, path, picture, text
from mlops_nb.show.words import cut, number
from mlops_nb.store.ids import told_apart

__all__ = ["curve_sentence", "curves", "parallel", "parallel_sentence", "spark", "thinned"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 22, 34
_MOST = 20


def spark(values: Sequence[float], label: str, width: int = 72, height: int = 18) -> str:
    """A curve the size of a word, its last value a dot; empty when fewer than two values are numbers.

    Args:
        values: Equally far apart; what is not finite is passed over.
        label: What it shows, for who does not see it.
        width: In pixels.
        height: In pixels.
    """
    known = [(i, value) for i, value in enumerate(values) if math.isfinite(value)]
    if len(known) < 2:
        return ""
    across = Scale(0, len(values) - 1, 3, width - 4)
    up = spanning([value for _, value in known], height - 3, 3)
    places = [(across.at(i), up.at(value)) for i, value in known]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = (
        f'<polyline points="{points}" fill="none" stroke="{colour(0)}" stroke-width="1.5" stroke-linejoin="round"/>'
        f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2.2" fill="{colour(0)}"/>'
    )
    return picture(drawn, width, height, label, style="vertical-align:middle")


def curves(found: Sequence[Curve], width: int = 640, height: int = 260) -> str:
    """The series of one metric in one or several runs: a line through the last values, a band from least to greatest.

    Args:
        found: At most 20; the colour and dashes of each follow from its place in the list.
        width: In pixels.
        height: In pixels, without the legend.
    """
    found = found[:_MOST]
    drawn = [one for one in found if one.steps]
    across = spanning([step for one in drawn for step in (one.steps[0], one.steps[-1])], _LEFT, width - _RIGHT)
    every = [value for one in drawn for column in (one.lows, one.highs, one.values) for value in column]
    up = spanning(every, height - _BOTTOM, _TOP)
    parts = [*_grid(across, up, width, height), *_titles(found, width, height)]
    for i, one in enumerate(found):
        parts += [_band(one, across, up, i), _line(one, across, up, i)]
    names = told_apart([one.run for one in found])
    below, more = legend([names[one.run] for one in found], width, height) if len(found) > 1 else ("", 0)
    said = " ".join(curve_sentence(one, names[one.run] if len(found) > 1 else "") for one in found)
    return picture("".join(parts) + below, width, height + more, said or "no curve")


def _grid(across: Scale, up: Scale, width: int, height: int) -> Iterator[str]:
    bottom = height - _BOTTOM
    for value, label in up.ticks(5):
        y = up.at(value)
        yield line(_LEFT, y, width - _RIGHT, y, opacity=0.14)
        yield text(label, _LEFT - 6, y + 4, anchor="end")
    for value, label in across.ticks(6, whole=True):
        x = across.at(value)
        yield line(x, bottom, x, bottom + 4, opacity=0.6)
        yield text(label, min(x, width - _RIGHT - 4 * len(label) + 4), bottom + 16)
    yield line(_LEFT, bottom, width - _RIGHT, bottom, opacity=0.6)


def _titles(found: Sequence[Curve], width: int, height: int) -> Iterator[str]:
    names = list(dict.fromkeys(one.metric for one in found))
    ways = {one.direction for one in found}
    better = {1: ", greater is better", -1: ", less is better"}.get(ways.pop(), "") if len(ways) == 1 else ""
    yield text(cut(", ".join(names), 60) + better, _LEFT, 13, anchor="start", strong=True)
    yield text("step", (width + _LEFT - _RIGHT) / 2, height - 4)


def _line(one: Curve, across: Scale, up: Scale, index: int) -> str:
    words: list[str] = []
    pen_down = False
    for step, value in zip(one.steps, one.values, strict=True):
        if not math.isfinite(value):
            pen_down = False
            continue
        # A point between two gaps is a stroke of no length, whose round ends show.
        words.append(f"{'L' if pen_down else 'M'}{across.at(step):.1f} {up.at(value):.1f}{'' if pen_down else 'h0'}")
        pen_down = True
    return path("".join(words), colour(index), dash(index))


def _band(one: Curve, across: Scale, up: Scale, index: int) -> str:
    shapes, run = [], []
    for step, low, high in [*zip(one.steps, one.lows, one.highs, strict=True), (0, math.nan, math.nan)]:
        if math.isfinite(low) and math.isfinite(high):
            run.append((across.at(step), up.at(low), up.at(high)))
            continue
        if len(run) > 1 and any(low != high for _, low, high in run):
            there = "L".join(f"{x:.1f} {high:.1f}" for x, _, high in run)
            back = "L".join(f"{x:.1f} {low:.1f}" for x, low, _ in reversed(run))
            shapes.append(f"M{there}L{back}Z")
        run = []
    # The edge shows a spike that is thinner than a pixel.
    edge = f'stroke="{colour(index)}" stroke-width="0.8" stroke-opacity="0.8"'
    return f'<path d="{"".join(shapes)}" fill="{colour(index)}" fill-opacity="0.22" {edge}/>' if shapes else ""


def curve_sentence(curve: Curve, name: str = "") -> str:
    """What a curve shows, as a sentence.

    Args:
        curve: The curve.
        name: The run's, when the sentence stands among those of others.
    """
    subject = f"{name}: {curve.metric}" if name else curve.metric
    known = [i for i, value in enumerate(curve.values) if math.isfinite(value)]
    if not curve.steps:
        return f"{subject} has no points from step {curve.first:,} to step {curve.last:,}."
    if not known:
        return f"{subject} is never a finite number from step {curve.steps[0]:,} to step {curve.steps[-1]:,}."
    first, last = known[0], known[-1]
    begun, ended = curve.values[first], curve.values[last]
    if first == last:
        said = f"{subject} is {number(ended)} at step {curve.steps[last]:,}"
    else:
        verb = "rose" if ended > begun else "fell" if ended < begun else "went"
        said = (
            f"{subject} {verb} from {number(begun)} at step {curve.steps[first]:,} "
            f"to {number(ended)} at step {curve.steps[last]:,}"
        )
    gaps = len(curve.values) - len(known)
    missing = f"; not a finite number at {gaps:,} of {len(curve.values):,} places" if gaps else ""
    return f"{said}{_extremes(curve)}{missing}."


def _extremes(curve: Curve) -> str:
    lows = [(value, i) for i, value in enumerate(curve.lows) if math.isfinite(value)]
    highs = [(-value, i) for i, value in enumerate(curve.highs) if math.isfinite(value)]
    if not lows or len(curve.steps) < 2:
        return ""
    (low, least), (high, greatest) = min(lows), min(highs)
    return f"; least {number(low)} at {_where(curve, least)}; greatest {number(-high)} at {_where(curve, greatest)}"


def _where(curve: Curve, i: int) -> str:
    """The step of an entry, or the steps that its bucket may hold."""
    begin = curve.steps[i - 1] + 1 if i else curve.first
    one = not curve.reduced or curve.lows[i] == curve.highs[i] or begin >= curve.steps[i]
    return f"step {curve.steps[i]:,}" if one else f"steps {begin:,} to {curve.steps[i]:,}"


def thinned(curve: Curve, most: int = 50) -> list[tuple[int, float, float, float]]:
    """At most so many (step, value, least, greatest): neighbours joined, the last value of each group kept."""
    size = max(1, math.ceil(len(curve.steps) / most))
    rows = []
    for start in range(0, len(curve.steps), size):
        among = slice(start, start + size)
        lows = [value for value in curve.lows[among] if not math.isnan(value)] or [math.nan]
        highs = [value for value in curve.highs[among] if not math.isnan(value)] or [math.nan]
        rows.append((curve.steps[among][-1], curve.values[among][-1], min(lows), max(highs)))
    return rows
