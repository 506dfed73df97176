"""The series of a metric, reduced before it leaves the database: buckets for a chart, a few samples for a list."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Curve
from mlops_nb.runs.numbers import FINITE, whole
from mlops_nb.runs.numbers import from_stored as number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlops_nb.runs.query.reader import Reader

FEWEST, MOST = 2, 5_000
_BATCH = 500
_METRIC = """
SELECT m.run, m.key, m.direction FROM run r CROSS JOIN metric m CROSS JOIN key k
WHERE r.ulid = ? AND m.run = r.id AND k.id = m.key AND k.name = ?
"""
_NAMES = """
SELECT k.name FROM run r CROSS JOIN metric m CROSS JOIN key k WHERE r.ulid = ? AND m.run = r.id AND k.id = m.key
"""
_SPAN = """
SELECT (SELECT p.step FROM point p WHERE p.run = ? AND p.key = ? ORDER BY p.step LIMIT 1),
  (SELECT p.step FROM point p WHERE p.run = ? AND p.key = ? ORDER BY p.step DESC LIMIT 1)
"""
_SERIES = "FROM point p WHERE p.run = ? AND p.key = ? AND p.step BETWEEN ? AND ?"
_POINTS = f"SELECT p.step, p.value, p.kind {_SERIES} ORDER BY p.step, p.seq LIMIT ?"
# One short range scan a bucket: grouping by an expression would sort the whole series first.
_BUCKET = f"SELECT count(*), min(p.value), max(p.value) {_SERIES}"
_LAST = f"SELECT p.step, p.value, p.kind {_SERIES} ORDER BY p.step DESC, p.seq DESC LIMIT 1"


class _Entry(NamedTuple):
    """One bucket: its last step and value, least and greatest; and how many points it stands for."""

    step: int
    value: float
    low: float
    high: float
    points: int


def read_curve(
    reader: Reader, ulid: str, metric: str, first: int | None = None, last: int | None = None, points: int = 400
) -> Curve:
    """The series of a metric between two steps, at most `points` entries.

    Raises:
        NotFound: The run has no such metric; says the nearest that it has.
        InvalidInput: `first` is greater than `last`, or `points` is not 2 to 5,000.
    """
    most = whole(points, "points")
    if not FEWEST <= most <= MOST:
        raise InvalidInput(f"points is {most:,}", expected=f"{FEWEST} to {MOST:,}", fix="points=400")
    rows = reader.query(_METRIC, (ulid, metric))
    if not rows:
        known = [name for (name,) in reader.query(_NAMES, (ulid,))]
        raise NotFound(
            f"run {ulid[:10]} has no metric {brief(metric)}", nearest=nearest(metric, known), fix=f"%show {ulid[:10]}"
        )
    run, key, way = rows[0]
    begin, end = reader.query(_SPAN, (run, key, run, key))[0]
    low = (0 if begin is None else begin) if first is None else whole(first, "first")
    high = (low if end is None else max(end, low)) if last is None else whole(last, "last")
    if first is None:
        low = min(low, high)
    if low > high:
        raise InvalidInput(f"first is {low:,} and last is {high:,}", expected="first at or before last")
    entries = _entries(reader, (run, key), low, high, most)
    return Curve(
        run=ulid,
        metric=metric,
        total=sum(entry.points for entry in entries),
        first=low,
        last=high,
        steps=tuple(entry.step for entry in entries),
        values=tuple(entry.value for entry in entries),
        lows=tuple(entry.low for entry in entries),
        highs=tuple(entry.high for entry in entries),
        direction=way or direction(metric),
    )


def _entries(reader: Reader, series: tuple[int, int], low: int, high: int, most: int) -> list[_Entry]:
    rows = reader.query(_POINTS, (*series, low, high, most + 1))
    if len(rows) <= most:
        return [_Entry(step, *(number(value, kind),) * 3, 1) for step, value, kind in rows]
    found = []
    span = high - low + 1
    edges = [low + span * i // most for i in range(most + 1)]
    for start, stop in pairwise(edges):
        within = (*series, start, stop - 1)
        if start == stop:
            continue
        count, least, greatest = reader.query(_BUCKET, within)[0]
        if count:
            step, value, kind = reader.query(_LAST, within)[0]
            found.append(_Entry(step, number(value, kind), number(least, FINITE), number(greatest, FINITE), count))
    return found


_LISTED = """
SELECT r.ulid, k.name, m.run, m.key, m.points FROM run r CROSS JOIN key k CROSS JOIN metric m
WHERE r.ulid IN ({runs}) AND k.name IN ({keys}) AND m.run = r.id AND m.key = k.id AND m.points > 2
"""
_WHOLE = """
SELECT p.run, p.key, p.value FROM metric m CROSS JOIN point p
WHERE m.run IN ({runs}) AND m.key IN ({keys}) AND m.points BETWEEN 3 AND ? AND p.run = m.run AND p.key = m.key
ORDER BY p.run, p.key, p.step, p.seq
"""
# The last point at or before each of so many places along the steps; every one is found by seeking in the primary key.
# The place is low + span * i / n, taken apart so that no product exceeds 64 bits.
_SAMPLES = """
WITH s AS MATERIALIZED (
  SELECT m.run, m.key,
    (SELECT p.step FROM point p WHERE p.run = m.run AND p.key = m.key ORDER BY p.step LIMIT 1) AS low,
    (SELECT p.step FROM point p WHERE p.run = m.run AND p.key = m.key ORDER BY p.step DESC LIMIT 1) AS high
  FROM metric m WHERE m.run IN ({runs}) AND m.key IN ({keys}) AND m.points > ?
)
SELECT s.run, s.key, (
  SELECT p.value FROM point p WHERE p.run = s.run AND p.key = s.key
    AND p.step <= s.low + (s.high - s.low) / ? * n.i + (s.high - s.low) % ? * n.i / ?
  ORDER BY p.step DESC, p.seq DESC LIMIT 1)
