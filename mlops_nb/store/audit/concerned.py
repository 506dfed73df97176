"""What a row of the audit log concerns: kept beside the log, so that "all about this model" reads no other rows."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mlops_nb.references import BY_NAME

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

# The store's format that has the table.
SINCE = 3
_ADD = "INSERT INTO audit_node (node, seq) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ROWS = "SELECT seq, subject, detail FROM audit ORDER BY seq"
_KEPT = "SELECT seq, node FROM audit_node ORDER BY seq, node"
# A thing as rows write it: a kind and an identity. No name of anything holds a colon.
_NODE = re.compile(rf"(?:{'|'.join(BY_NAME)}):[^\x00-\x1f]{{1,200}}")
_VERSION = re.compile(r"version:([0-9]+)/[0-9]+")


def nodes(subject: str, detail: Any) -> set[str]:
    """The things that a row concerns, as rows write them; with a version its model."""
    found = set(mentioned(detail))
    if ":" in subject and len(subject) <= 300:
        found.add(subject)
    return found | {f"model:{version[1]}" for node in found if (version := _VERSION.fullmatch(node))}


def mentioned(detail: Any) -> Iterator[str]:
    """The things that a row's detail names, each as often as it does."""
    if isinstance(detail, str):
        if _NODE.fullmatch(detail):
            yield detail
    elif isinstance(detail, Mapping):
        for value in detail.values():
            yield from mentioned(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            yield from mentioned(value)


def keep(connection: sqlite3.Connection, seq: int, subject: str, detail: Mapping[str, object]) -> None:
    """Note what a new row concerns, in the transaction that adds it."""
    connection.executemany(_ADD, [(node, seq) for node in nodes(subject, detail)])


def fill(connection: sqlite3.Connection) -> None:
    """Find anew what every row concerns: for a log from before this was kept."""
    connection.execute("DELETE FROM audit_node")
    with closing(connection.execute(_ROWS)) as rows:
        for seq, subject, detail in rows:
            connection.executemany(_ADD, [(node, seq) for node in nodes(str(subject), _parsed(detail))])


def concerned_agree(store: Store) -> list[str]:
    """A sentence when what is kept is not what the rows say: a question about a thing would not find all of them."""
    with (
        store.reading() as connection,
        closing(connection.execute(_KEPT)) as kept,
        closing(connection.execute(_ROWS)) as rows,
    ):
        found = ((seq, node) for seq, subject, detail in rows for node in sorted(nodes(subject, _parsed(detail))))
        for said, beside in zip_longest(found, kept):
            if said != beside:
                first = min(one[0] for one in (said, beside) if one is not None)
                return [f"what row {first:,} of the audit log concerns is not what is kept of it"]
    return []


def _parsed(detail: Any) -> Any:
    try:
        return json.loads(detail)
    except (TypeError, ValueError):  # altered by force: the chain says so
        return None
