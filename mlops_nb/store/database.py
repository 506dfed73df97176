"""The only place that opens a database connection: pragmas, migrations, and errors in plain words."""

from __future__ import annotations

import errno
import random
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TypeVar

from mlops_nb.errors import Corrupt, MlopsError, StoreError

T = TypeVar("T")
BUSY_MS = 30_000
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Not the fault of one statement: SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_TOOBIG and the like are.
_SICK = _BUSY | {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "9p", "fuse.sshfs", "ceph", "afs"})


@cache
def steps() -> tuple[tuple[int, str], ...]:
    """The numbered migrations: (number, SQL). Steps are never edited once released."""
    folder = resources.files("mlops_nb.store") / "migrations"
    found = [
        (int(entry.name[:4]), entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql")
    ]
    return tuple(sorted(found))


def newest() -> int:
    """The store format that this version of mlops_nb writes."""
    return steps()[-1][0]


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write. Creates the file; the caller migrates."""
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal" and can_wal(path.parent):
            # Several processes that open a new store at once race for the exclusive lock that the switch needs.
            mode = retry_busy(partial(connection.execute, "PRAGMA journal_mode = WAL")).fetchone()[0]
        if mode == "wal":
            connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> tuple[sqlite3.Connection, bool]:
    """A connection that can't write and never takes a write lock; an empty store when nothing was written yet.

    Returns:
        The connection, and whether it stays true: one to an empty store or to a read-only medium does not.
    """
    if not path.exists():
        return _empty(), False
    lasting = True
    connection = _read(path, "mode=ro")
    try:
        found = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError:
        connection.close()
        if writable(path.parent) or _has_wal(path):
            raise
        # WAL needs a -shm file beside the database; on a read-only medium nobody writes, so immutable is true.
        connection, lasting, found = _read(path, "mode=ro&immutable=1"), False, 1
    except BaseException:
        connection.close()
        raise
    if not found:  # another process is making it just now, or was stopped before its first transaction
        connection.close()
        return _empty(), False
    return connection, lasting


def _read(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


def mark(path: Path) -> object:
    """What tells one file from another of the same name; None when there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_dev


def writable(folder: Path) -> bool:
    """Whether a file can be made in `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _has_wal(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for _, sql in steps():
        connection.executescript(sql)
    connection.execute(f"PRAGMA user_version = {newest()}")
    connection.execute("PRAGMA query_only = ON")
    return connection


def retry_busy(action: Callable[[], T]) -> T:
    """Call `action` until SQLite stops answering "locked", for at most a minute."""
    end = time.monotonic() + 60
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (jitter, not a secret)


def passes(error: BaseException) -> bool:
    """Whether the connection is still good after it: the store was only full or locked."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in _BUSY | {sqlite3.SQLITE_FULL}


def is_sick(error: BaseException) -> bool:
    """Whether the store itself failed (full, locked, damaged, read-only …), rather than the statement it was given."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in _SICK


def filesystem(folder: Path) -> str:
    """The type of the file system that holds `folder` ('ext4', 'nfs4' …); empty when the system does not say."""
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return ""
    best, kind = "", ""
    here = str(folder.resolve())
    for line in mounts.read_text().splitlines():
        left, _, right = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), left.split(" ")[4])
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind


def can_wal(folder: Path) -> bool:
    """Whether WAL works in `folder`: never on network file systems, and probed with a real write elsewhere."""
    if filesystem(folder) in _NETWORK:
        return False
    # `PRAGMA journal_mode = WAL` can answer "wal" and fail on the first write, so a scratch file has to prove it.
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".probe-") as scratch:
            probe = sqlite3.connect(Path(scratch) / "probe.db", isolation_level=None)
            try:
                mode = probe.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                probe.execute("CREATE TABLE t(a)")
                return bool(mode == "wal")
            finally:
                probe.close()
    except (sqlite3.Error, OSError):
        return False


def format_of(connection: sqlite3.Connection) -> int:
    """The store format found in the file; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(found: int, path: Path) -> None:
    """Raise when the store was written by a newer mlops_nb.

    Raises:
        StoreError: Says which format the store has and which this version can read.
    """
    if found > newest():
        raise StoreError(
            f"the store {path} has format {found}, written by a newer mlops_nb",
            expected=f"format {newest()} or older",
            fix="pip install --upgrade mlops_nb",
        )


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    before_steps: Callable[[int], None],
    after_steps: Callable[[int, int], None],
) -> tuple[int, int]:
    """Bring the store to this version's format, in one transaction: a kill leaves the old format or the new one.

    Args:
        connection: May write.
        path: Of the store, for messages.
        before_steps: Called with the format found, when there is something to do and nobody else can write any more.
        after_steps: Called inside the transaction with the formats before and after.

    Returns:
        The format before and after.
    """
    before = format_of(connection)
    refuse_newer(before, path)
    if before == newest():
        return before, before
    retry_busy(partial(connection.execute, "BEGIN IMMEDIATE"))
    try:
        # Twelve processes may start at once: whoever comes second finds the work done.
        before = format_of(connection)
        refuse_newer(before, path)
        if before < newest():
            _refuse_foreign(connection, before, path)
            before_steps(before)
            _run_steps(connection, before)
            after_steps(before, newest())
        retry_busy(partial(connection.execute, "COMMIT"))
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before, newest()


def _refuse_foreign(connection: sqlite3.Connection, before: int, path: Path) -> None:
    if before == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(
            f"{path} is the database of another program", fix="MLOPS_NB_STORE=another/.mlops, or move that file away"
        )


def _run_steps(connection: sqlite3.Connection, before: int) -> None:
    for number, sql in steps():
        if number > before:
            for statement in statements(sql):
                connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {newest()}")


def statements(script: str) -> Iterator[str]:
    """The single statements of a script (`executescript` would commit the open transaction)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


def explain(error: BaseException, path: Path) -> MlopsError:
    """A database or file error in plain words: which store, what is wrong, and the way out."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    number = getattr(error, "errno", None)
    if code in _DAMAGED:
        return Corrupt(
            f"the store {path} is damaged ({error})",
            fix=f"mlops-nb db check; then move {path.name}* away and copy the newest file of backups/ to {path.name}",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or number in _FORBIDDEN:
        return StoreError(
            f"{path} can't be written: it is read-only or not yours",
            fix="MLOPS_NB_STORE=another/.mlops, or make the folder writable",
        )
    if code == sqlite3.SQLITE_FULL or number in _FULL:
        return StoreError(f"no space left on the disk of {path}", fix="free some space, then mlops-nb db gc")
    if code in _BUSY:
        return StoreError(
            f"the store {path} is locked by another program for over {BUSY_MS // 1000} s",
            fix="close that program, then try again",
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"the store {path} can't be opened",
            fix="check the folder's permissions, or MLOPS_NB_STORE=another/.mlops",
        )
    return StoreError(f"{path} failed: {type(error).__name__}: {error}", fix="mlops-nb db check")


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """Turn database and file errors inside the block into one-line refusals."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise explain(error, path) from error
