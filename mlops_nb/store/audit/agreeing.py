"""Whether reasons are what the audit log says of them. An erased one is no contradiction: erasing is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_nb.store import reasons
from mlops_nb.store.audit.chain import ROWS

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

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


def details(store: Store) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Number and detail of each row of the log, for checks that follow the digests in it."""
    for seq, *_, detail, _, _ in store.query(ROWS):
        try:
            found = json.loads(detail)
        except (TypeError, ValueError):  # altered by force: the chain says so
            continue
        if isinstance(found, dict):
            yield seq, found
