"""The anchor: how many rows the chain has and the digest of its last, in a file outside the database.

A chain alone does not show that its end was cut, or that all of it was written anew.
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_nb.store import durable
from mlops_nb.store.audit.chain import Head

_LINE = re.compile(rb"\s*([1-9][0-9]{0,17})\s+([0-9a-f]{64})\s*")


class Garbled(Exception):  # noqa: N818 (becomes a finding)
    """The anchor is there and can't be read."""


def read(path: Path) -> Head:
    """Count and head digest of the chain when it was last anchored; (0, "") before that.

    Raises:
        Garbled: It can't be read.
    """
    try:
        found = _LINE.fullmatch(path.read_bytes())
        if found is not None:
            return Head(int(found[1]), found[2].decode())
    except FileNotFoundError:
        return Head(0, "")
    except OSError:
        pass
    raise Garbled(
        f"{path} can't be read, so whether the audit log's tail was cut can't be said; "
        f"put it back from a backup, or move it away and the next change writes a new one"
    )


def written_us(path: Path) -> int:
    """When it was written, microseconds UTC; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns // 1000
    except OSError:
        return 0


def holds(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the chain still has the row that was anchored, asked in the transaction that adds one.

    If not, the anchor has to stay as it is: moved ahead by the next honest change, it would vouch for a log that was
    written anew or whose end was cut.
    """
    try:
        known = read(path)
    except Garbled:
        return False
    row = connection.execute("SELECT digest FROM audit WHERE seq = ?", (known.rows,)).fetchone()
    return not known.rows or (row is not None and row[0] == known.digest)


def write(head: Head, path: Path) -> None:
    """Note the chain's head after the commit, if `holds`; never an earlier one than is there."""
    # The change is on disk already and must not seem to have failed; the next one is anchored with it. A garbled
    # anchor stays as it is, so that `verify` goes on saying so.
    with suppress(OSError, Garbled), _alone(path.parent):
        if read(path).rows < head.rows:
            durable.replace(path, f"{head.rows} {head.digest}\n".encode())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While no other process anchors here: between reading the anchor and replacing it, another could go ahead."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
