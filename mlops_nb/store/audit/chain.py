"""The chain: each row's digest is BLAKE3 over the digest before it and the row's own fields.

A changed, removed or inserted row breaks the chain there. A cut tail does not show in a chain: see `anchor.py`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

from mlops_nb.store.actor import Who
from mlops_nb.store.artifacts import digest
from mlops_nb.store.audit import concerned
from mlops_nb.store.ids import now_us

FORMAT = 1
FIELDS = ("seq", "time_us", "actor", "action", "subject", "detail")
COLUMNS = ", ".join((*FIELDS, "previous", "digest"))
ROWS = f"SELECT {COLUMNS} FROM audit ORDER BY seq"
_PLAIN = [str, int, int, str, str, str, str]
# Made once: `json.dumps` with other than its own settings makes an encoder each time.
_ENCODED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Head(NamedTuple):
    """The end of the chain: how many rows, and the digest of the last."""

    rows: int
    digest: str


def row_digest(previous: str, fields: Sequence[Any]) -> str:
    """The digest of a row from the digest before it ('' for the first) and its `FIELDS`."""
    if [type(previous), *map(type, fields)] == _PLAIN:
        # The same text as below, four times as fast: a log may have a million rows.
        seq, time_us, *texts = fields
        said = ",".join(map(quoted, texts))
        return digest(f"[{FORMAT},{quoted(previous)},{seq},{time_us},{said}]".encode())
    return digest(_ENCODED([FORMAT, previous, *fields]).encode())


def append(connection: sqlite3.Connection, action: str, subject: str, detail: Mapping[str, object], who: Who) -> Head:
    """Add one row inside the caller's transaction: the change and its record stand or fall together.

    Args:
        connection: The writer's, in its transaction.
        action: What was done.
        subject: To what.
        detail: More of it; "verified" is no key for callers, because it says how the actor's name was checked. A row
            without it has the system's word for who it was.
        who: Who acts. A transaction runs in the writer's thread, which does not know who waits for it.

    Returns:
        The chain's new head, to be anchored after the commit.

    Raises:
        ValueError: `detail` says something is verified.
    """
    said = dict(detail)
    if "verified" in said:
        raise ValueError(f"{action} {subject}: how the actor's name was checked is not for a caller to say")
    if who.verified:
        said["verified"] = who.verified
    last = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, "")
    row = (last[0] + 1, now_us(), who.actor, action, subject, json.dumps(said, sort_keys=True, default=str))
    head = Head(last[0] + 1, row_digest(last[1], row))
    connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, last[1], head.digest))
    concerned.keep(connection, head.rows, subject, said)
    return head
