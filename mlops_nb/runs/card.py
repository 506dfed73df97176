"""One run, whole, from the store."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mlops_nb.errors import Corrupt, NotFound
from mlops_nb.runs import headline
from mlops_nb.runs.curves import sparks
from mlops_nb.runs.directions import best_of, direction
from mlops_nb.runs.model import ArtifactUse, DatasetUse, MetricDetail, ParamDetail, Run, RunCard
from mlops_nb.runs.numbers import from_stored as number_from_stored
from mlops_nb.runs.recording import from_stored
from mlops_nb.runs.status import status_of
from mlops_nb.store.store import Row, Store

_RUN = """
SELECT r.id, r.ulid, e.name, r.status, r.started_us, r.wall_us, r.note, r.parent, r.actor, r.ended_us, r.error,
  r.origin, r.notebook, r.cell_id, r.commit_id, r.branch, r.cpu_us, r.peak_bytes, r.rows_read, r.capture_us, r.session,
  r.position, r.source, r.diff, r.environment, r.modules, r.stdout, r.host, r.pid, r.process_started_us,
  r.heartbeat_us, r.trashed_us IS NOT NULL, e.id
FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.ulid = ?
"""
_FIELDS = (
    "id",
    "ulid",
    "experiment",
    "status",
    "started_us",
    "wall_us",
    "note",
    "parent",
    "actor",
    "ended_us",
    "error",
    "origin",
    "notebook",
    "cell_id",
    "commit",
    "branch",
    "cpu_us",
    "peak_bytes",
    "rows_read",
    "capture_us",
    "session",
    "position",
    "source",
    "diff",
    "environment",
    "modules",
    "stdout",
    "host",
    "pid",
    "process_started_us",
    "heartbeat_us",
    "trashed",
    "experiment_id",
)
_PARAMS = (
    "SELECT k.name, p.text, p.number, p.source FROM param p JOIN key k ON k.id = p.key WHERE p.run = ? ORDER BY k.name"
)
_METRICS = """
SELECT k.name, m.last, m.kind, m.step, m.least, m.greatest, m.points, m.role, m.provenance, m.direction
FROM metric m JOIN key k ON k.id = m.key WHERE m.run = ? ORDER BY m.key
"""
_VALUES = "SELECT k.name, v.number, v.kind FROM value v JOIN key k ON k.id = v.key WHERE v.run = ? ORDER BY k.name"
_TAGS = "SELECT k.name, t.text FROM tag t JOIN key k ON k.id = t.key WHERE t.run = ? ORDER BY k.name"
_DATASETS = """
SELECT v.digest, u.role, u.variable, u.place, v.rows, v.columns
FROM run_dataset u JOIN dataset_version v ON v.id = u.version WHERE u.run = ?
ORDER BY CASE u.role WHEN 'raw' THEN 0 WHEN 'train' THEN 1 WHEN 'validation' THEN 2 ELSE 3 END, u.variable
"""
_ARTIFACTS = """
SELECT u.name, u.kind, u.artifact, a.bytes, u.detail FROM run_artifact u JOIN artifact a ON a.digest = u.artifact
WHERE u.run = ? ORDER BY u.kind, u.name
"""
_FILES = """
SELECT DISTINCT f.path, f.digest FROM run_dataset u JOIN dataset_file f ON f.version = u.version
WHERE u.run = ? AND u.role = 'raw' ORDER BY f.path
"""
_PROBLEMS = "SELECT what FROM problem WHERE run = ? ORDER BY seq"
_PICTURES, _PICTURE_BYTES = 3, 400_000
_TEXT = "SELECT body FROM text WHERE digest = ?"
_EARLIER = """
SELECT t.body FROM cell c JOIN text t ON t.digest = c.source WHERE c.session = ? AND c.position < ? ORDER BY c.position
"""
_BEFORE = """
SELECT m.last FROM metric m JOIN run r ON r.id = m.run JOIN key k ON k.id = m.key
WHERE k.name = ? AND r.experiment = ? AND r.id < ? AND r.trashed_us IS NULL AND m.kind = 0 ORDER BY r.id DESC LIMIT 1
"""


def read_card(store: Store, ulid: str) -> RunCard:
    """The run `ulid`.

    Raises:
        NotFound: It is not in this store.
    """
    rows = store.query(_RUN, (ulid,))
    if not rows:
        raise NotFound(f"there is no run {ulid[:26]}", fix="%runs")
    row: dict[str, Any] = dict(zip(_FIELDS, rows[0], strict=True))
    metrics = _metrics(store, row["id"], ulid)
    params = tuple(
        ParamDetail(n, from_stored(text, number), source)
        for n, text, number, source in store.query(_PARAMS, (row["id"],))
    )
    artifacts = tuple(
        ArtifactUse(n, k, d, b, json.loads(detail)) for n, k, d, b, detail in store.query(_ARTIFACTS, (row["id"],))
    )
    return RunCard(
        run=_run(store, row, params, metrics),
        ended_us=row["ended_us"],
        error=row["error"],
        origin=row["origin"],
        params=params,
        metrics=metrics,
        artifacts=artifacts,
        source=_text(store, row["source"]),
        earlier_cells=_earlier(store, row),
        stdout=_text(store, row["stdout"]),
        notebook=row["notebook"],
        cell_id=row["cell_id"],
        commit=row["commit"],
        branch=row["branch"],
        diff=_text(store, row["diff"]),
        environment=_json(store, row["environment"]),
        modules=_json(store, row["modules"]),
        files=dict(store.query(_FILES, (row["id"],))),
        cpu_s=_seconds(row["cpu_us"]),
        peak_bytes=row["peak_bytes"],
        rows_read=row["rows_read"],
        capture_s=_seconds(row["capture_us"]),
        problems=tuple(what for (what,) in store.query(_PROBLEMS, (row["id"],))),
        pictures=_pictures(store, artifacts),
        delta=_delta(store, row, metrics),
    )


def _run(
    store: Store, row: Mapping[str, Any], params: tuple[ParamDetail, ...], metrics: tuple[MetricDetail, ...]
) -> Run:
    return Run(
        id=row["ulid"],
        experiment=row["experiment"],
        status=status_of(row["status"], row["host"], row["pid"], row["process_started_us"], row["heartbeat_us"]),
        started_us=row["started_us"],
        wall_s=_seconds(row["wall_us"]),
        params={p.name: p.value for p in params},
        metrics={m.name: m.last for m in metrics},
        values={n: number_from_stored(v, kind) for n, v, kind in store.query(_VALUES, (row["id"],))},
        tags=dict(store.query(_TAGS, (row["id"],))),
        datasets=tuple(DatasetUse(*found) for found in store.query(_DATASETS, (row["id"],))),
        note=row["note"],
        parent=row["parent"],
        actor=row["actor"],
        trashed=bool(row["trashed"]),
        defaults=frozenset(p.name for p in params if p.source == "default"),
        best={m.name: value for m in metrics if (value := _best(m)) is not None},
    )


def _metrics(store: Store, run: int, ulid: str) -> tuple[MetricDetail, ...]:
    rows = store.query(_METRICS, (run,))
    curves = sparks(store, [ulid], [row[0] for row in rows])
    return tuple(_metric(row, curves.get((ulid, row[0]), ())) for row in rows)


def _metric(row: Row, curve: tuple[float, ...]) -> MetricDetail:
    name, last, kind, step, least, greatest, points, role, provenance, way = row
    value = number_from_stored(last, kind)
    return MetricDetail(name, value, step, least, greatest, points, role, provenance, way, curve)


def _best(metric: MetricDetail) -> float | None:
    way = metric.direction or direction(metric.name)
    return best_of(metric.least, metric.greatest, way) if metric.points > 1 else None


def _pictures(store: Store, artifacts: tuple[ArtifactUse, ...]) -> dict[str, str]:
    """The first figures; one that is damaged is left to `db check`, the card is shown without it."""
    small = [a for a in artifacts if a.kind == "figure" and a.bytes <= _PICTURE_BYTES][:_PICTURES]
    found: dict[str, str] = {}
    for artifact in small:
        with suppress(NotFound, Corrupt):
            found[artifact.name] = b64encode(store.artifacts.get(artifact.digest)).decode("ascii")
    return found


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


def _text(store: Store, digest: str | None) -> str:
    found = store.query(_TEXT, (digest,)) if digest else []
    return str(found[0][0]) if found else ""


def _json(store: Store, digest: str | None) -> dict[str, Any]:
    body = _text(store, digest)
    found: dict[str, Any] = json.loads(body) if body else {}
    return found


def _earlier(store: Store, row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["session"] is None:
        return ()
    return tuple(body for (body,) in store.query(_EARLIER, (row["session"], row["position"])))


def _delta(store: Store, row: Mapping[str, Any], metrics: tuple[MetricDetail, ...]) -> tuple[str, float] | None:
    """The headline metric against the run before in the same experiment."""
    judged = headline.of_metrics(metrics)
    before = store.query(_BEFORE, (judged.name, row["experiment_id"], row["id"])) if judged is not None else []
    return (judged.name, judged.last - before[0][0]) if judged is not None and before else None
