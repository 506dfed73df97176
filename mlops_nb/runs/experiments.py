"""Experiments as a list shows them: how many runs, what is best, where it goes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.results import Results
from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Experiment
from mlops_nb.runs.query.reader import Reader, batched, places
from mlops_nb.runs.query.scope import look

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RECENT, _TREND = 50, 30
_NEWEST = """
SELECT r.id FROM run r WHERE r.experiment = e.id AND r.trashed_us IS NULL ORDER BY r.id DESC LIMIT 1
"""
_ALL = f"""
SELECT e.id, e.name, e.created_us, r.ulid, coalesce(r.ended_us, r.heartbeat_us)
FROM experiment e LEFT JOIN run r ON r.id = ({_NEWEST}) WHERE e.trashed_us IS NULL
"""
_COUNTS = "SELECT experiment, status, count(*) FROM run WHERE trashed_us IS NULL GROUP BY experiment, status"
_RUNNING = "SELECT experiment FROM run WHERE trashed_us IS NULL AND id IN ({places})"
# `+ 0` keeps SQLite from reading all metrics once to make a filter of their runs: a few hundred are looked up.
_USED = f"""
SELECT e.id, m.key, count(*), sum(m.direction), max(m.points) FROM experiment e CROSS JOIN run r CROSS JOIN metric m
WHERE e.trashed_us IS NULL AND r.experiment = e.id AND r.trashed_us IS NULL
  AND r.id >= coalesce(({_NEWEST.replace("r.", "n.").replace("run r", "run n")} OFFSET {_RECENT - 1}), 0)
  AND m.run = r.id + 0 AND (m.role IS NULL OR m.role <> 'train') GROUP BY e.id, m.key
"""
_COUNTED = "r.status = 'finished' AND r.trashed_us IS NULL"
_JUDGED = "m.last IS NOT NULL AND (m.role IS NULL OR m.role <> 'train')"
# The best of all runs, as many as one index gives at once: most experiments have their best among them.
_TOP = f"""
SELECT r.experiment, t.last, r.ulid FROM (
  SELECT m.run, m.last FROM metric m WHERE m.key = ? AND {_JUDGED} ORDER BY m.last {{order}} LIMIT ?
) t CROSS JOIN run r WHERE r.id = t.run AND {_COUNTED} ORDER BY t.last {{order}}, r.id
"""
_BEST = f"""
SELECT r.experiment, {{extreme}}(m.last) FROM run r CROSS JOIN metric m
WHERE r.experiment IN ({{experiments}}) AND {_COUNTED} AND m.run = r.id AND m.key = ? AND {_JUDGED}
GROUP BY r.experiment
"""
# Whose value it is: by the index of values, and by the experiment's runs where too many runs have that very value.
_OF_VALUE = f"""
SELECT r.ulid FROM (
  SELECT m.run FROM metric m WHERE m.key = ? AND m.last = ? AND {_JUDGED} ORDER BY m.run LIMIT 200
) t CROSS JOIN run r WHERE r.id = t.run AND r.experiment = ? AND {_COUNTED} ORDER BY r.id LIMIT 1
"""
_IN_EXPERIMENT = f"""
SELECT r.ulid FROM run r CROSS JOIN metric m WHERE r.experiment = ? AND {_COUNTED}
  AND m.run = r.id AND m.key = ? AND m.last = ? AND {_JUDGED} ORDER BY r.id LIMIT 1
