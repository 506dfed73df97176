"""Which inputs go together, so that dealing out one of them leaves the model what the other says."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.evaluating.predictions import Values

# A convention, as 0.7 is for a correlation that is called strong.
STRONG = 0.7
MOST = 200
_MOST_VALUES = 50
_BINS = 10
_FEWEST = 30


class Pair(NamedTuple):
    """Two columns, by their places, and how strongly they go together, 0 to 1."""

    first: int
    second: int
    strength: float
    measure: str


def strong_pairs(table: pd.DataFrame) -> tuple[list[Pair], list[int]]:
    """Columns that go together, the strongest pair first, and columns of which that can't be said.

    Numbers and times by Spearman's correlation without its sign; texts and categories among each other, and with
    numbers cut at their deciles, by Cramér's V without its bias (Bergsma 2013).

    Args:
        table: Rows, `[n]`; of fewer than 30 nothing is said, nor beyond 200 columns.
    """
    places = list(range(min(table.shape[1], MOST)))
    uncompared = list(range(MOST, table.shape[1]))
    if len(table) < _FEWEST:
        return [], []
    numbers = {place: found for place in places if (found := _number(table.iloc[:, place])) is not None}
    codes = {
        place: table.iloc[:, place].astype("category").cat.codes.to_numpy() for place in places if place not in numbers
    }
    many = [place for place, found in codes.items() if found.max(initial=0) >= _MOST_VALUES]
    uncompared = sorted([*uncompared, *many])
    codes = {place: found for place, found in codes.items() if place not in many}
    pairs = [*_of_numbers(numbers), *_of_codes(codes, numbers)]
    return sorted((one for one in pairs if one.strength >= STRONG), key=lambda one: -one.strength), uncompared


def clusters(pairs: list[Pair]) -> list[list[int]]:
    """Columns that hang together by pairs, each column in one cluster."""
    found: list[set[int]] = []
    for pair in pairs:
        joined = {pair.first, pair.second}
        apart = []
        for one in found:
            if one & joined:
                joined |= one
            else:
                apart.append(one)
        found = [*apart, joined]
    return sorted(sorted(one) for one in found)


def _number(column: pd.Series[float]) -> Values | None:
    """A column of numbers, times or booleans as ranks with NaN where there is none; None for any other."""
    from pandas.api import types

    kind = column.dtype
    if types.is_bool_dtype(kind) or (types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind)):
        return column.astype("float64").rank().to_numpy()
    if types.is_datetime64_any_dtype(kind) or types.is_timedelta64_dtype(kind):
        return column.rank().to_numpy()
    return None


def _of_numbers(ranks: dict[int, Values]) -> list[Pair]:
    import pandas as pd

    if len(ranks) < 2:
        return []
    found = pd.DataFrame(ranks).corr(min_periods=_FEWEST).abs().to_numpy()
    places = list(ranks)
    every = combinations(range(len(places)), 2)
    return [Pair(places[i], places[j], float(found[i, j]), "Spearman") for i, j in every if found[i, j] == found[i, j]]


def _of_codes(codes: dict[int, Values], ranks: dict[int, Values]) -> list[Pair]:
    cut = {place: _bins(found) for place, found in ranks.items()} if codes else {}
    every = [*combinations(codes, 2), *((place, other) for place in codes for other in cut)]
    both = codes | cut
    return [Pair(min(i, j), max(i, j), _cramer(both[i], both[j]), "Cramér's V") for i, j in every]


def _bins(ranks: Values) -> Values:
    """Tenths of the ranks; a missing value is one more."""
    share = np.nan_to_num(ranks, nan=0.0) / max(1.0, float(np.nanmax(ranks, initial=1.0)))
    return np.where(np.isnan(ranks), -1, np.minimum((share * _BINS).astype(int), _BINS - 1))


def _cramer(first: Values, second: Values) -> float:
    rows, columns = np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]
    height, width = rows.max() + 1, columns.max() + 1
    if min(height, width) < 2:
        return 0.0
    n = len(first)
    seen = np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / n
    phi = float(((seen - expected) ** 2 / expected).sum()) / n
    free = (height - 1) * (width - 1) / (n - 1)
    tall, wide = height - (height - 1) ** 2 / (n - 1), width - (width - 1) ** 2 / (n - 1)
    return float(min(1.0, np.sqrt(max(0.0, phi - free) / (min(tall, wide) - 1))))
