"""Ids to `Run`: a page's params, metrics, tags, values and datasets, one query per kind and batch."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mlops_nb.runs.directions import best_of, direction
from mlops_nb.runs.model import DatasetUse, Run
from mlops_nb.runs.numbers import from_stored as number
from mlops_nb.runs.query.reader import Reader, batched
from mlops_nb.runs.recording import from_stored as scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlops_nb.runs.query.scope import Scope

BASE = (
    "SELECT r.id, r.ulid, e.name, r.status, r.started_us, r.wall_us, r.note, r.parent, r.actor, "
    "r.trashed_us IS NOT NULL "
    "FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.id IN ({places})"
)
# CROSS JOIN: from the page's rows to their keys, never from all keys to their rows.
_KEYED = "SELECT t.run, k.name, {columns} FROM {table} t CROSS JOIN key k WHERE t.run IN ({{places}}) AND k.id = t.key"
_DATASETS = (
    "SELECT d.run, v.digest, d.role, d.variable, d.place, v.rows, v.columns FROM run_dataset d "
    "CROSS JOIN dataset_version v WHERE d.run IN ({places}) AND v.id = d.version "
    "ORDER BY d.run, d.role, d.variable"
)


def load(reader: Reader, ids: Sequence[int], scope: Scope) -> list[Run]:
    """The runs of these ids, in their order; one that was deleted meanwhile is left out."""
    base = {row[0]: row for row in batched(reader, BASE, ids)}
    params = _keyed(reader, "param", "t.text, t.number", ids, scalar)
    sources = _keyed(reader, "param", "t.source", ids, str)
    metrics, best = _metrics(reader, ids)
    values = _keyed(reader, "value", "t.number, t.kind", ids, number)
    tags = _keyed(reader, "tag", "t.text", ids, str)
    datasets: dict[int, list[DatasetUse]] = defaultdict(list)
    for run, *use in batched(reader, _DATASETS, ids):
        datasets[run].append(DatasetUse(*use))
    rows = (base[run] for run in ids if run in base)
    return [
        Run(
            id=ulid,
            experiment=experiment,
            status=scope.status(run, status),
            started_us=started,
            wall_s=None if wall is None else wall / 1e6,
            params=params.get(run, {}),
            metrics=metrics.get(run, {}),
            values=values.get(run, {}),
            tags=tags.get(run, {}),
            datasets=tuple(datasets.get(run, ())),
            note=note,
            parent=parent,
            actor=actor,
            trashed=bool(trashed),
            defaults=frozenset(name for name, source in sources.get(run, {}).items() if source == "default"),
            best=best.get(run, {}),
        )
        for run, ulid, experiment, status, started, wall, note, parent, actor, trashed in rows
    ]


def _metrics(reader: Reader, ids: Sequence[int]) -> tuple[dict[int, dict[str, float]], dict[int, dict[str, float]]]:
    """The last value of each metric by run, and the best of those that have several points."""
    columns = "t.last, t.kind, t.points, t.direction, t.least, t.greatest"
    rows = _keyed(reader, "metric", columns, ids, lambda *stored: stored)
    last: dict[int, dict[str, float]] = {}
    best: dict[int, dict[str, float]] = {}
    ways: dict[str, int] = {}
    for run, keyed in rows.items():
        last[run] = {name: number(stored[0], stored[1]) for name, stored in keyed.items()}
        for name, (_, _, points, way, least, greatest) in keyed.items():
            if points > 1:
                if not way and name not in ways:
                    ways[name] = direction(name)
                found = best_of(least, greatest, way or ways[name])
                if found is not None:
                    best.setdefault(run, {})[name] = found
    return last, best


def _keyed(
    reader: Reader, table: str, columns: str, ids: Sequence[int], read: Callable[..., Any]
) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for run, key, *stored in batched(reader, _KEYED.format(table=table, columns=columns), ids):
        found[run][key] = read(*stored)
    # In the order of their names, so that what is shown does not depend on how rows lie in the table.
    return {run: dict(sorted(keyed.items())) for run, keyed in found.items()}
