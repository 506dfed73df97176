"""Parallel coordinates of the runs of a comparison: what differs, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Comparison, Scalar
from mlops_nb.show.axes import Scale, spanning, spans_decades
from mlops_nb.show.palette import colour, dash
from mlops_nb.show.svg import legend, line, path, picture, text
from mlops_nb.show.words import cut, number
from mlops_nb.store.ids import told_apart

_MOST_AXES, _MOST_METRICS, _MOST_TEXTS = 12, 4, 12
_TOP, _BOTTOM, _SIDE, _NOWHERE = 58, 52, 60, 24


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis: what each run has there (None: nothing), and where."""

    name: str
    kind: str
    values: tuple[Scalar, ...]
    scale: Scale | None
    texts: tuple[str, ...]
    better: int

    def place(self, i: int, bottom: float) -> float | None:
        """How high the run's line crosses; None where the value is no number."""
        value = self.values[i]
        if value is None:
            return bottom + _NOWHERE
        if self.scale is None:
            return _text_place(self.texts.index(str(value)), len(self.texts), bottom)
        there = float(value)
        return self.scale.at(there) if math.isfinite(there) else None

    def ends(self) -> tuple[str, str]:
        """What stands at the lower and the upper end."""
        if self.scale is None:
            return "", ""
        known = _finite(self.values)
        low, high = (number(min(known)), number(max(known))) if known else ("", "")
        return (high, low) if self.better < 0 else (low, high)


def _text_place(i: int, count: int, bottom: float) -> float:
    return bottom - (bottom - _TOP) * ((i + 0.5) / count)


def _finite(values: Sequence[Scalar]) -> list[float]:
    return [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]


def _axes(found: Comparison, bottom: float) -> list[_Axis]:
    metrics = [axis for name in _shared(found)[:_MOST_METRICS] if (axis := _metric(found, name, bottom))]
    params: list[_Axis] = []
    for row in found.differences:
        axis = _param(row.name, row.values, bottom) if row.kind == "param" else None
        if axis is not None and len(params) + len(metrics) < _MOST_AXES:
            params.append(axis)
    return params + metrics


def _shared(found: Comparison) -> list[str]:
    """The metrics that all runs have: the headline, then those of which it is known what is better."""
    names = [name for name in found.runs[0].metrics if all(name in run.metrics for run in found.runs)]
    return sorted(names, key=lambda name: (name != found.headline, not direction(name), name))


def _metric(found: Comparison, name: str, bottom: float) -> _Axis | None:
    values = tuple(run.metrics[name] for run in found.runs)
    known = _finite(values)
    if not known:
        return None
    way = direction(name)
    ends = (_TOP, bottom) if way < 0 else (bottom, _TOP)
    return _Axis(name, "metric", values, spanning(known, *ends, log=spans_decades(known)), (), way)


def _param(name: str, values: tuple[Scalar, ...], bottom: float) -> _Axis | None:
    given = [value for value in values if value is not None]
    if given and all(isinstance(v, int | float) and not isinstance(v, bool) for v in given) and _finite(given):
        known = _finite(given)
        return _Axis(name, "param", values, spanning(known, bottom, _TOP, log=spans_decades(known)), (), 0)
    texts = tuple(sorted({str(value) for value in given}))
    return _Axis(name, "param", values, None, texts, 0) if 0 < len(texts) <= _MOST_TEXTS else None


def parallel(found: Comparison, width: int = 0, height: int = 330) -> str:
    """The runs as lines over one axis per param that differs and per metric that all have; the best stands out.

    Numbers that are positive and more than two decades apart stand by their logarithm. Metrics of which it is known
    what is better are turned so that better is up. A run without a param crosses below its axis.

    Args:
        found: The comparison.
        width: In pixels; by default as the axes need.
        height: In pixels, without the legend.

    Returns:
        The picture; empty when there are fewer than two axes.
    """
    bottom = height - _BOTTOM
    axes = _axes(found, bottom)
    if len(axes) < 2:
        return ""
    wide = width or max(720, 2 * _SIDE + 124 * (len(axes) - 1))
    gap = (wide - 2 * _SIDE) / (len(axes) - 1)
    across = [_SIDE + gap * i for i in range(len(axes))]
    best = next((i for i, run in enumerate(found.runs) if run.id == found.best), -1)
    names = told_apart([run.id for run in found.runs])
    parts = [piece for axis, x in zip(axes, across, strict=True) for piece in _axis(axis, x, bottom, gap)]
    # The best is drawn last, over the others.
    for i in sorted(range(len(found.runs)), key=lambda i: i == best):
        said = f"{names[found.runs[i].id]}: " + ", ".join(f"{a.name} {_said(a.values[i])}" for a in axes)
        steps = _steps([axis.place(i, bottom) for axis in axes], across)
        parts.append(path(steps, colour(i), dash(i), width=3.6 if i == best else 1.6, title=said))
    below, more = legend([names[run.id] for run in found.runs], wide, height, best)
    return picture("".join(parts) + below, wide, height + more, parallel_sentence(found))


def _steps(places: Sequence[float | None], across: Sequence[float]) -> str:
    words, pen_down = [], False
    for x, y in zip(across, places, strict=True):
        if y is not None:
            words.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}{'' if pen_down else 'h0'}")
        pen_down = y is not None
    return "".join(words)


def _axis(axis: _Axis, x: float, bottom: float, gap: float) -> Iterator[str]:
    yield line(x, _TOP, x, bottom, opacity=0.5)
    room = max(6, int(gap / 6.5))
    yield text(cut(axis.name, room), x, 16, strong=True, whole=axis.name)
    notes = [axis.kind, *(["log"] if axis.scale is not None and axis.scale.log else [])]
    up = {1: "more is better: top", -1: "less is better: top"}
    yield text(up.get(axis.better, ", ".join(notes)), x, 30)
    lower, upper = axis.ends()
    yield text(lower, x, bottom + 13)
    if upper != lower:
        yield text(upper, x, _TOP - 7)
    for i, words in enumerate(axis.texts):
        y = _text_place(i, len(axis.texts), bottom)
        yield line(x - 3, y, x + 3, y, opacity=0.5)
        yield text(cut(words, room), x + 6, y - 5, anchor="start", whole=words)
    if None in axis.values:
        yield text("none", x, bottom + _NOWHERE + 14)


def _said(value: Scalar) -> str:
    return "none" if value is None else cut(number(value), 40)


def parallel_sentence(found: Comparison) -> str:
    """What the picture shows, as a sentence or two."""
    axes = _axes(found, 100)
    params = [axis for axis in axes if axis.kind == "param"]
    metrics = [axis for axis in axes if axis.kind == "metric"]
    names = told_apart([run.id for run in found.runs])
    over = f" over {_listed([axis.name for axis in axes])}" if axes else ""
    said = [f"{len(found.runs)} runs{over}."]
    best = next((i for i, run in enumerate(found.runs) if run.id == found.best), -1)
    if best >= 0:
        chosen = ", ".join(f"{axis.name} {_said(axis.values[best])}" for axis in params)
        value = number(found.runs[best].metrics[found.headline])
        with_them = f" with {chosen}" if chosen else ""
        said.append(f"{names[found.best]} is best in {found.headline} ({value}){with_them}.")
    for axis in metrics:
        known = _finite(axis.values)
        if min(known) != max(known):
            said.append(f"{axis.name} lies between {number(min(known))} and {number(max(known))}.")
    return " ".join(said)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
