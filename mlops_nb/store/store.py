"""The store of one project: a reader, one writer thread, the artifacts, and the audit log."""

from __future__ import annotations

import atexit
import os
import sqlite3
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.store import database, migrating, readers, reasons, sickness
from mlops_nb.store.actor import identify
from mlops_nb.store.artifacts import Artifacts
from mlops_nb.store.audit import anchor, chain, concerned
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.location import find
from mlops_nb.store.readers import Readers
from mlops_nb.store.writer import Writer

if TYPE_CHECKING:
    from concurrent.futures import Future

    import sqlite_utils

    from mlops_nb.store.audit.model import Verdict

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
        self._readers = Readers(self.path, self._outdated)

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Rows of a read-only query, with everything that this process wrote before.

        Raises:
            StoreError: The store can't be read, is damaged, or was written by a newer mlops_nb.
            InvalidInput: A parameter is a text or a number that no store can hold.
        """
        with self.reading() as connection:
            try:
                return connection.execute(sql, parameters).fetchall()
            except (UnicodeEncodeError, OverflowError) as error:
                raise InvalidInput(f"a value to look for can't be in a store: {error}") from None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's read-only connection, for the length of the block; its errors in plain words."""
        if not self.writer.idle:
            self.writer.settle()
        with sickness.in_plain_words(self.path), self._readers.reading() as connection:
            yield connection

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action(connection)` in one transaction and return its result once that is on disk."""
        return self.writer.write(action)

    def change(
        self,
        action: Callable[[sqlite3.Connection], T],
        did: str,
        subject: str | Callable[[], str],
        why: str = "",
        **detail: object,
    ) -> T:
        """Like `write`, with the row that records the change in the audit log in the same transaction.

        Args:
            action: Makes the change.
            did: What was done, as the audit log calls it.
            subject: To what ('model:7', 'version:7/1'); a function where `action` finds out.
            why: The reason that somebody gave. It is kept apart from the audit log, which has its digest only.
            detail: More of it; filled by `action` if that is where it becomes known. No personal data: digests.

        Raises:
            InvalidInput: The reason is too long or holds control characters.
        """
        who = identify(self.folder)
        reason = reasons.checked(why, needed=False)

        def audited(connection: sqlite3.Connection) -> tuple[T, chain.Head | None]:
            result = action(connection)
            holds = anchor.holds(connection, self.anchor)
            said = detail | ({"why": reasons.keep(connection, reason)} if reason else {})
            what = subject if isinstance(subject, str) else subject()
            head = chain.append(connection, did, what, said, who)
            return result, head if holds else None

        result, head = self.writer.write(audited)
        if head is not None:
            anchor.write(head, self.anchor)
        return result

    def submit(self, action: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `action(connection)` for the next transaction and go on."""
        return self.writer.submit(action)

    def explain(self, error: BaseException) -> MlopsError:
        """Why something could not be written, in plain words."""
        return error if isinstance(error, MlopsError) else sickness.explain(error, self.path)

    def signal(self) -> tuple[object, int]:
        """What differs after every change of the store by whoever made it; asked often, it costs microseconds.

        Only this thread's next call compares with it: SQLite counts changes for each connection.
        """
        if not self.exists:
            return None, 0
        with self.reading() as connection:
            return database.mark(self.path), int(connection.execute("PRAGMA data_version").fetchone()[0])

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

    def verify_audit(self) -> Verdict:
        """What a walk along the audit chain proves."""
        from mlops_nb.store.audit.verifying import verify

        with self.reading() as connection:
            return verify(connection, self.anchor)

    def close(self) -> None:
        """Write what is queued and close all connections; the store opens again when it is used again."""
        try:
            self.writer.close()
        finally:
            self._readers.close()

    def _outdated(self) -> None:
        self.write(lambda _: None)  # the writer migrates, after a backup

    def _prepare(self, connection: sqlite3.Connection) -> None:
        heads: list[chain.Head] = []

        def record(before: int, after: int) -> None:
            holds = anchor.holds(connection, self.anchor)
            made = _migrated(connection, self.folder, before, after) if before else None
            head = made or _genesis(connection, self.folder, after)
            heads.extend([head] if holds else [])

        migrating.migrate(connection, self.path, self._save_before, record)
        for head in heads:
            anchor.write(head, self.anchor)

    def _save_before(self, found: int) -> None:
        if found:
            from mlops_nb.store.maintenance import backup_to

            backup_to(self, self.folder / "backups" / f"before-format-{migrating.newest()}-{new_ulid()}.db")

    def _pause(self) -> None:
        self.writer.pause()
        self._readers.pause()

    def _resume(self) -> None:
        self._readers.resume()
        self.writer.resume()

    def _begin_again(self) -> None:
        # The child has a copy of the queue but not the thread: what was queued belongs to the parent.
        self.writer.abandon()
        self._reset()


def _genesis(connection: sqlite3.Connection, folder: Path, after: int) -> chain.Head:
    identity = new_ulid()
    connection.execute("INSERT INTO project VALUES (?, ?, ?)", (identity, folder.parent.name or "project", now_us()))
    return chain.append(connection, "create", f"store:{identity}", {"format": after}, identify(folder))


def _migrated(connection: sqlite3.Connection, folder: Path, before: int, after: int) -> chain.Head:
    if before < concerned.SINCE:
        concerned.fill(connection)
    return chain.append(connection, "migrate", "store", {"from": before, "to": after}, identify(folder))


_all: weakref.WeakSet[Store] = weakref.WeakSet()
_open: dict[Path, Store] = {}
_chosen: Path | None = None
_forked = False
_keeps_closed = False


def open_store(path: str | os.PathLike[str] | None = None) -> Store:
    """The store at `path` (a `.mlops` folder or the folder that holds one), one object per folder and process."""
    folder = find() if path is None else _folder(Path(path))
    # `setdefault` is atomic: two threads must not get two writers.
    return _open.get(folder) or _open.setdefault(folder, Store(folder))


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
        failure = store.writer.finish()
        if failure is not None:
            sys.stderr.write(f"mlops_nb: not everything could be saved: {failure}\n")


def ends_abruptly() -> bool:
    """Whether this process may end without its exit handlers: a forked child, a worker of multiprocessing."""
    # Another thread may be importing the module just now: it is there, and its functions are not yet.
    parent = getattr(sys.modules.get("multiprocessing.process"), "parent_process", None)
    return _forked or (parent is not None and parent() is not None)


def _let_open() -> None:
    global _keeps_closed
    if _keeps_closed:
        _keeps_closed = False
        readers.opening.release()


def _before_fork() -> None:
    global _keeps_closed
    _keeps_closed = readers.opening.acquire(timeout=readers.FORK_S)
    for store in list(_all):
        store._pause()


def _after_fork_in_parent() -> None:
    _let_open()
    for store in list(_all):
        store._resume()


def _after_fork_in_child() -> None:
    global _forked
    _forked = True
    _let_open()
    for store in list(_all):
        store._begin_again()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(close_all)
