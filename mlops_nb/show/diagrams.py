"""Pictures of an evaluation: whether probabilities hold, and intervals beside each other. Each has its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlops_nb.show.axes import Scale, spanning
from mlops_nb.show.palette import colour
from mlops_nb.show.svg import line, path, picture, text
from mlops_nb.show.words import cut, number

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.calibrating import Calibration

_ROW = 24


class Ranged(NamedTuple):
    """A value with its interval; without one where `low` is None, without a value where `value` is."""

    name: str
    value: float | None
    low: float | None
    high: float | None


def calibration_sentence(found: Calibration) -> str:
    """What the picture shows, in words."""
    worst = max(found.bins, key=lambda one: abs(one.observed - one.predicted), default=None)
    what = f"Probabilities of {found.what}" if found.what else "Probabilities of the likeliest label"
    said = f"{what} are off by {number(found.error)} on average, over {found.n:,} rows"
    if worst is None:
        return f"{said}."
    off = f"{worst.predicted:.0%} was said and {worst.observed:.0%} came so ({worst.n:,} rows)"
    return f"{said}; most where {off}."


def calibration(found: Calibration, size: int = 300) -> str:
    """Said against observed, with intervals; on the diagonal what is said is what comes."""
    across, up = Scale(0, 1, 44, size - 12), Scale(0, 1, size - 38, 12)
    parts = [line(across.at(0), up.at(0), across.at(1), up.at(1), opacity=0.4)]
    for value, word in Scale(0, 1, 0, 1).ticks(4):
        parts.append(line(across.at(0), up.at(value), across.at(1), up.at(value), opacity=0.12))
        parts.append(text(word, across.at(0) - 6, up.at(value) + 4, anchor="end"))
        parts.append(text(word, across.at(value), up.at(0) + 15))
    parts.append(text("probability that was said", (across.at(0) + across.at(1)) / 2, size - 6))
    steps = "".join(
        f"{'L' if i else 'M'}{across.at(one.predicted):.1f} {up.at(one.observed):.1f}"
        for i, one in enumerate(found.bins)
    )
    parts.append(path(steps, colour(0), ()))
    for one in found.bins:
        x = across.at(one.predicted)
        parts.append(path(f"M{x:.1f} {up.at(one.observed_low):.1f}V{up.at(one.observed_high):.1f}", colour(0), ()))
        parts.append(f'<circle cx="{x:.1f}" cy="{up.at(one.observed):.1f}" r="3.4" fill="{colour(0)}"/>')
    return picture("".join(parts), size, size, calibration_sentence(found))


def intervals(
    rows: Sequence[Ranged], label: str, *, mark: float | None = None, marked: str = "", width: int = 560
) -> str:
    """Values with their intervals under each other on one scale.

    Args:
        rows: At most some tens.
        label: What it shows, in a sentence.
        mark: A value that all are held against, a dashed line.
        marked: What that is.
        width: In pixels.
    """
    left = 12 + 7 * max((len(cut(one.name, 26)) for one in rows), default=0)
    every = [v for one in rows for v in (one.value, one.low, one.high) if v is not None]
    across = spanning([*every, mark] if mark is not None else every, left + 8, width - 70)
    bottom = 22 + _ROW * len(rows)
    parts = [line(left, bottom, width - 62, bottom, opacity=0.5)]
    for value, word in across.ticks(4):
        parts.append(line(across.at(value), 18, across.at(value), bottom + 4, opacity=0.14))
        parts.append(text(word, across.at(value), bottom + 17))
    if mark is not None:
        x = across.at(mark)
        parts.append(path(f"M{x:.1f} 14V{bottom}", "currentColor", (4, 4), width=1.2))
        parts.append(text(marked, x, 10))
    for i, one in enumerate(rows):
        y = 22 + _ROW * i + _ROW / 2
        parts.append(text(cut(one.name, 26), left, y + 4, anchor="end", whole=one.name))
        if one.low is not None and one.high is not None:
            parts.append(path(f"M{across.at(one.low):.1f} {y:.1f}H{across.at(one.high):.1f}", colour(0), ()))
        if one.value is not None:
            at, ink = f'cx="{across.at(one.value):.1f}" cy="{y:.1f}"', f'fill="{colour(0)}" stroke="{colour(0)}"'
            hollow = 'fill-opacity="0"' if one.low is None else ""
            parts.append(f'<circle {at} r="4" {ink} {hollow}/>')
            parts.append(text(number(one.value), width - 56, y + 4, anchor="start"))
    return picture("".join(parts), width, bottom + 24, label)