"""
# Twice as many runs as values: a metric that hardly any run has must not lead through the whole experiment.
_TRENDS = f"""
SELECT m.last FROM (
  SELECT r.id FROM run r WHERE r.experiment = ? AND {_COUNTED} ORDER BY r.id DESC LIMIT {2 * _TREND}
) n CROSS JOIN metric m WHERE m.run = n.id AND m.key = ? AND {_JUDGED} AND m.kind = 0 ORDER BY n.id DESC LIMIT {_TREND}
"""


@dataclass(frozen=True, slots=True)
class _Headline:
    key: int
    name: str
    way: int


def list_experiments(reader: Reader) -> Results[Experiment]:
    """All experiments that are not in the trash, the one with the newest activity first."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for experiment, status, number in reader.query(_COUNTS, ()):
        counts[experiment][status] = number
    running = Counter(row[0] for row in batched(reader, _RUNNING, look(reader, ()).running))
    headlines = _headlines(reader)
    best = _bests(reader, headlines)
    found = []
    for identity, name, created_us, last_run, last_us in reader.query(_ALL, ()):
        headline = headlines.get(identity)
        value, run = best.get(identity, (None, ""))
        found.append(
            Experiment(
                name=name,
                runs=sum(counts[identity].values()),
                running=running[identity],
                failed=counts[identity].get("failed", 0),
                last_us=created_us if last_us is None else last_us,
                last_run=last_run or "",
                metric=headline.name if headline else "",
                best=value,
                best_run=run,
                trend=_trend(reader, identity, headline) if headline else (),
            )
        )
    found.sort(key=lambda experiment: (-experiment.last_us, experiment.name))
    return Results(found, note="" if found else "no experiments yet: put %%track on top of a cell")


def _headlines(reader: Reader) -> dict[int, _Headline]:
    """By experiment, the metric that its newest runs use most, of those of which it is known what is better."""
    rows = reader.query(_USED, ())
    names: dict[int, str] = dict(
        batched(reader, "SELECT id, name FROM key WHERE id IN ({places})", sorted({row[1] for row in rows}))
    )
    chosen: dict[int, tuple[tuple[int, bool, int], _Headline]] = {}
    for experiment, key, number, recorded, points in rows:
        name = names[key]
        way = (recorded > 0) - (recorded < 0) or direction(name)
        # The rule of headline.py, on what the index gives.
        rank = (number, points == 1, -key)
        if way and not name.startswith("train") and (experiment not in chosen or rank > chosen[experiment][0]):
            chosen[experiment] = (rank, _Headline(key, name, way))
    return {experiment: headline for experiment, (_, headline) in chosen.items()}


def _bests(reader: Reader, headlines: Mapping[int, _Headline]) -> dict[int, tuple[float, str]]:
    """By experiment, the best value of its metric and the run that has it."""
    wanted: dict[_Headline, list[int]] = defaultdict(list)
    for experiment, headline in headlines.items():
        wanted[headline].append(experiment)
    found: dict[int, tuple[float, str]] = {}
    for headline, experiments in wanted.items():
        top = _TOP.format(order="DESC" if headline.way > 0 else "ASC")
        here: dict[int, tuple[float, str]] = {}
        for experiment, value, run in reader.query(top, (headline.key, 20 + 20 * len(experiments))):
            here.setdefault(experiment, (value, run))
        found |= {experiment: here[experiment] for experiment in experiments if experiment in here}
        found |= _other_bests(reader, headline, [e for e in experiments if e not in here])
    return found


def _other_bests(
    reader: Reader, headline: _Headline, experiments: Sequence[int]
) -> Iterable[tuple[int, tuple[float, str]]]:
    """The best of experiments that are far from the best of all: each of their runs is looked at once."""
    if not experiments:
        return []
    sql = _BEST.format(extreme="max" if headline.way > 0 else "min", experiments=places(experiments))
    found = []
    for experiment, value in reader.query(sql, (*experiments, headline.key)):
        run = reader.query(_OF_VALUE, (headline.key, value, experiment))
        run = run or reader.query(_IN_EXPERIMENT, (experiment, headline.key, value))
        found.append((experiment, (value, run[0][0])))
    return found


def _trend(reader: Reader, experiment: int, headline: _Headline) -> tuple[float, ...]:
    rows = reader.query(_TRENDS, (experiment, headline.key))
    return tuple(row[0] for row in reversed(rows) if math.isfinite(row[0]))
