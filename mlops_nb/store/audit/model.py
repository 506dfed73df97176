"""What the verbs of the audit log return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_nb.results import Result
from mlops_nb.store.audit.naming import Thing


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Result):
    """What a walk along the audit log proved.

    Args:
        store: The id of the store, which the first row holds.
        rows: How many rows were seen; up to the first bad one, if there is one.
        anchored: How many rows the anchor knows; 0 without one.
        anchored_us: When the anchor was written, microseconds UTC; 0 without one.
        row: The first bad row; 0 when none is.
        fault: What is wrong with the log itself, in one sentence; empty when nothing is.
        contradictions: Where other rows of the store are not what the log says of them.
        notes: What is odd and proves nothing: a clock that went back.
    """

    SHOWN = ("proved", "unproved")

    store: str
    rows: int
    anchored: int
    anchored_us: int
    row: int
    fault: str
    contradictions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return 1 if self.fault or self.contradictions else 0

    @property
    def proved(self) -> tuple[str, ...]:
        """What is certain, in sentences."""
        whole = self.rows if not self.row else self.row - 1
        if not whole:
            return () if self.fault else ("nothing was done here yet",)
        said = [f"{_rows(whole)} from the genesis of store {self.store}, each chained to the one before"]
        if self.anchored and self.anchored <= whole and not self.fault:
            said.append(
                f"row {self.anchored:,} is the one that was anchored on {_utc(self.anchored_us)}: "
                "up to it nothing was altered, removed, inserted or written anew since"
            )
        return tuple(said)

    @property
    def unproved(self) -> tuple[str, ...]:
        """What can't be said, in sentences."""
        if not self.rows and not self.fault:
            return ()
        said = []
        if not self.anchored:
            said.append("no anchor: a cut tail, and a log that was written anew, are not excluded")
        elif self.rows > self.anchored:
            said.append(f"{_rows(self.rows - self.anchored)} after the anchor: that more followed is not excluded")
        said.append("whoever can write both the database and its anchor can replace both: keep an export elsewhere")
        return tuple(said)


@dataclass(frozen=True, slots=True, repr=False)
class AuditRow(Result):
    """One row of the audit log.

    Args:
        seq: Its number, from 1.
        time_us: When, microseconds UTC.
        actor: Who: `person:ada`, `job:nightly`.
        verified: How that name was checked; empty when it is the system's word for it.
        action: What was done.
        subject: To what, as the log has it: 'version:7/1'.
        about: The same in people's names, as they are now: 'version flights/1'.
        why: The reason that was given; '(erased)' when it was erased.
        evidence: What it rests on, by digests and identifiers: 'evidence 4f1c…'.
        detail: The rest of what the log has, things in people's names.
        things: What the row names: its subject first, then what stands in `detail`.
        chained: The detail as it is chained, a JSON text.
        previous: The digest of the row before, empty for the first.
        digest: The row's digest in the chain.
    """

    seq: int
    time_us: int
    actor: str
    verified: str
    action: str
    subject: str
    about: str
    why: str
    evidence: tuple[str, ...]
    detail: Mapping[str, Any] = field(hash=False)
    things: tuple[Thing, ...]
    chained: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True, repr=False)
class Exported(Result):
    """A file of the audit log.

    Args:
        path: The file: JSON lines, a head and then one row a line.
        store: The store's id.
        rows: How many rows.
        anchored: How many of them the anchor knows.
        bytes: How large it is.
    """

    path: str
    store: str
    rows: int
    anchored: int
    bytes: int


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _utc(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
