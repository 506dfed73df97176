"""The audit log: append-only, hash-chained from a genesis row that holds the store's id, anchored outside.

Each row's digest is BLAKE3 over the digest before it and the row's own fields; a changed, removed or inserted row
breaks the chain there. A cut tail does not show in a chain, so head and count are also kept in `audit.anchor`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlops_nb.store import durable
from mlops_nb.store.actor import actor
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import now_us

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the chain proved: rows seen, rows anchored, and the first thing that is wrong, if any."""

    rows: int
    anchored: int
    fault: str


class Head(NamedTuple):
    """The end of the chain: how many rows, and the digest of the last."""

    rows: int
    digest: str


_ROWS = "SELECT seq, time_us, actor, action, subject, detail, previous, digest FROM audit ORDER BY seq"


def _digest(previous: str, row: tuple[object, ...]) -> str:
    return digest(json.dumps([FORMAT, previous, *row], ensure_ascii=False, separators=(",", ":")).encode())


def append(
    connection: sqlite3.Connection,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    who: str = "",
    verified: str = "",
) -> Head:
    """Add one row inside the caller's transaction: the change and its record stand or fall together.

    Args:
        connection: The writer's, in its transaction.
        action: What was done.
        subject: To what.
        detail: More of it; "verified" is no key for callers, because it says how the actor's name was checked.
        who: The actor. A transaction runs in the writer's thread, which does not know who waits for it.
        verified: How the actor's name was checked; rows without it have the system's word for it.

    Returns:
        The chain's new head, to be anchored after the commit.

    Raises:
        ValueError: `detail` says something is verified.
    """
    said = dict(detail or {})
    if "verified" in said:
        raise ValueError(f"{action} {subject}: how the actor's name was checked is not for a caller to say")
    if verified:
        said["verified"] = verified
    last = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, "")
    row = (last[0] + 1, now_us(), who or actor(), action, subject, json.dumps(said, sort_keys=True, default=str))
    head = Head(last[0] + 1, _digest(last[1], row))
    connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, last[1], head.digest))
    return head


def verify(connection: sqlite3.Connection, anchor: Path) -> Verdict:
    """Walk the chain from its genesis and compare it with the anchor."""
    try:
        # The anchor first: rows that are added meanwhile only make the chain longer.
        anchored = read_anchor(anchor)
    except _Garbled as error:
        rows, fault = _walk(connection, Head(0, ""))
        return Verdict(rows, 0, fault or str(error))
    rows, fault = _walk(connection, anchored)
    if not fault and rows < anchored.rows:
        fault = f"the audit log ends at row {rows}, but row {anchored.rows} was anchored: its tail was cut"
    if not fault and rows and not anchored.rows:
        fault = (
            f"{anchor} is missing: whether the audit log's tail was cut can't be said until the next change is anchored"
        )
    return Verdict(rows, anchored.rows, fault)


def _walk(connection: sqlite3.Connection, anchored: Head) -> tuple[int, str]:
    """How many rows were seen, and the first thing that is wrong."""
    count, previous = 0, ""
    project = connection.execute("SELECT id FROM project").fetchone()
    for row in connection.execute(_ROWS):
        count += 1
        if row[0] != count or row[6] != previous:
            return count, f"audit row {row[0]} does not follow row {count - 1}: a row was removed or inserted"
        if row[7] != _digest(previous, tuple(row[:6])):
            return count, f"audit row {row[0]} was altered"
        if count == 1 and (project is None or row[4] != f"store:{project[0]}"):
            return count, "audit row 1 belongs to another store: the log was replaced"
        if count == anchored.rows and row[7] != anchored.digest:
            return count, f"audit row {row[0]} is not the one that was anchored: the log was rewritten"
        previous = row[7]
    if project is not None and not count:
        return 0, "the audit log is empty: all its rows were removed"
    return count, ""


class _Garbled(Exception):  # noqa: N818 (becomes a finding)
    pass


def read_anchor(anchor: Path) -> Head:
    """Count and head digest of the chain when it was last anchored; (0, "") before that."""
    try:
        count, head = anchor.read_bytes().decode("ascii").split()
        return Head(int(count), head)
    except FileNotFoundError:
        return Head(0, "")
    except (OSError, ValueError):
        raise _Garbled(
            f"{anchor} can't be read, so whether the audit log's tail was cut can't be said; "
            f"put it back from a backup, or move it away and the next change writes a new one"
        ) from None


def write_anchor(head: Head, anchor: Path) -> None:
    """Note the chain's head outside the database, after the commit; never an earlier one than is there."""
    # The change is on disk already and must not seem to have failed; the next one is anchored with it. A garbled
    # anchor stays as it is, so that `verify` goes on saying so.
    with suppress(OSError, _Garbled), _alone(anchor.parent):
        if read_anchor(anchor).rows < head.rows:
            durable.replace(anchor, f"{head.rows} {head.digest}\n".encode())


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
