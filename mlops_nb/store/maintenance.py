"""`db check | backup | migrate`; `collecting.py` has `db gc`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.store import database, migrating, sickness
from mlops_nb.store.ids import new_ulid
from mlops_nb.store.model import Backup, Checked, Migrated
from mlops_nb.store.store import Store

_USED_BY = """
SELECT a.digest, (SELECT r.ulid FROM run_artifact u JOIN run r ON r.id = u.run WHERE u.artifact = a.digest LIMIT 1)
FROM artifact a
"""


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
    for name, used_by in store.query(_USED_BY):
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
    store.writer.flush()
    return backup_to(store, path)


def backup_to(store: Store, path: Path) -> Backup:
    """SQLite's online backup: a consistent copy, while others write."""
    part = path.with_name(path.name + ".part")
    with sickness.in_plain_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(database.connect_reader(store.path)[0]) as source, closing(sqlite3.connect(part)) as copy:
                # All pages in one step: a copy in steps begins again whenever another process writes.
                source.backup(copy)
                runs = copy.execute("SELECT count(*) FROM run").fetchone()[0]
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return Backup(str(path), path.stat().st_size, runs)


def migrate_store(store: Store) -> Migrated:
    """Open for a write, which migrates; says from where to where."""
    before = 0
    if store.exists:
        with sickness.in_plain_words(store.path), closing(database.connect_reader(store.path)[0]) as connection:
            before = migrating.format_of(connection)
    store.write(lambda _: None)
    made = sorted((store.folder / "backups").glob(f"before-format-{migrating.newest()}-*.db"))
    return Migrated(before, migrating.newest(), str(made[-1]) if made and 0 < before < migrating.newest() else "")
