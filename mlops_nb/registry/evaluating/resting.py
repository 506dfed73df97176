"""Evidence that rests on an evaluation: explanations and fairness, kept and read alike."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from mlops_nb.errors import Corrupt
from mlops_nb.registry import queries
from mlops_nb.registry.documents import canonical
from mlops_nb.store.actor import identify
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import new_ulid, now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

T = TypeVar("T")
Kind = Literal["explanation", "fairness"]
# What the audit log says was done.
_DONE = {"explanation": "explain", "fairness": "fairness"}
_READ = """
SELECT e.kind, e.ulid, m.name, e.number, e.dataset, coalesce(e.evaluation, ''), e.body, e.digest, e.actor, e.verified,
       e.created_us
FROM evidence e JOIN model m ON m.id = e.model WHERE e.kind = ? AND e.model = ? AND e.number = ? ORDER BY e.id DESC"""
_ADD = """
INSERT INTO evidence (ulid, kind, model, number, dataset, evaluation, body, digest, actor, verified, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Resting(NamedTuple):
    """One row of evidence; `body` is JSON."""

    kind: str
    id: str
    model: str
    version: int
    dataset: str
    evaluation: str
    body: str
    digest: str
    actor: str
    verified: str
    created_us: int

    def read(self, shape: type[T]) -> T:
        """What was found.

        Raises:
            Corrupt: It is not what was written.
        """
        import msgspec

        # A verdict may open a gate: it is held against its digest each time, not at the next `audit verify` only.
        if name_of(self.body, self.dataset) != self.digest:
            what = f"the {self.kind} {self.id[:10]} of {self.model}/{self.version} is not what its digest says"
            raise Corrupt(f"{what}: it was altered", fix="%audit verify")
        return msgspec.convert(json.loads(self.body), shape)


def name_of(body: str, dataset: str) -> str:
    """The digest that names such evidence."""
    return digest(canonical([body, dataset]).encode())


def resting_on(store: Store, version: Version, kind: Kind) -> list[Resting]:
    """All evidence of one kind of a version, newest first."""
    return [Resting(*row) for row in store.query(_READ, (kind, version.model_id, version.version))]


def keep(store: Store, version: Version, kind: Kind, found: Evaluation, findings: Any) -> tuple[Resting, bool]:
    """Keep what was found on an evaluation's rows.

    Args:
        store: Where.
        version: Of which version.
        kind: What sort of evidence.
        found: The evaluation.
        findings: A dataclass that is plain JSON.

    Returns:
        Its row, and whether the same was on record already.
    """
    body = canonical(asdict(findings))
    name = name_of(body, found.dataset)
    same = next((row for row in resting_on(store, version, kind) if row.digest == name), None)
    if same is not None:
        return same, True
    identity, who = new_ulid(), identify(store.folder)

    def write(connection: sqlite3.Connection) -> None:
        made = (identity, kind, version.model_id, version.version, found.dataset, found.id, body, name)
        connection.execute(_ADD, (*made, who.actor, who.verified, now_us()))
        connection.execute(queries.ADD_EDGE, (f"{kind}:{identity}", f"evaluation:{found.id}", "evaluation"))

    store.change(write, _DONE[kind], version.node, evidence=name, evaluation=found.id, dataset=found.dataset)
    return resting_on(store, version, kind)[0], False
