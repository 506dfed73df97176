"""`db check | backup | gc | migrate`."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.store import database, holds
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.model import Backup, Checked, Collected, Migrated
from mlops_nb.store.store import Store

# A file that was put seconds ago may wait for the row that refers to it.
_YOUNG_S = 3600
_DAY_US = 86_400_000_000


def check_store(store: Store) -> Checked:
    """Verify everything; damage is listed, not raised."""
    problems: list[str] = []
    pages, found, runs, audit = "none yet", 0, 0, (0, 0)
    if store.exists:
        try:
            found = store.query("PRAGMA user_version")[0][0]
            pages = _pages(store, problems)
            runs = store.query("SELECT count(*) FROM run")[0][0]
            problems += [
                f"{row[0]} row {row[1]} refers to a missing {row[2]}"
                for row in store.query("PRAGMA foreign_key_check")[:20]
            ]
            verdict = store.verify_audit()
            audit = (verdict.rows, verdict.anchored)
            problems += [verdict.fault] if verdict.fault else []
            problems += _artifacts(store)
        except MlopsError as error:
            problems.append(error.line())
            pages = "damaged" if pages == "none yet" else pages
    return Checked(str(store.folder), found, pages, runs, len(store.artifacts.names()), *audit, tuple(problems))


def _pages(store: Store, problems: list[str]) -> str:
    found = [str(row[0]) for row in store.query("PRAGMA integrity_check(20)")]
    if found == ["ok"]:
        return "ok"
    problems.extend(f"database page: {line}; put the newest file of backups/ in its place" for line in found)
    return "damaged"


def _artifacts(store: Store) -> list[str]:
    problems = []
    for name, used_by in store.query(
        "SELECT a.digest, (SELECT r.ulid FROM run_artifact u JOIN run r ON r.id = u.run WHERE u.artifact = a.digest LIMIT 1) FROM artifact a"
    ):
        try:
            store.artifacts.get(name)
        except MlopsError as error:
            problems.append(error.line() + (f" (used by run {used_by[:10]})" if used_by else ""))
    return problems


def backup_store(store: Store, target: str) -> Backup:
    """Copy the database online.

    Raises:
        InvalidInput: The target exists, or there is nothing to copy.
    """
    if not store.exists:
        raise InvalidInput(f"there is no store at {store.folder} yet", expected="a store with something in it")
    path = Path(target).expanduser().absolute() if target else store.folder / "backups" / f"{new_ulid()}.db"
    if path.exists():
        raise InvalidInput(f"{path} exists", expected="a new file name")
    if not store.writer.idle:
        store.writer.flush()
    return backup_to(store, path)


def backup_to(store: Store, path: Path) -> Backup:
    """SQLite's online backup: a consistent copy, while others write."""
    with database.in_plain_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        source = database.connect_reader(store.path)
        part = path.with_name(path.name + ".part")
        copy = sqlite3.connect(part)
        try:
            source.backup(copy, pages=4096, sleep=0.005)
            runs = copy.execute("SELECT count(*) FROM run").fetchone()[0]
        finally:
            copy.close()
            source.close()
        part.replace(path)
    return Backup(str(path), path.stat().st_size, runs)


def migrate_store(store: Store) -> Migrated:
    """Open for a write, which migrates; says from where to where."""
    before = 0
    if store.exists:
        connection = database.connect_reader(store.path)
        before = database.format_of(connection)
        connection.close()
    store.write(lambda _: None)
    made = sorted((store.folder / "backups").glob(f"before-format-{database.newest()}-*.db"))
    return Migrated(before, database.newest(), str(made[-1]) if made and 0 < before < database.newest() else "")


