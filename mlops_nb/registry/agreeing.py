"""Whether the registry's rows are what the audit log says of them: part of `audit verify`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.documents import canonical
from mlops_nb.registry.gates.reading import results_of
from mlops_nb.registry.gates.running import stamp
from mlops_nb.store.artifacts import digest
from mlops_nb.store.audit.agreeing import details

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_DOCUMENTS = "SELECT kind, model, number, revision, body, digest FROM document ORDER BY id"
_EVIDENCE = "SELECT kind, model, number, ulid, body, dataset, predictions, digest FROM evidence ORDER BY id"
_CHECKS = """
SELECT c.ulid, c.model, c.number, c.stage, c.champion, c.digest, v.artifact, d.digest
FROM gate_check c JOIN version v ON v.model = c.model AND v.number = c.number LEFT JOIN document d ON d.id = c.policy
ORDER BY c.ulid"""
_MOVES = """
SELECT model, number, alias, before, after, how FROM transition WHERE how <> 'replaced' ORDER BY id"""
_APPROVALS = "SELECT model, number, verdict, stage FROM approval ORDER BY id"
_SAID = "SELECT seq, action, subject FROM audit WHERE action IN ('stage', 'pin', 'unpin', 'approve', 'reject')"


def registry_agrees(store: Store) -> list[str]:
    """A sentence for each document, evidence, gate check, move and approval that differs from what is in the log."""
    known = {str(value) for _, detail in details(store) for value in detail.values() if isinstance(value, str)}
    return [*_documents(store, known), *_evidence(store, known), *_checks(store, known), *_acts(store)]


def _documents(store: Store, known: set[str]) -> Iterator[str]:
    for kind, model, number, revision, body, name in store.query(_DOCUMENTS):
        told = f"revision {revision} of the {kind} of {_shown(store, model, number)}"
        yield from _differs(told, digest(str(body).encode()), name, known)


def _evidence(store: Store, known: set[str]) -> Iterator[str]:
    for kind, model, number, ulid, body, dataset, predictions, name in store.query(_EVIDENCE):
        told = f"the {kind} {ulid[:10]} of {_shown(store, model, number)}"
        made = [body, dataset, predictions] if kind == "evaluation" else [body, dataset]
        yield from _differs(told, digest(canonical(made).encode()), name, known)


def _checks(store: Store, known: set[str]) -> Iterator[str]:
    for ulid, model, number, stage, champion, name, artifact, policy in store.query(_CHECKS):
        told = f"the gate check {ulid[:10]} of {_shown(store, model, number)}"
        found = stamp(artifact, stage, policy, champion, results_of(store, ulid))
        yield from _differs(told, found, name, known)


def _differs(told: str, found: str, name: str, known: set[str]) -> Iterator[str]:
    if found != name:
        yield f"{told} is not what its digest says: it was altered"
    elif name not in known:
        yield f"{told} stands in no row of the log: it was inserted"


def _acts(store: Store) -> Iterator[str]:
    """Moves and approvals, one by one beside the rows of the log that record them."""
    named = dict(details(store))
    logged: dict[str, list[tuple[Any, ...]]] = {"move": [], "approval": []}
    for seq, action, subject in store.query(f"{_SAID} ORDER BY seq"):
        detail = named.get(seq, {})
        if action in ("approve", "reject"):
            logged["approval"].append((subject, action, detail.get("stage")))
        elif action == "stage":
            logged["move"].append((subject, "", detail.get("from"), detail.get("to"), detail.get("how")))
        else:
            logged["move"].append((subject, detail.get("alias"), action))
    moves = [_move(*row) for row in store.query(_MOVES)]
    said = [(f"version:{model}/{number}", word, stage) for model, number, word, stage in store.query(_APPROVALS)]
    for what, rows in (("move", moves), ("approval", said)):
        for i, (row, there) in enumerate(zip(rows, logged[what], strict=False), 1):
            if row != there:
                yield f"{what} {i} of the history is not the one in the log: {json.dumps(row)}"
                break
        if len(rows) != len(logged[what]):
            yield f"the history has {len(rows)} {what}s, the log {len(logged[what])}"


def _move(model: int, number: int, alias: str, before: str, after: str, how: str) -> tuple[Any, ...]:
    node = f"version:{model}/{number}"
    if alias:
        return node, alias, "pin" if after else "unpin"
    return node, "", before, after, how


def _shown(store: Store, model: int, number: int) -> str:
    rows = store.query("SELECT name FROM model WHERE id = ?", (model,))
    name = rows[0][0] if rows else f"model {model}"
    return f"{name}/{number}" if number else str(name)
