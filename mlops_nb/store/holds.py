"""Holds: rows by which one thing says that it needs another. What is held can't be trashed, purged or collected."""

from __future__ import annotations

from mlops_nb.errors import Refused, quoted
from mlops_nb.store.store import Store

_HOLDERS = "SELECT holder FROM hold WHERE held = ? ORDER BY holder LIMIT 3"
_LIVE_HOLDERS = """
SELECT h.holder FROM hold h WHERE h.held = ? AND NOT EXISTS (
  SELECT 1 FROM version v JOIN model m ON m.id = v.model
  WHERE 'version:' || v.model || '/' || v.number = h.holder AND (v.trashed_us IS NOT NULL OR m.trashed_us IS NOT NULL)
) ORDER BY h.holder LIMIT 3
"""


def describe(store: Store, reference: str) -> str:
    """A holder as a person would name it: 'version:7/1' is 'flights-delay/1'."""
    kind, _, identity = reference.partition(":")
    if kind == "version":
        model, _, number = identity.partition("/")
        row = store.query("SELECT name FROM model WHERE id = ?", (int(model),))
        return f"version {row[0][0]}/{number}" if row else reference
    return f"{kind} {identity}"


def refuse_held(store: Store, held: str, shown: str, for_ever: bool) -> None:
    """Raise when something needs `held`.

    Args:
        store: Where to look.
        held: The thing ('run:01K…').
        shown: How a person would name it.
        for_ever: It would be gone for good: then what is in the trash needs it as well, for it may be restored.

    Raises:
        Refused: Names who needs it.
    """
    found = [holder for (holder,) in store.query(_HOLDERS if for_ever else _LIVE_HOLDERS, (held,))]
    if found:
        names = [describe(store, holder) for holder in found]
        kind, _, first = names[0].partition(" ")
        fix = f"%undeploy {quoted(first)}" if kind == "deployment" else f"%trash {quoted(first)}"
        raise Refused(f"{shown} is needed by {', '.join(names)}", fix=fix)