# What goes with the trash, in the order that foreign keys allow. `:before` is a moment, microseconds UTC.
_PURGE_TRASH = (
    "DELETE FROM deployment WHERE trashed_us <= :before AND wanted = 0",
    """DELETE FROM version WHERE trashed_us <= :before
    AND NOT EXISTS (SELECT 1 FROM deployment d WHERE d.model = version.model AND d.number = version.number)
    AND 'version:' || model || '/' || number NOT IN (SELECT held FROM hold)""",
    "DELETE FROM model WHERE trashed_us <= :before AND id NOT IN (SELECT model FROM version)",
    """DELETE FROM hold WHERE holder LIKE 'version:%'
    AND holder NOT IN (SELECT 'version:' || model || '/' || number FROM version)""",
    """DELETE FROM dataset_name WHERE dataset IN (SELECT id FROM dataset WHERE trashed_us <= :before)""",
    "DELETE FROM dataset WHERE trashed_us <= :before",
    "DELETE FROM run WHERE trashed_us <= :before AND 'run:' || ulid NOT IN (SELECT held FROM hold)",
    "DELETE FROM experiment WHERE trashed_us <= :before AND id NOT IN (SELECT experiment FROM run)",
)
# What nothing refers to any more.
_PURGE_UNUSED = (
    """DELETE FROM dataset_file WHERE version NOT IN (SELECT version FROM run_dataset)
    AND version NOT IN (SELECT version FROM dataset_name)
    AND version NOT IN (SELECT v.id FROM dataset_version v JOIN hold h ON h.held = 'dataset:' || v.digest)""",
    """DELETE FROM dataset_version WHERE id NOT IN (SELECT version FROM run_dataset)
    AND id NOT IN (SELECT version FROM dataset_name) AND 'dataset:' || digest NOT IN (SELECT held FROM hold)""",
    "DELETE FROM cell WHERE session NOT IN (SELECT session FROM run WHERE session IS NOT NULL)",
)
_PURGE_TEXTS = """
DELETE FROM text WHERE NOT EXISTS (SELECT 1 FROM run r WHERE text.digest IN (r.source, r.diff, r.environment, r.modules, r.stdout))
  AND digest NOT IN (SELECT source FROM cell) AND digest NOT IN (SELECT source FROM version WHERE source IS NOT NULL)
"""
_PURGE_ARTIFACTS = """
DELETE FROM artifact WHERE digest NOT IN (SELECT artifact FROM run_artifact)
  AND digest NOT IN (SELECT artifact FROM version) AND digest NOT IN (SELECT example FROM version WHERE example IS NOT NULL)
  AND 'artifact:' || digest NOT IN (SELECT held FROM hold)
"""


def collect(store: Store, days: int, dry: bool) -> Collected:
    """Purge the trash older than `days`, then what nothing refers to."""
    if days < 0:
        raise InvalidInput(f"days is {days}", expected="0 or more")
    if not store.exists:
        return Collected(0, 0, 0, 0, 0, dry, ())
    before = now_us() - days * _DAY_US
    kept = tuple(
        f"run {ulid[:10]} is needed by {holds.describe(store, holds.holders(store, f'run:{ulid}')[0])}"
        for (ulid,) in store.query(
            "SELECT ulid FROM run WHERE trashed_us <= ? AND 'run:' || ulid IN (SELECT held FROM hold)",
            (before,),
        )
    )
    removed: dict[str, int] = {}

    def purge(connection: sqlite3.Connection) -> set[str]:
        runs = connection.execute("SELECT count(*) FROM run").fetchone()[0]
        others = sum(connection.execute(sql, {"before": before}).rowcount for sql in _PURGE_TRASH)
        connection.execute("DELETE FROM point WHERE run NOT IN (SELECT id FROM run)")
        others += sum(connection.execute(sql).rowcount for sql in _PURGE_UNUSED)
        removed["runs"] = runs - connection.execute("SELECT count(*) FROM run").fetchone()[0]
        removed["others"] = others - removed["runs"]
        removed["texts"] = connection.execute(_PURGE_TEXTS).rowcount
        connection.execute(_PURGE_ARTIFACTS)
        known = {name for (name,) in connection.execute("SELECT digest FROM artifact")}
        if dry:
            raise _DryRun(known)
        return known

    try:
        known = store.change(purge, "gc", "store", days=days)
    except _DryRun as undone:
        known = undone.known
    artifacts, freed = _sweep(store, known, dry)
    return Collected(removed["runs"], removed["others"], artifacts, removed["texts"], freed, dry, kept)


class _DryRun(Exception):  # noqa: N818 (undoes the transaction, is never seen)
    def __init__(self, known: set[str]) -> None:
        super().__init__()
        self.known = known


def _sweep(store: Store, known: set[str], dry: bool) -> tuple[int, int]:
    """Files without a row: how many and how many bytes; removed unless `dry`."""
    count = freed = 0
    for name in store.artifacts.names():
        path = store.artifacts.path(name)
        if name in known or time.time() - path.stat().st_mtime < _YOUNG_S:
            continue
        count += 1
        freed += path.stat().st_size if dry else store.artifacts.remove(name)
    return count, freed
