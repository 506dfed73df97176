"""Walking the chain: what it proves, the first row that is wrong, and whether the store's other rows agree with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.references import load
from mlops_nb.store.audit import anchor
from mlops_nb.store.audit.chain import COLUMNS, Head, row_digest
from mlops_nb.store.audit.model import Verdict

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

# What holds other rows against the log: each takes the store and gives a sentence for each row that is not what the
# log says of it, by the digests that stand in its details. A room adds its own here.
CHECKS: tuple[str, ...] = (
    "mlops_nb.store.audit.agreeing:reasons_agree",
    "mlops_nb.store.audit.concerned:concerned_agree",
    "mlops_nb.registry.agreeing:registry_agrees",
    "mlops_nb.registry.stages.agreeing:stages_agree",
)
_NOTES = 5
_ON = f"SELECT {COLUMNS} FROM audit WHERE seq >= ? ORDER BY seq"
_RESTORED = "; after a backup was put back, move audit.anchor away and the next change writes a new one"


class Walk(NamedTuple):
    """A walk along the chain.

    Attributes:
        rows: How many rows were seen.
        row: The first that is wrong; 0 when none is.
        fault: What is wrong with it.
        notes: Where the clock went back.
        digest: The digest of the last row, from which the next walk may go on.
        time_us: Its moment.
    """

    rows: int = 0
    row: int = 0
    fault: str = ""
    notes: tuple[str, ...] = ()
    digest: str = ""
    time_us: int = 0


def verify(connection: sqlite3.Connection, path: Path) -> Verdict:
    """Walk the chain from its genesis and compare it with the anchor."""
    return walk_on(connection, path, Walk())[0]


def walk_on(connection: sqlite3.Connection, path: Path, known: Walk) -> tuple[Verdict, Walk]:
    """Walk the chain from where an earlier walk ended; what it saw is not looked at again, but for its last row.

    Args:
        connection: A reader.
        path: Of the anchor.
        known: The earlier walk, without a fault; an empty one to begin with the genesis.

    Returns:
        The verdict, and the walk up to now.
    """
    found = connection.execute("SELECT id FROM project").fetchone()
    store = str(found[0]) if found else ""
    written_us = anchor.written_us(path)
    try:
        # The anchor first: rows that are added meanwhile only make the chain longer.
        anchored, trouble = anchor.read(path), ""
    except anchor.Garbled as error:
        anchored, trouble, written_us = Head(0, ""), str(error), 0
    stands = all(_has(connection, head) for head in (Head(known.rows, known.digest), anchored))
    walk = _walk(connection, store, anchored, known if stands else Walk())
    fault = walk.fault or trouble or _end(walk.rows, anchored, path)
    return Verdict(store, walk.rows, anchored.rows, written_us, walk.row, fault, (), walk.notes), walk


def _has(connection: sqlite3.Connection, head: Head) -> bool:
    """Whether the row with this number has this digest; without a number there is nothing to ask for."""
    there = connection.execute("SELECT 1 FROM audit WHERE seq = ? AND digest = ?", tuple(head)).fetchone()
    return not head.rows or there is not None


def prove(store: Store) -> Verdict:
    """What `verify` finds, and what the other rows of the store say to it."""
    if not store.exists:
        return Verdict("", 0, 0, 0, 0, "")
    return compared(store, store.verify_audit())


def compared(store: Store, verdict: Verdict) -> Verdict:
    """The verdict with what the other rows of the store say to it."""
    if verdict.fault:  # nothing can be held against a log that is not whole
        return verdict
    contradictions: list[str] = [said for check in CHECKS for said in load(check)(store)]
    return replace(verdict, contradictions=tuple(contradictions))


def _end(rows: int, anchored: Head, path: Path) -> str:
    if rows < anchored.rows:
        return (
            f"the audit log ends at row {rows}, but row {anchored.rows} was anchored: "
            f"its tail was cut, or the database was replaced{_RESTORED}"
        )
    if rows and not anchored.rows:
        return (
            f"{path} is missing: whether the audit log's tail was cut can't be said until the next change is anchored"
        )
    return ""


def _walk(connection: sqlite3.Connection, store: str, anchored: Head, known: Walk) -> Walk:
    count, previous, time_us, back = known.rows, known.digest, known.time_us, list(known.notes)
    # By force, a row can have any number.
    with closing(connection.execute(_ON, (count + 1 if count else -(2**63),))) as rows:
        while True:
            try:
                row = rows.fetchone()
            except sqlite3.OperationalError as error:  # by force, a text can hold bytes that are none
                if "UTF-8" not in str(error):
                    raise
                return Walk(count + 1, count + 1, f"audit row {count + 1} was altered: it is no text", tuple(back))
            if row is None:
                break
            count += 1
            fault = _fault(row, count, previous, store, anchored)
            if fault:
                return Walk(count, row[0], fault, tuple(back))
            if row[1] < time_us and len(back) < _NOTES:
                back.append(f"the clock went back by {(time_us - row[1]) / 1e6:,.1f} s before row {row[0]}")
            time_us, previous = row[1], row[7]
    if store and not count:
        return Walk(0, 1, "the audit log is empty: all its rows were removed")
    return Walk(count, 0, "", tuple(back), previous, time_us)


def _fault(row: Sequence[Any], count: int, previous: str, store: str, anchored: Head) -> str:
    """What is wrong with a row, empty when nothing is."""
    if row[0] != count or row[6] != previous:
        return f"audit row {row[0]} does not follow row {count - 1}: a row was removed or inserted"
    try:
        right = row[7] == row_digest(previous, row[:6])
    except (TypeError, ValueError):  # by force, a field can be bytes
        right = False
    if not right:
        return f"audit row {row[0]} was altered"
    if count == 1 and row[4] != f"store:{store}":
        return "audit row 1 belongs to another store: the log was replaced"
    if count == anchored.rows and row[7] != anchored.digest:
        return (
            f"audit row {row[0]} is not the one that was anchored: "
            f"the log was rewritten, or the database was replaced{_RESTORED}"
        )
    return ""
