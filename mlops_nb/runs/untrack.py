"""Dropping one captured thing from a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.store.store import Store

if TYPE_CHECKING:
    import sqlite3

_KEYED = "SELECT k.name, k.id FROM {table} t JOIN key k ON k.id = t.key WHERE t.run = ?"
# What a person writes → how to list what there is, and how to drop one.
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "metrics": (
        _KEYED.format(table="metric"),
        ("DELETE FROM metric WHERE run = ? AND key = ?", "DELETE FROM point WHERE run = ? AND key = ?"),
    ),
    "params": (_KEYED.format(table="param"), ("DELETE FROM param WHERE run = ? AND key = ?",)),
    "tags": (_KEYED.format(table="tag"), ("DELETE FROM tag WHERE run = ? AND key = ?",)),
    "values": (_KEYED.format(table="value"), ("DELETE FROM value WHERE run = ? AND key = ?",)),
    "datasets": (
        "SELECT variable, variable FROM run_dataset WHERE run = ?",
        ("DELETE FROM run_dataset WHERE run = ? AND variable = ?",),
    ),
    "artifacts": (
        "SELECT name, name FROM run_artifact WHERE run = ?",
        ("DELETE FROM run_artifact WHERE run = ? AND name = ?",),
    ),
}


def captured(store: Store, run: str) -> list[str]:
    """Everything that can be dropped from a run: `metrics.auc`, …"""
    row = store.query("SELECT id FROM run WHERE ulid = ?", (run,))
    return (
        [f"{kind}.{name}" for kind, (listing, _) in _KINDS.items() for name, _ in store.query(listing, (row[0][0],))]
        if row
        else []
    )


def drop(store: Store, run: str, what: str) -> None:
    """Drop `what` from the run.

    Raises:
        InvalidInput: `what` does not begin with a kind.
        NotFound: The run has no such thing.
        Refused: A registered version needs it.
    """
    kind, _, name = what.partition(".")
    if kind not in _KINDS or not name:
        raise InvalidInput(
            f"{brief(what)} does not say what to drop",
            expected=f"one of {', '.join(_KINDS)}, a dot and a name",
            nearest=nearest(what, captured(store, run)),
        )
    listing, deletions = _KINDS[kind]
    row = store.query("SELECT id FROM run WHERE ulid = ?", (run,))[0][0]
    known: dict[str, object] = dict(store.query(listing, (row,)))
    if name not in known:
        raise NotFound(
            f"run {run[:10]} has no {what}",
            nearest=nearest(what, captured(store, run)),
            fix=f"%show {run[:10]}",
        )
    if kind in ("artifacts", "datasets"):
        from mlops_nb.store.holds import refuse_held

        refuse_held(store, f"run:{run}", f"run {run[:10]}", for_ever=True)

    def delete(connection: sqlite3.Connection) -> None:
        for deletion in deletions:
            connection.execute(deletion, (row, known[name]))

    store.change(delete, "untrack", f"run:{run}", what=what)
