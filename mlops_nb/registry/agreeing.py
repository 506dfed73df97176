"""Whether the registry's rows are what the audit log says of them: part of `audit verify`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.registry.documents import canonical
from mlops_nb.registry.gates.reading import results_of
from mlops_nb.registry.gates.running import stamp
from mlops_nb.store.artifacts import digest
from mlops_nb.store.audit.agreeing import acts, details

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_DOCUMENTS = "SELECT kind, model, number, revision, body, digest FROM document ORDER BY id"
_EVIDENCE = """
SELECT e.kind, e.model, e.number, e.ulid, e.body, e.dataset, e.predictions, e.digest, o.digest
FROM evidence e LEFT JOIN evidence o ON o.ulid = e.evaluation ORDER BY e.id"""
_CHECKS = """
SELECT c.ulid, c.model, c.number, c.stage, c.champion, c.digest, v.artifact, d.digest
FROM gate_check c JOIN version v ON v.model = c.model AND v.number = c.number LEFT JOIN document d ON d.id = c.policy
ORDER BY c.ulid"""
_APPROVALS = "SELECT model, number, verdict, stage FROM approval ORDER BY id"


def registry_agrees(store: Store) -> list[str]:
    """A sentence for each document, evidence, gate check and approval that differs from what is in the log."""
    made = [*_documents(store), *_evidence(store), *_checks(store)]
    wanted = {one.name for one in made}
    told = wanted & {value for _, detail in details(store) for value in detail.values() if _in(value, wanted)}
    altered = [f"{one.told} is not what its digest says: it was altered" for one in made if one.found != one.name]
    inserted = [
        f"{one.told} stands in no row of the log: it was inserted"
        for one in made
        if one.found == one.name and one.name not in told
    ]
    return [*altered, *inserted, *_approvals(store)]


class _Made(NamedTuple):
    """Something that the log names by its digest: how to tell of it, the digest that it has, the one it should have."""

    told: str
    found: str
    name: str


def _in(value: Any, wanted: set[str]) -> bool:
    return isinstance(value, str) and value in wanted


def _documents(store: Store) -> Iterator[_Made]:
    for kind, model, number, revision, body, name in store.query(_DOCUMENTS):
        told = f"revision {revision} of the {kind} of {_shown(store, model, number)}"
        yield _Made(told, digest(str(body).encode()), name)


def _evidence(store: Store) -> Iterator[_Made]:
    for kind, model, number, ulid, body, dataset, predictions, name, rests in store.query(_EVIDENCE):
        told = f"the {kind} {ulid[:10]} of {_shown(store, model, number)}"
        made = [body, dataset, predictions] if kind == "evaluation" else [body, dataset]
        found = digest(canonical(made).encode())
        # What rests on an evaluation says on which one, by its digest: the column beside it must say the same.
        if kind != "evaluation" and found == name and json.loads(body).get("evaluation") != rests:
            found = ""
        yield _Made(told, found, name)


def _checks(store: Store) -> Iterator[_Made]:
    for ulid, model, number, stage, champion, name, artifact, policy in store.query(_CHECKS):
        told = f"the gate check {ulid[:10]} of {_shown(store, model, number)}"
        yield _Made(told, stamp(artifact, stage, policy, champion, results_of(store, ulid)), name)


def _approvals(store: Store) -> Iterator[str]:
    """Approvals, one by one beside the rows of the log that record them."""
    log = [(act.subject, act.action, act.detail.get("stage")) for act in acts(store, "approve", "reject")]
    rows = [(f"version:{model}/{number}", word, stage) for model, number, word, stage in store.query(_APPROVALS)]
    for i, (row, there) in enumerate(zip(rows, log, strict=False), 1):
        if row != there:
            yield f"approval {i} of the history is not the one in the log: {json.dumps(row)}"
            break
    if len(rows) != len(log):
        yield f"the history has {len(rows)} approvals, the log {len(log)}"


def _shown(store: Store, model: int, number: int) -> str:
    rows = store.query("SELECT name FROM model WHERE id = ?", (model,))
    name = rows[0][0] if rows else f"model {model}"
    return f"{name}/{number}" if number else str(name)
