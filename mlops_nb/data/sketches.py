"""Summaries of fixed size that merge and state their error: quantiles, distinct and frequent values."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Values = np.ndarray[Any, np.dtype[Any]]
TOP = 32
BOTTOM = 512
LEVEL_SIZE = 256


def pack(values: Sequence[Any], dtype: str) -> str:
    """Numbers as base64 of their little-endian bytes."""
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


def unpack(text: str, dtype: str) -> Values:
    """The numbers that `pack` wrote."""
    return np.frombuffer(base64.b64decode(text), dtype)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Ranks of values: levels of sorted samples, where one sample of level h stands for 2**h values.

    A level that grows too long is halved: every second sample moves up (the compactor of Manku, Rajagopalan
    and Lindsay 1998 as in KLL, Karnin, Lang and Liberty 2016). Halving level h moves any rank by at most
    2**h, and `error` adds these up: a hard bound, not only a likely one, whatever was merged in which order.

    Attributes:
        levels: Samples by level, each sorted.
        count: How many values are summarised.
        error: The most by which a rank may be wrong.
    """

    levels: tuple[tuple[float, ...], ...] = ()
    count: int = 0
    error: int = 0

    @classmethod
    def of_sorted(cls, values: Values) -> Quantiles:
        """The summary of sorted values without NaN."""
        return _compacted([values.astype("f8")], len(values), 0)

    def merge(self, other: Quantiles) -> Quantiles:
        """The summary of both."""
        height = max(len(self.levels), len(other.levels))
        levels = [np.sort(np.array([*_level(self, h), *_level(other, h)], "f8"), kind="stable") for h in range(height)]
        return _compacted(levels, self.count + other.count, self.error + other.error)

    @property
    def rank_error(self) -> float:
        """The most by which `rank` may be wrong, as a share of all values."""
        return self.error / self.count if self.count else 0.0

    def quantile(self, share: float) -> float | None:
        """A value at this share of the order, None when there is no value.

        The share of values that are smaller or equal differs from `share` by at most `rank_error` and one
        value.
        """
        if not self.count:
            return None
        samples, weights = self._weighted()
        ranks = np.cumsum(weights)
        at = int(np.searchsorted(ranks, share * ranks[-1], side="left"))
        return float(samples[min(at, len(samples) - 1)])

    def rank(self, value: float) -> float:
        """The share of values that are smaller than or equal to `value`."""
        samples, weights = self._weighted()
        return float(weights[samples <= value].sum() / self.count) if self.count else 0.0

    def _weighted(self) -> tuple[Values, Values]:
        samples = np.concatenate([np.array(level, "f8") for level in self.levels])
        weights = np.repeat(2.0 ** np.arange(len(self.levels)), [len(level) for level in self.levels])
        order = np.argsort(samples, kind="stable")
        return samples[order], weights[order]

    def to_record(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "levels": [pack(level, "<f8") for level in self.levels],
            "count": self.count,
            "error": self.error,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Quantiles:
        """What `to_record` wrote."""
        levels = tuple(tuple(unpack(level, "<f8").tolist()) for level in record["levels"])
        return cls(levels, record["count"], record["error"])


def _level(summary: Quantiles, h: int) -> tuple[float, ...]:
    return summary.levels[h] if h < len(summary.levels) else ()


def _compacted(levels: list[Values], count: int, error: int) -> Quantiles:
    h = 0
    while h < len(levels):
        # Lower levels hold little weight: two thirds of the room of the next, but never fewer than 16
        # samples.
        room = max(16, int(LEVEL_SIZE * (2 / 3) ** (len(levels) - 1 - h)))
        if len(levels[h]) > 2 * room:
            if h + 1 == len(levels):
                levels.append(np.empty(0))
            kept, moved = _halved(levels[h], odd=(count >> h) & 1)
            levels[h], levels[h + 1] = kept, np.sort(np.concatenate([levels[h + 1], moved]), kind="stable")
            error += 1 << h
        h += 1
    return Quantiles(tuple(tuple(level.tolist()) for level in levels), count, error)


def _halved(level: Values, odd: int) -> tuple[Values, Values]:
    """The sample that stays when their number is odd (the middle one), and every second of the others."""
    if len(level) % 2 == 0:
        return np.empty(0), level[odd::2]
    middle = len(level) // 2
    return level[middle : middle + 1], np.delete(level, middle)[odd::2]


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values there are, from the smallest of their 64-bit hashes (KMV, Bar-Yossef et al.
    2002).

    Attributes:
        count: The number, exact or estimated (standard error 1 / sqrt(510), 4.4 %).
        exact: Whether it is exact.
        hashes: The smallest hashes, at most 512, sorted; two such samples also tell how much two columns
            share.
    """

    count: int = 0
    exact: bool = True
    hashes: tuple[int, ...] = ()

    @classmethod
    def of_hashes(cls, hashes: Values) -> Distinct:
        """The summary of hashes of which none comes twice."""
        small = np.partition(hashes, BOTTOM - 1)[:BOTTOM] if len(hashes) > BOTTOM else hashes
        return cls(len(hashes), True, tuple(np.sort(small).tolist()))

    def merge(self, other: Distinct) -> Distinct:
        """The summary of both."""
        union = sorted({*self.hashes, *other.hashes})
        full = len(self.hashes) >= BOTTOM or len(other.hashes) >= BOTTOM or len(union) > BOTTOM
        if not full:
            return Distinct(len(union), True, tuple(union))
        kept = union[:BOTTOM]
        estimate = round((BOTTOM - 1) / ((kept[-1] + 1) / 2.0**64))
        known = [side.count for side in (self, other) if side.exact]
        return Distinct(max([estimate, *known]), False, tuple(kept))

    def to_record(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {"count": self.count, "exact": self.exact, "hashes": pack(self.hashes, "<u8")}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Distinct:
        """What `to_record` wrote."""
        return cls(record["count"], record["exact"], tuple(unpack(record["hashes"], "<u8").tolist()))


@dataclass(frozen=True, slots=True)
class Item:
    """A frequent value: its text (cut to 100 characters), the hash of the whole value, how often it comes."""

    text: str
    hash: int
    count: int


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent values with hard bounds (in the manner of Misra and Gries 1982).

    Attributes:
        items: At most 32, the most frequent first.
        undercount: The most that may be missing from the count of a listed value; 0 until something is
            merged.
        unlisted: The most often that a value which is not listed can come.
    """

    items: tuple[Item, ...] = ()
    undercount: int = 0
    unlisted: int = 0

    def merge(self, other: Frequent) -> Frequent:
        """The most frequent values of both."""
        mine, theirs = {i.hash: i for i in self.items}, {i.hash: i for i in other.items}
        together = [
            Item((mine.get(h) or theirs[h]).text, h, sum(side[h].count for side in (mine, theirs) if h in side))
            for h in {**mine, **theirs}
        ]
        together.sort(key=lambda item: (-item.count, item.hash))
        one_sided = [other.unlisted for h in mine if h not in theirs] + [self.unlisted for h in theirs if h not in mine]
        undercount = self.undercount + other.undercount
        if one_sided:
            undercount = max(undercount, self.undercount + other.unlisted, other.undercount + self.unlisted)
        unlisted = self.unlisted + other.unlisted
        if len(together) > TOP:
            unlisted = max(unlisted, together[TOP].count + undercount)
        return Frequent(tuple(together[:TOP]), undercount, unlisted)

    def to_record(self) -> dict[str, Any]:
        """As JSON-able values."""
        items = [[item.text, f"{item.hash:016x}", item.count] for item in self.items]
        return {"items": items, "undercount": self.undercount, "unlisted": self.unlisted}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Frequent:
        """What `to_record` wrote."""
        items = tuple(Item(text, int(made, 16), count) for text, made, count in record["items"])
        return cls(items, record["undercount"], record["unlisted"])


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between fixed edges, for a comparison of two profiles over the same bins.

    Attributes:
        edges: Increasing, finite; a value belongs to the first edge it does not exceed.
        counts: One more than edges; the last counts what exceeds them all.
        exact: False when counts come from merged profiles with other edges, so that ranks were estimated.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    exact: bool = True

    @classmethod
    def of_sorted(cls, values: Values, edges: Sequence[float]) -> Histogram:
        """The histogram of sorted numbers."""
        ends = np.searchsorted(values, np.asarray(edges, "f8"), side="right")
        counts = np.diff(np.concatenate([[0], ends, [len(values)]]))
        return cls(tuple(float(edge) for edge in edges), tuple(counts.tolist()))

    @classmethod
    def estimated(cls, summary: Quantiles, edges: Sequence[float]) -> Histogram:
        """The histogram over other edges, as far as the ranks of a summary tell."""
        ends = [round(summary.rank(edge) * summary.count) for edge in edges]
        counts = np.diff(np.array([0, *ends, summary.count]))
        return cls(tuple(edges), tuple(counts.tolist()), exact=False)

    def merge(self, other: Histogram) -> Histogram:
        """The sum of two histograms with the same edges."""
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Histogram(self.edges, counts, self.exact and other.exact)

    def to_record(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {"edges": list(self.edges), "counts": list(self.counts), "exact": self.exact}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Histogram:
        """What `to_record` wrote."""
        return cls(tuple(record["edges"]), tuple(record["counts"]), record["exact"])
