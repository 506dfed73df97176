"""Whether reasons are what the audit log says of them. An erased one is no contradiction: erasing is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.store import reasons
from mlops_nb.store.audit.chain import ROWS

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_DONE = "SELECT actor, action, subject, detail FROM audit WHERE action IN ({}) ORDER BY seq"
_REASONS = "SELECT digest, salt, body FROM reason ORDER BY digest"


def reasons_agree(store: Store) -> list[str]:
    """A sentence for each reason whose text is not the one that was given, naming the row of the log."""
    altered = {name for name, salt, body in store.query(_REASONS) if reasons.digest(str(salt), str(body)) != name}
    if not altered:
        return []
    rows = {str(detail.get("why")): seq for seq, detail in details(store)}
    return [
        f"the reason of audit row {rows[name]} is not the one that was given"
        if name in rows
        else f"the reason {name[:12]}, of no row of the log, is not what its name says"
        for name in sorted(altered, key=lambda name: rows.get(name, 0))
    ]


class Act(NamedTuple):
    """One row of the log: who did what to which thing, and what it says of that."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def acts(store: Store, *actions: str) -> list[Act]:
    """The rows of the log that record these, the first first, to be held against a history that records them too."""
    found = store.query(_DONE.format(", ".join("?" * len(actions))), actions)
    return [Act(actor, action, subject, _parsed(detail)) for actor, action, subject, detail in found]


def details(store: Store) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Number and detail of each row of the log, for checks that follow the digests in it."""
    with store.reading() as connection, closing(connection.execute(ROWS)) as rows:
        for seq, *_, detail, _, _ in rows:
            yield seq, _parsed(detail)


def _parsed(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):  # altered by force: the chain says so
        return {}
    return found if isinstance(found, dict) else {}
