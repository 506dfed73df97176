"""A long audit log with a chain that holds: what a busy team and its jobs leave in some years."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from mlops_nb.store.audit import anchor, concerned
from mlops_nb.store.audit.chain import Head, row_digest

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.store.store import Store

# Nothing that a history beside the log records as well: the two would not agree.
_ACTORS = ("job:nightly", "job:nightly", "job:nightly", "person:ada", "person:grace", "person:eve", "service:ci")
_PART = 20_000
_MINUTE_US = 60_000_000


def fill_audit(store: Store, rows: int, models: int = 40, seed: int = 7) -> None:
    """Add rows until there are so many: each chained to the one before, the last one anchored.

    Args:
        store: Where; it is made when it is not there.
        rows: How many the log has in the end.
        models: How many models they speak of; their names are those of the store, else numbers.
        seed: Of the random draws.
    """
    draw = random.Random(seed)
    store.write(lambda _: None)
    done = 0
    while done < rows:
        head = store.write(lambda connection: _some(connection, rows, models, draw))
        anchor.write(head, store.anchor)
        done = head.rows


def _some(connection: sqlite3.Connection, rows: int, models: int, draw: random.Random) -> Head:
    seq, time_us, previous = connection.execute(
        "SELECT seq, time_us, digest FROM audit ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    made = []
    for number in range(seq + 1, min(rows, seq + _PART) + 1):
        time_us += draw.randrange(1, 3 * _MINUTE_US)
        model, version = draw.randrange(1, models + 1), draw.randrange(1, 400)
        action, detail = _act(draw, model, version)
        actor = draw.choice(_ACTORS)
        if actor.startswith("person:"):
            detail["verified"] = "basic auth"
        text = json.dumps(detail, sort_keys=True)
        fields = (number, time_us, actor, action, f"version:{model}/{version}", text)
        digest = row_digest(previous, fields)
        made.append((*fields, previous, digest))
        concerned.keep(connection, number, fields[4], detail)
        previous = digest
    connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made)
    return Head(made[-1][0] if made else seq, previous)


def _act(draw: random.Random, model: int, version: int) -> tuple[str, dict[str, Any]]:
    digest = f"{draw.getrandbits(256):064x}"
    chance = draw.random()
    if chance < 0.45:
        return "evaluate", {"dataset": f"fp1b:{digest[:40]}", "evaluation": digest[:26].upper(), "evidence": digest}
    if chance < 0.9:
        return "gates", {"checked": digest[:26].upper(), "evidence": digest, "stage": "production", "verdict": "pass"}
    if chance < 0.97:
        of = f"version:{model}/{max(1, version - 1)}"
        return "undeploy", {"version": f"model-{model}/{version}", "of": of}
    if chance < 0.999:
        return "restore", {"things": [f"version:{model}/{version}", f"version:{model}/{version + 1}"]}
    return "risk", {"document": digest, "why": digest}
