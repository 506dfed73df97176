"""The only place that opens a database connection: to write, to read, or to an empty store."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from functools import partial
from pathlib import Path

from mlops_nb.store import migrating
from mlops_nb.store.sickness import BUSY_MS, retry_busy, writable

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "9p", "fuse.sshfs", "ceph", "afs"})


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


def connect_reader(path: Path, patience_s: float = BUSY_MS / 1000) -> tuple[sqlite3.Connection, bool]:
    """A connection that can't write and never takes a write lock; an empty store when nothing was written yet.

    Args:
        path: The database file.
        patience_s: How long opening waits for somebody's lock; what is asked later waits as long as ever.

    Returns:
        The connection, and whether it stays true: one to an empty store or to a read-only medium does not.
    """
    if not path.exists():
        return _empty(), False
    lasting = True
    connection = _read(path, "mode=ro")
    connection.execute(f"PRAGMA busy_timeout = {int(patience_s * 1000)}")
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
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
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


def _has_wal(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for _, sql in migrating.steps():
        connection.executescript(sql)
    connection.execute(f"PRAGMA user_version = {migrating.newest()}")
    connection.execute("PRAGMA query_only = ON")
    return connection


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
