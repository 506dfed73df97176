"""Scales from values to places in a picture, and the numbers that stand at them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_TOO_BIG, _TOO_SMALL = 1e7, 1e-5
# Below this the parts of a span would be too small for a double.
_NOTHING = 1e-290
# What is labelled at most on a logarithmic axis.
_MOST_DECADES = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` at places from `start` to `stop`; `log`: by their logarithm."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value."""
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        # Halves: the difference of two doubles can be more than a double holds.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + share * (self.stop - self.start)

    def ticks(self, count: int, *, whole: bool = False) -> list[tuple[float, str]]:
        """Round values inside, with their labels: about `count` of them. `whole`: whole numbers only."""
        if self.log:
            return _decades(self.low, self.high)
        size = _step(self.low, self.high, count, whole)
        # What is a hair outside by rounding alone is inside.
        first = math.ceil(self.low / size - 1e-9)
        found = []
        for i in range(first, first + 3 * count):
            if not i * size <= self.high + size * 1e-9 or math.isinf(i * size):
                break
            found.append(i * size)
        return [(value, label(value, size, max(abs(self.low), abs(self.high)))) for value in found]


def spanning(values: Iterable[float], start: float, stop: float, *, log: bool = False) -> Scale:
    """The scale of finite values; some width around them when they are all the same, or there are none."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    size = max(abs(low), abs(high))
    if high / 2 - low / 2 <= max(size * 1e-12, _NOTHING):
        room = size * 0.1 if size > _NOTHING * 1e10 else 0.5
        low, high = max(low - room, -sys.float_info.max), min(high + room, sys.float_info.max)
    return Scale(low, high, start, stop, log and low > 0)


def spans_decades(values: Iterable[float]) -> bool:
    """Whether the values are positive and more than two decades apart: then a logarithmic axis tells more."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) > 100


def _step(low: float, high: float, count: int, whole: bool) -> float:
    rough = (high / 2 - low / 2) / count * 2
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return max(1.0, size) if whole else size


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / _MOST_DECADES))
    return [(10.0**power, f"{10.0**power:g}") for power in range(first, last + 1, every)]


def label(value: float, step: float, largest: float) -> str:
    """A number at an axis: as many digits as tell it from its neighbours, a step away."""
    if value == 0:
        return "0"
    if largest >= _TOO_BIG or step < _TOO_SMALL:
        digits = max(1, math.ceil(math.log10(largest / step)) + 1)
        return f"{value:.{min(digits, 17)}g}"
    return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
