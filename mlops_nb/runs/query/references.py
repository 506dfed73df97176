"""References to a run: its ULID or the beginning of it, `last`, `best:METRIC`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.runs.directions import direction
from mlops_nb.runs.query.compile import VISIBLE
from mlops_nb.runs.query.keys import keys
from mlops_nb.runs.query.sql import ALWAYS, Piece, joined, starts

if TYPE_CHECKING:
    from mlops_nb.runs.query.reader import Reader

SHORTEST = 4
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{1,26}", re.ASCII)
_LAST = re.compile(r"last(?:~(\d{1,6}))?", re.ASCII)
_KINDS = "a run's id or the first 4 or more characters of it, last, or best:METRIC"
_WAYS = {"max": 1, "min": -1}
_JUDGED_BY = 200


def resolve_run(reader: Reader, ref: str) -> str:
    """The ULID of the run that a reference names.

    - `01K3F9A…` or the first characters of it (4 or more, in any case), of any run, also one in the trash;
    - `last`: the run that began last, whatever its status; `last~1` the one before it, and so on;
    - `best:METRIC[:max|:min][@EXPERIMENT]`: the finished run with the best last value of the metric, the
      earliest of equals, never one whose value is NaN or was computed on training data. Which way is better is
      what the runs recorded with the metric, else what its name says. A key that itself contains `:max` or `@`
      is taken whole if there is such a key.

    Args:
        reader: The store.
        ref: The reference.

    Returns:
        The 26 characters of the ULID.

    Raises:
        InvalidInput: Not a reference, a prefix of several runs, or a metric of unknown direction.
        NotFound: No run fits.
    """
    text = str(ref).strip()
    last = _LAST.fullmatch(text)
    if last is not None:
        return _last(reader, int(last[1] or 0))
    if text.startswith("best:"):
        return _best(reader, text[5:])
    return _prefixed(reader, text)


def _last(reader: Reader, back: int) -> str:
    sql = f"SELECT r.ulid FROM run r WHERE {VISIBLE} ORDER BY r.started_us DESC, r.id DESC LIMIT 1 OFFSET ?"
    rows = reader.query(sql, (*VISIBLE.values, back))
    if not rows and back:
        raise NotFound(f"there are not {back + 1} runs yet", fix="%runs")
    if not rows:
        raise NotFound("there is no run yet", fix="%%track in the first line of a cell")
    return str(rows[0][0])


def _prefixed(reader: Reader, text: str) -> str:
    prefix = text.upper()
    if not _ULID.fullmatch(prefix):
        near = nearest(text, ["last", "best:"])
        raise InvalidInput(f"{brief(text)} is not a reference to a run", expected=_KINDS, nearest=near)
    if len(prefix) < SHORTEST:
        raise InvalidInput(f"{brief(text)} is too short for a run", expected=_KINDS)
    piece = starts("r.ulid", prefix)
    rows = reader.query(f"SELECT r.ulid FROM run r WHERE {piece} ORDER BY r.ulid LIMIT 4", piece.values)
    if not rows:
        raise NotFound(f"no run {brief(text)}", expected=_KINDS, fix="%runs")
    if len(rows) > 1:
        some = ", ".join(row[0] for row in rows[:3]) + (", …" if len(rows) > 3 else "")
        raise InvalidInput(f"{brief(text)} begins several runs: {some}", expected="more of its characters")
    return str(rows[0][0])


@dataclass(frozen=True, slots=True)
class _Wanted:
    metric: str
    way: int
    experiment: str


def _best(reader: Reader, text: str) -> str:
    wanted = _wanted(reader, text)
    key = _metric_id(reader, wanted.metric)
    if key is None:
        raise _unknown(reader, wanted.metric)
    way = wanted.way or _direction(reader, wanted.metric, key)
    where = joined("AND", [VISIBLE, _experiment(reader, wanted.experiment)])
    sql = (
        f"SELECT r.ulid FROM metric m CROSS JOIN run r WHERE m.key = ? AND m.last IS NOT NULL "
        f"AND (m.role IS NULL OR m.role <> 'train') "
        f"AND r.id = m.run AND r.status = 'finished' AND {where} "
        f"ORDER BY m.last {'DESC' if way > 0 else 'ASC'}, r.started_us, r.id LIMIT 1"
    )
    rows = reader.query(sql, (key, *where.values))
    if not rows:
        within = f" in {brief(wanted.experiment)}" if wanted.experiment else ""
        raise NotFound(f"no finished run{within} has a value of {brief(wanted.metric)}", fix="%runs")
    return str(rows[0][0])


def _wanted(reader: Reader, text: str) -> _Wanted:
    """The parts of `METRIC[:max|:min][@EXPERIMENT]`; the longest reading that names a metric wins."""
    readings = [_Wanted(text, 0, "")]
    metric, at, experiment = text.rpartition("@")
    if at and metric:
        readings.append(_Wanted(metric, 0, experiment))
    readings += [
        _Wanted(reading.metric[:-4], _WAYS[reading.metric[-3:]], reading.experiment)
        for reading in tuple(readings)
        if reading.metric[-4:] in (":max", ":min") and len(reading.metric) > 4
    ]
    for reading in readings:
        if _metric_id(reader, reading.metric) is not None:
            return reading
    if not text:
        raise InvalidInput("best: names no metric", expected="best:METRIC", fix="best:auc")
    return readings[-1]


def _metric_id(reader: Reader, metric: str) -> int | None:
    sql = "SELECT k.id FROM key k WHERE k.name = ? AND EXISTS (SELECT 1 FROM metric m WHERE m.key = k.id)"
    rows = reader.query(sql, (metric,))
    return int(rows[0][0]) if rows else None


def _unknown(reader: Reader, metric: str) -> NotFound:
    return NotFound(
        f"no run has the metric {brief(metric)}",
        nearest=nearest(metric, keys(reader, "metrics", limit=10_000)),
        fix="%runs --where 'has(metrics.NAME)'",
    )


def _direction(reader: Reader, metric: str, key: int) -> int:
    # A sample: in 100,000 runs of which none says it, a full look would take longer than the search itself.
    sql = f"SELECT sum(few.direction) FROM (SELECT direction FROM metric WHERE key = ? LIMIT {_JUDGED_BY}) few"
    recorded = reader.query(sql, (key,))[0][0] or 0
    way = (recorded > 0) - (recorded < 0) or direction(metric)
    if not way:
        raise InvalidInput(
            f"whether a greater or a lesser {brief(metric)} is better is not known",
            expected="max or min",
            fix=f"best:{metric}:max or best:{metric}:min",
        )
    return way


def _experiment(reader: Reader, name: str) -> Piece:
    if not name:
        return ALWAYS
    rows = reader.query("SELECT id FROM experiment WHERE name = ?", (name,))
    if not rows:
        names = [row[0] for row in reader.query("SELECT name FROM experiment", ())]
        raise NotFound(f"no experiment {brief(name)}", nearest=nearest(name, names))
    return Piece("r.experiment = ?", (rows[0][0],))
