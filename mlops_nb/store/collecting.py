"""`db gc`: purge old trash, then what nothing refers to."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mlops_nb.errors import InvalidInput
from mlops_nb.store import holds
from mlops_nb.store.ids import now_us
from mlops_nb.store.model import Collected
from mlops_nb.store.store import Store

# A file that was put seconds ago may wait for the row that refers to it.
_YOUNG_S = 3600
_DAY_US = 86_400_000_000
# A run that was trashed while it is recorded must not vanish under its process.
_QUIET_US = 60_000_000

_OLD = "trashed_us <= :before"
_HELD = "SELECT held FROM hold"
_PURGEABLE = f"""
FROM run WHERE ({_OLD} OR experiment IN (SELECT id FROM experiment WHERE {_OLD}))
  AND NOT (status = 'running' AND heartbeat_us > :quiet)
"""
_OLD_VERSIONS = f"FROM version WHERE ({_OLD} OR model IN (SELECT id FROM model WHERE {_OLD}))"
# Who was in production, and who let it in, is kept for ever, and with it what that was.
_ON_RECORD = """(EXISTS (SELECT 1 FROM transition t WHERE t.model = version.model AND t.number = version.number)
    OR EXISTS (SELECT 1 FROM approval a WHERE a.model = version.model AND a.number = version.number))"""
_PURGED_VERSIONS = f"""{_OLD_VERSIONS} AND NOT {_ON_RECORD}
    AND NOT EXISTS (SELECT 1 FROM deployment d WHERE d.model = version.model AND d.number = version.number)
    AND 'version:' || model || '/' || number NOT IN ({_HELD})"""
_KEPT_VERSIONS = f"""SELECT (SELECT m.name FROM model m WHERE m.id = version.model), number
    {_OLD_VERSIONS} AND {_ON_RECORD} ORDER BY 1, 2"""
_PURGED_MODELS = f"FROM model WHERE {_OLD} AND id NOT IN (SELECT model FROM version)"
_WITH_THEM = f"(model, number) IN (SELECT model, number {_PURGED_VERSIONS})"
# What goes with the trash, in the order that foreign keys allow. `:before` is a moment, microseconds UTC.
_TRASH = (
    f"DELETE FROM deployment WHERE {_OLD} AND wanted = 0",
    f"DELETE FROM evidence WHERE {_WITH_THEM}",
    f"DELETE FROM gate_result WHERE checked IN (SELECT ulid FROM gate_check WHERE {_WITH_THEM})",
    f"DELETE FROM gate_check WHERE {_WITH_THEM}",
    f"DELETE FROM document WHERE {_WITH_THEM}",
    f"DELETE {_PURGED_VERSIONS}",
    f"DELETE FROM document WHERE model IN (SELECT id {_PURGED_MODELS})",
    f"DELETE {_PURGED_MODELS}",
    """DELETE FROM hold WHERE holder LIKE 'version:%'
    AND holder NOT IN (SELECT 'version:' || model || '/' || number FROM version)""",
    f"DELETE FROM dataset_name WHERE dataset IN (SELECT id FROM dataset WHERE {_OLD})",
    f"DELETE FROM dataset WHERE {_OLD}",
    f"DELETE FROM saved_view WHERE {_OLD}",
)
_RUNS = f"DELETE {_PURGEABLE} AND 'run:' || ulid NOT IN ({_HELD})"
_KEPT = f"SELECT ulid, (SELECT min(holder) FROM hold WHERE held = 'run:' || ulid) {_PURGEABLE}"
# What nothing refers to any more.
_UNUSED = (
    f"DELETE FROM experiment WHERE {_OLD} AND id NOT IN (SELECT experiment FROM run)",
    "DELETE FROM hold WHERE holder LIKE 'run:%' AND holder NOT IN (SELECT 'run:' || ulid FROM run)",
    f"""DELETE FROM dataset_file WHERE version NOT IN (SELECT version FROM run_dataset)
    AND version NOT IN (SELECT version FROM dataset_name)
    AND version NOT IN (SELECT v.id FROM dataset_version v WHERE 'dataset:' || v.digest IN ({_HELD}))""",
    f"""DELETE FROM dataset_version WHERE id NOT IN (SELECT version FROM run_dataset)
    AND id NOT IN (SELECT version FROM dataset_name) AND 'dataset:' || digest NOT IN ({_HELD})""",
    "DELETE FROM cell WHERE session NOT IN (SELECT session FROM run WHERE session IS NOT NULL)",
    """DELETE FROM edge WHERE (child LIKE 'run:%' AND child NOT IN (SELECT 'run:' || ulid FROM run))
    OR (child LIKE 'version:%' AND child NOT IN (SELECT 'version:' || model || '/' || number FROM version))""",
)
_POINTS = "DELETE FROM point WHERE run NOT IN (SELECT id FROM run)"
_TEXTS = """
DELETE FROM text WHERE NOT EXISTS
    (SELECT 1 FROM run r WHERE text.digest IN (r.source, r.diff, r.environment, r.modules, r.stdout))
  AND digest NOT IN (SELECT source FROM cell) AND digest NOT IN (SELECT source FROM version WHERE source IS NOT NULL)
