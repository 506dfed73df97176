"""The audit log: append-only, hash-chained from a genesis row that holds the store's id, anchored outside.

Each row's digest is BLAKE3 over the digest before it and the row's own fields; a changed, removed or inserted row
breaks the chain there. A cut tail does not show in a chain, so head and count are also kept in `audit.anchor`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


def _digest(previous: str, row: tuple[object, ...]) -> str:
    return digest(json.dumps([FORMAT, previous, *row], ensure_ascii=False, separators=(",", ":")).encode())


def append(
    connection: sqlite3.Connection, action: str, subject: str, detail: Mapping[str, object] | None = None
) -> None:
    """Add one row inside the caller's transaction: the change and its record stand or fall together."""
    last = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, "")
    row = (
        last[0] + 1,
        now_us(),
        actor(),
        action,
        subject,
        json.dumps(detail or {}, sort_keys=True, default=str),
    )
    connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, last[1], _digest(last[1], row)))


def verify(connection: sqlite3.Connection, anchor: Path) -> Verdict:
    """Walk the chain and compare it with the anchor."""
    count, previous = 0, ""
    wanted, head = read_anchor(anchor)
    for row in connection.execute(
        "SELECT seq, time_us, actor, action, subject, detail, previous, digest FROM audit ORDER BY seq"
    ):
        count += 1
        if row[0] != count or row[6] != previous:
            return Verdict(
                count,
                wanted,
                f"audit row {row[0]} does not follow row {count - 1}: a row was removed or inserted",
            )
        if row[7] != _digest(previous, tuple(row[:6])):
            return Verdict(count, wanted, f"audit row {row[0]} was altered")
        if count == wanted and row[7] != head:
            return Verdict(count, wanted, f"audit row {row[0]} is not the one that was anchored: the log was rewritten")
        previous = row[7]
    fault = (
        f"the audit log ends at row {count}, but row {wanted} was anchored: its tail was cut" if count < wanted else ""
    )
    return Verdict(count, wanted, fault)


def read_anchor(anchor: Path) -> tuple[int, str]:
    """Count and head digest of the chain when it was last anchored; (0, "") before that."""
    if not anchor.exists():
        return 0, ""
    count, head = anchor.read_text("ascii").split()
    return int(count), head


def write_anchor(connection: sqlite3.Connection, anchor: Path) -> None:
    """Note head and count outside the database, after the commit."""
    row = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    # Another process may have anchored a later head already; an anchor never goes back.
    if row is None or read_anchor(anchor)[0] >= row[0]:
        return
    handle, temporary = tempfile.mkstemp(dir=anchor.parent, prefix=".anchor-")
    with os.fdopen(handle, "w") as file:
        file.write(f"{row[0]} {row[1]}\n")
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(anchor)
