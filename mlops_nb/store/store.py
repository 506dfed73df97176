"""The store of one project: a reader, one writer thread, the artifacts, and the audit log."""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_nb.store import audit, database
from mlops_nb.store.artifacts import Artifacts
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.location import find
from mlops_nb.store.writer import Writer

if TYPE_CHECKING:
    from concurrent.futures import Future

    import sqlite_utils

T = TypeVar("T")
Row = tuple[Any, ...]


class Store:
    """One `.mlops` folder: `store.db`, `artifacts/`, `backups/`, `audit.anchor`.

    Opening costs nothing: the file is read at the first question and made at the first write.

    Args:
        folder: The `.mlops` folder; need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "store.db"
        self.anchor = folder / "audit.anchor"
        self.artifacts = Artifacts(folder / "artifacts")
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self.writer = Writer(self.path, self._prepare)
        self._readers = threading.local()

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Rows of a read-only query, with everything that this process wrote before.

        Raises:
            StoreError: The store can't be read, is damaged, or was written by a newer mlops_nb.
        """
        if not self.writer.idle:
            self.writer.settle()
        with database.in_plain_words(self.path):
            return self._reader().execute(sql, parameters).fetchall()

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action(connection)` in one transaction and return its result once that is on disk."""
        return self.writer.write(action)

    def change(self, action: Callable[[sqlite3.Connection], T], did: str, subject: str, **detail: object) -> T:
        """Like `write`, with the row that records the change in the audit log in the same transaction."""

        def audited(connection: sqlite3.Connection) -> T:
            result = action(connection)
            audit.append(connection, did, subject, detail)
            return result

        result = self.writer.write(audited)
        with database.in_plain_words(self.path):
            audit.write_anchor(self._reader(), self.anchor)
        return result

    def submit(self, action: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `action(connection)` for the next transaction and go on."""
        return self.writer.submit(action)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written here."""
        return self.path.exists()

    @property
    def db(self) -> sqlite_utils.Database:
        """The same file as a `sqlite_utils.Database`, for people. It may write: the house does not use it."""
        import sqlite_utils

        self.write(lambda _: None)
        return sqlite_utils.Database(self.path)

    def verify_audit(self) -> audit.Verdict:
        """What a walk along the audit chain proves."""
        with database.in_plain_words(self.path):
            return audit.verify(self._reader(), self.anchor)

    def connection(self) -> sqlite3.Connection:
        """This thread's read-only connection."""
        with database.in_plain_words(self.path):
            return self._reader()

    def _reader(self) -> sqlite3.Connection:
        mark = _file_mark(self.path)
        held: tuple[object, sqlite3.Connection] | None = getattr(self._readers, "held", None)
        if held is None or held[0] != mark:
            self._readers.held = held = (mark, self._open_reader())
        return held[1]

    def _open_reader(self) -> sqlite3.Connection:
        connection = database.connect_reader(self.path)
        found = database.format_of(connection)
        database.refuse_newer(found, self.path)
        if found < database.newest():
            connection.close()
            self.write(lambda _: None)  # the writer migrates, after a backup
            connection = database.connect_reader(self.path)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        before = database.format_of(connection)
        if 0 < before < database.newest():
            from mlops_nb.store.maintenance import backup_to

            backup_to(self, self.folder / "backups" / f"before-format-{database.newest()}-{new_ulid()}.db")
        before, after = database.migrate(connection, self.path)
        if before != after:
            database.retry_busy(partial(connection.execute, "BEGIN IMMEDIATE"))
            _genesis(connection, self.folder, before, after)
            connection.execute("COMMIT")


def _genesis(connection: sqlite3.Connection, folder: Path, before: int, after: int) -> None:
    if connection.execute("SELECT 1 FROM project").fetchone():
        if before:
            audit.append(connection, "migrate", "store", {"from": before, "to": after})
        return
    identity = new_ulid()
    name = folder.parent.name or "project"
    connection.execute("INSERT INTO project VALUES (?, ?, ?)", (identity, name, now_us()))
    audit.append(connection, "create", f"store:{identity}", {"format": after})


def _file_mark(path: Path) -> object:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_dev


_all: weakref.WeakSet[Store] = weakref.WeakSet()
_open: dict[Path, Store] = {}
_chosen: Path | None = None


def open_store(path: str | os.PathLike[str] | None = None) -> Store:
    """The store at `path` (a `.mlops` folder or the folder that holds one), one object per folder and process."""
    folder = find() if path is None else _folder(Path(path))
    if folder not in _open:
        _open[folder] = Store(folder)
    return _open[folder]


def _folder(path: Path) -> Path:
    path = path.expanduser().absolute()
    if path.name == "store.db":
        return path.parent
    return path if path.suffix == ".mlops" or path.name == ".mlops" or (path / "store.db").exists() else path / ".mlops"


def current() -> Store:
    """The store that verbs use: the one chosen with `choose`, else the one found from the current directory."""
    return open_store(_chosen) if _chosen is not None else open_store()


def choose(path: str | os.PathLike[str] | None) -> Store:
    """Use the store at `path` from now on in this process; None: find it again as git would."""
    global _chosen
    _chosen = None if path is None else _folder(Path(path))
    return current()


def close_all() -> None:
    """Write what is queued in every open store; called at exit."""
    for store in list(_all):
        if not store.writer.idle:
            failure = store.writer.settle()
            if failure is not None:
                import sys

                sys.stderr.write(f"mlops_nb: not everything could be saved: {failure}\n")


def _after_fork() -> None:
    # The child has a copy of the queue but not the thread: what was queued belongs to the parent.
    for store in list(_all):
        store._reset()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(close_all)