"""
_ARTIFACTS = f"""
DELETE FROM artifact WHERE digest NOT IN (SELECT artifact FROM run_artifact)
  AND digest NOT IN (SELECT artifact FROM version)
  AND digest NOT IN (SELECT example FROM version WHERE example IS NOT NULL)
  AND digest NOT IN (SELECT predictions FROM evidence WHERE predictions IS NOT NULL)
  AND digest NOT IN (SELECT sample FROM evidence WHERE sample IS NOT NULL)
  AND 'artifact:' || digest NOT IN ({_HELD})
"""


def collect(store: Store, days: int, dry: bool) -> Collected:
    """Purge the trash older than `days`, then what nothing refers to.

    Raises:
        InvalidInput: `days` is negative.
    """
    if days < 0:
        raise InvalidInput(f"days is {days}", expected="0 or more")
    if not store.exists:
        return Collected(0, 0, 0, 0, 0, dry, ())
    moments = {"before": now_us() - days * _DAY_US, "quiet": now_us() - _QUIET_US}
    try:
        purged = store.change(lambda connection: _purge(connection, moments, dry), "gc", "store", days=days)
    except _DryRun as undone:
        purged = undone.purged
    artifacts, freed = _sweep(store, purged.known, dry)
    kept = [f"run {ulid[:10]} is needed by {holds.describe(store, holder)}" for ulid, holder in purged.kept]
    kept += [
        f"version {name}/{number} is on record: it stood in a stage or was decided on"
        for name, number in purged.on_record
    ]
    return Collected(purged.runs, purged.others, artifacts, purged.texts, freed, dry, tuple(kept))


class _Purged(NamedTuple):
    """How many rows went, the artifacts that are still known, and what stayed.

    `kept`: the runs that somebody needs, with who does; `on_record`: versions that have a history.
    """

    runs: int
    others: int
    texts: int
    known: set[str]
    kept: list[tuple[str, str]]
    on_record: list[tuple[str, int]]


class _DryRun(Exception):  # noqa: N818 (undoes the transaction, is never seen)
    def __init__(self, purged: _Purged) -> None:
        super().__init__()
        self.purged = purged


def _purge(connection: sqlite3.Connection, moments: dict[str, int], dry: bool) -> _Purged:
    def gone(*statements: str) -> int:
        return sum(connection.execute(sql, moments).rowcount for sql in statements)

    others = gone(*_TRASH)
    runs = gone(_RUNS)
    kept = connection.execute(_KEPT, moments).fetchall()
    on_record = connection.execute(_KEPT_VERSIONS, moments).fetchall()
    others += gone(*_UNUSED)
    gone(_POINTS)
    texts = gone(_TEXTS)
    gone(_ARTIFACTS)
    known = {name for (name,) in connection.execute("SELECT digest FROM artifact")}
    purged = _Purged(runs, others, texts, known, kept, on_record)
    if dry:
        raise _DryRun(purged)
    return purged


def _sweep(store: Store, known: set[str], dry: bool) -> tuple[int, int]:
    """Files without a row: how many and how many bytes; removed unless `dry`."""
    count = freed = 0
    for name in store.artifacts.names():
        if name in known or store.artifacts.age_s(name) < _YOUNG_S:
            continue
        size = store.artifacts.path(name).stat().st_size if dry else store.artifacts.remove(name, _YOUNG_S)
        count, freed = count + (size > 0), freed + size
    return count, freed