FROM s CROSS JOIN ({places}) n ORDER BY s.run, s.key, n.i
"""
Series = tuple[float, ...]


def sparks(
    reader: Reader, ulids: Sequence[str], names: Sequence[str], length: int = 24
) -> Mapping[tuple[str, str], Series]:
    """A few values along the steps of each series: what a sparkline needs, for a whole list at once.

    Args:
        reader: The store.
        ulids: The runs.
        names: The metrics.
        length: At most so many values a series, 2 or more. A series of no more points is given whole; of a longer
            one the last value at or before each of `length` places, equally far apart along the steps, the first and
            last among them. NaN stays NaN.

    Returns:
        By run and metric; nothing for a metric with fewer than three points.
    """
    found: dict[tuple[str, str], Series] = {}
    for i in range(0, len(ulids), _BATCH):
        for j in range(0, len(names), _BATCH):
            found |= _sparks(reader, ulids[i : i + _BATCH], names[j : j + _BATCH], max(2, length))
    return found


def _sparks(reader: Reader, ulids: Sequence[str], names: Sequence[str], length: int) -> dict[tuple[str, str], Series]:
    listed = reader.query(_LISTED.format(runs=_places(ulids), keys=_places(names)), (*ulids, *names))
    if not listed:
        return {}
    runs, keys = sorted({row[2] for row in listed}), sorted({row[3] for row in listed})
    among = {"runs": _places(runs), "keys": _places(keys)}
    series: dict[tuple[int, int], list[float]] = defaultdict(list)
    rows = list(reader.query(_WHOLE.format(**among), (*runs, *keys, length)))
    if any(row[4] > length for row in listed):
        numbered = " UNION ALL ".join(f"SELECT {i} AS i" for i in range(length))
        steps = length - 1
        sql = _SAMPLES.format(**among, places=numbered)
        rows += reader.query(sql, (*runs, *keys, length, steps, steps, steps))
    for run, key, value in rows:
        series[run, key].append(math.nan if value is None else value)
    return {(ulid, name): tuple(series[run, key]) for ulid, name, run, key, _ in listed}


def _places(values: Sequence[object]) -> str:
    # The one of `query` would load all of the search with every tracked cell's card.
    return ", ".join("?" * len(values))
