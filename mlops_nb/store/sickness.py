"""What went wrong with a database or a file, in plain words, and whether it is worth another try."""

from __future__ import annotations

import errno
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def writable(folder: Path) -> bool:
    """Whether a file can be made in `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


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
    # SQLite says "can't open" when it may not make the files that go with a database.
    closed = code == sqlite3.SQLITE_CANTOPEN and path.parent.is_dir() and not writable(path.parent)
    if closed or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or number in _FORBIDDEN:
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
