"""The only place that opens a database connection: pragmas, migrations, and errors in plain words."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

from mlops_nb.errors import Corrupt, MlopsError, StoreError

BUSY_MS = 30_000
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
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    if can_wal(path.parent):
        # Several processes that open a new store at once race for the exclusive lock that the switch needs.
        retry_busy(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can't write and never takes a write lock; an empty store when there is no file yet."""
    if not path.exists():
        return _empty()
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        if writable(path.parent) or _has_wal(path):
            connection.close()
            raise
        # WAL needs a -shm file beside the database; on a read-only medium nobody writes, so immutable is true.
        connection.close()
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    return connection


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


def retry_busy(action: object) -> object:
    """Call `action` until SQLite stops answering "locked", for at most a minute."""
    import random
    import time

    end = time.monotonic() + 60
    while True:
        try:
            return action()  # type: ignore[operator]
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (jitter, not a secret)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the lock: worth waiting for."""
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


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


@cache
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


def migrate(connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    """Bring the store to this version's format, each step in one transaction.

    Returns:
        The format before and after.
    """
    before = format_of(connection)
    refuse_newer(before, path)
    for number, sql in steps():
        if number > before:
            _step(connection, number, sql)
    return before, format_of(connection)


def _step(connection: sqlite3.Connection, number: int, sql: str) -> None:
    retry_busy(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        # Twelve processes may start at once: whoever comes second finds the step done.
        if format_of(connection) < number:
            for statement in statements(sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """The single statements of a script (`executescript` would commit the open transaction)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def explain(error: Exception, path: Path) -> MlopsError:
    """A database or file error in plain words: which store, what is wrong, and the way out."""
    text = str(error)
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return Corrupt(
            f"the store {path} is damaged ({text})",
            fix="mlops-nb db check, then put the newest file of backups/ in its place",
        )
    if "readonly" in text or isinstance(error, PermissionError) or "Read-only" in text:
        return StoreError(
            f"the store {path} can't be written: it is read-only",
            fix="MLOPS_NB_STORE=another/.mlops, or make the folder writable",
        )
    if "full" in text or "No space" in text:
        return StoreError(f"no space left on the disk of the store {path}", fix="free some space, then mlops-nb db gc")
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the store {path} is locked by another program for over {BUSY_MS // 1000} s",
            fix="close that program, then try again",
        )
    if "unable to open" in text:
        return StoreError(
            f"the store {path} can't be opened",
            fix="check the folder's permissions, or MLOPS_NB_STORE=another/.mlops",
        )
    return StoreError(f"the store {path} failed: {text}", fix="mlops-nb db check")


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """Turn database and file errors inside the block into one-line refusals."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise explain(error, path) from error
