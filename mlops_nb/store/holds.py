"""Holds: rows by which one thing says that it needs another. What is held can't be trashed, purged or collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from mlops_nb.errors import Refused, quoted
from mlops_nb.store.store import Store

_HOLDERS = "SELECT holder FROM hold WHERE held = ? ORDER BY holder LIMIT 3"
# Where a version stands is the first thing to say of it.
_LIVE_HOLDERS = """
SELECT h.holder FROM hold h WHERE h.held = ? AND NOT EXISTS (
  SELECT 1 FROM version v JOIN model m ON m.id = v.model
  WHERE 'version:' || v.model || '/' || v.number = h.holder AND (v.trashed_us IS NOT NULL OR m.trashed_us IS NOT NULL)
) ORDER BY CASE WHEN h.holder LIKE 'stage:%' THEN 0 WHEN h.holder LIKE 'alias:%' THEN 1 ELSE 2 END, h.holder LIMIT 3
"""
_PLACED = """
SELECT m.name, p.stage FROM model m LEFT JOIN placement p ON p.model = m.id AND p.number = ? WHERE m.id = ?"""
_POINTED = "SELECT m.name, a.number FROM model m JOIN alias a ON a.model = m.id WHERE m.id = ? AND a.name = ?"


class _Holder(NamedTuple):
    """A holder in words: what it is called, what it says of the thing that it holds, and what lets go of it."""

    name: str
    says: str
    fix: str


class Reader(Protocol):
    """What runs a SELECT inside a transaction: a connection."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """The cursor of a statement."""


def describe(store: Store, reference: str) -> str:
    """A holder as a person would name it: 'version:7/1' is 'version flights-delay/1'."""
    return _holder(store, reference).name


def refuse_held(store: Store, held: str, shown: str, for_ever: bool) -> None:
    """Raise when something needs `held`.

    Args:
        store: Where to look.
        held: The thing ('run:01K…').
        shown: How a person would name it.
        for_ever: It would be gone for good: then what is in the trash needs it as well, for it may be restored.

    Raises:
        Refused: Names who needs it, or says where the version stands.
    """
    rows = store.query(_HOLDERS if for_ever else _LIVE_HOLDERS, (held,))
    found = [_holder(store, holder) for (holder,) in rows]
    if not found:
        return
    says = [one.says for one in found if one.says]
    needed = ", ".join(one.name for one in found if not one.says)
    said = " and ".join([*says, *([f"is needed by {needed}"] if needed else [])])
    raise Refused(f"{shown} {said}", fix=found[0].fix)


def is_held(connection: Reader, held: str) -> bool:
    """Whether something that is not in the trash needs `held`, as the caller's transaction sees it."""
    return connection.execute(_LIVE_HOLDERS, (held,)).fetchone() is not None


def _holder(store: Store, reference: str) -> _Holder:
    kind, _, identity = reference.partition(":")
    if kind in ("version", "stage", "alias"):
        model, _, last = identity.partition("/")
        return _of_model(store, kind, int(model), last) or _Holder(reference, "", "")
    fix = f"%undeploy {quoted(identity)}" if kind == "deployment" else f"%trash {quoted(identity)}"
    return _Holder(f"{kind} {identity}", "", fix)


def _of_model(store: Store, kind: str, model: int, last: str) -> _Holder | None:
    if kind == "alias":
        rows = store.query(_POINTED, (model, last))
        if not rows:
            return None
        name, number = rows[0]
        fix = f"%pin {quoted(f'{name}/{number}')} {quoted(last)} --remove"
        return _Holder(f"alias {name}@{last}", f"is {name}@{last}", fix)
    rows = store.query(_PLACED, (int(last), model))
    if not rows:
        return None
    name, stage = rows[0]
    ref = quoted(f"{name}/{last}")
    away = f"%stage {ref} archived --reason …"
    if kind == "stage":
        return _Holder(f"stage {stage}", f"is in {stage}", away)
    if stage in ("staging", "production"):
        return _Holder(f"version {name}/{last}, which is in {stage}", "", away)
    return _Holder(f"version {name}/{last}", "", f"%trash {ref}")
