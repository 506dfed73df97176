"""Holds: rows by which one thing says that it needs another. What is held can't be trashed, purged or collected."""

from __future__ import annotations

from mlops_nb.errors import Refused
from mlops_nb.store.store import Store

_HOLDERS = "SELECT holder FROM hold WHERE held = ? ORDER BY holder LIMIT 3"


def holders(store: Store, held: str) -> list[str]:
    """Up to three things that need `held` ('run:01K…', 'artifact:…')."""
    return [holder for (holder,) in store.query(_HOLDERS, (held,))]


def describe(store: Store, reference: str) -> str:
    """A holder as a person would name it: 'version:7/1' is 'flights-delay/1'."""
    kind, _, identity = reference.partition(":")
    if kind == "version":
        model, _, number = identity.partition("/")
        row = store.query("SELECT name FROM model WHERE id = ?", (int(model),))
        return f"version {row[0][0]}/{number}" if row else reference
    return f"{kind} {identity}"


def refuse_held(store: Store, held: str, shown: str) -> None:
    """Raise when something needs `held`.

    Raises:
        Refused: Names who needs it.
    """
    found = holders(store, held)
    if found:
        names = ", ".join(describe(store, holder) for holder in found)
        raise Refused(f"{shown} is needed by {names}", fix=f"%trash {names.split(' ', 1)[1].split(',')[0]} first")
