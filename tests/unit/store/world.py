"""A small world of rows for the trash and gc: what other rooms write, by SQL as in the schema."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass

from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.ids import now_us
from mlops_nb.store.store import Store

DAY_US = 86_400_000_000


@dataclass
class World:
    """A registered run and a loose one, each with an artifact and a dataset version; a deployment that is stopped."""

    registered: ActiveRun
    loose: ActiveRun
    model_bytes: str
    loose_bytes: str


def build(store: Store) -> World:
    with ActiveRun(store, "flights", params={"depth": 8}) as registered:
        registered.log_metric("auc", 0.9)
        model = registered.put_artifact("model", "model", b"model", {})
    with ActiveRun(store, "junk", tags={"team": "ops"}) as loose:
        loose.log_metric("loss", 0.1)
        junk = loose.put_artifact("junk", "file", b"junk", {})
    store.writer.flush()
    store.write(lambda c: _rows(c, registered.id, loose.id, model))
    return World(registered, loose, model, junk)


def _rows(c: sqlite3.Connection, registered: str, loose: str, model: str) -> None:
    now = now_us()
    for text in ("cell of one", "cell of two", "nobody's"):
        c.execute("INSERT INTO text VALUES (?, ?)", (f"digest of {text}", text))
    for version, (run, digest) in enumerate(((registered, "fp1b:aa"), (loose, "fp1b:bb")), 1):
        c.execute(
            "INSERT INTO dataset_version VALUES (?, ?, 's', 1, 1, '{}', NULL, NULL, ?, NULL)", (version, digest, now)
        )
        c.execute("INSERT INTO dataset_file VALUES (?, 'f', 'data.csv', 1, ?)", (version, now))
        row = c.execute("SELECT id FROM run WHERE ulid = ?", (run,)).fetchone()[0]
        c.execute("INSERT INTO run_dataset VALUES (?, ?, 'train', 'X', '')", (row, version))
        source = f"digest of cell of {('one', 'two')[version - 1]}"
        c.execute("UPDATE run SET source = ?, session = ? WHERE id = ?", (source, f"s{version}", row))
        c.execute("INSERT INTO cell VALUES (?, 1, ?, NULL, ?)", (f"s{version}", source, now))
        c.execute("INSERT INTO edge VALUES (?, ?, 'dataset')", (f"run:{run}", f"dataset:{digest}"))
    c.execute("INSERT INTO dataset VALUES (1, 'train-set', ?, NULL)", (now,))
    c.execute("INSERT INTO dataset_name VALUES (1, 1, 1, ?)", (now,))
    c.execute("INSERT INTO model VALUES (1, 'delay', ?, NULL)", (now,))
    c.execute(
        "INSERT INTO version(model, number, run, artifact, format, signature, trusted, framework, actor, created_us)"
        " VALUES (1, 1, ?, ?, 'skops/1', '{}', '[]', '{}', 'person:ada', ?)",
        (registered, model, now),
    )
    c.execute("INSERT INTO deployment VALUES ('api', 1, 1, 'localhost', 80, NULL, NULL, 0, 0, ?, NULL)", (now,))
    for held in (f"run:{registered}", f"artifact:{model}", "dataset:fp1b:aa"):
        c.execute("INSERT INTO hold VALUES ('version:1/1', ?)", (held,))
        c.execute("INSERT INTO edge VALUES ('version:1/1', ?, ?)", (held, held.split(":")[0]))


def age(store: Store, days: float) -> None:
    """As if everything in the trash had been there, and every artifact file had been written, so many days ago."""
    past = now_us() - int(days * DAY_US)
    for table in ("run", "experiment", "dataset", "model", "version", "deployment", "saved_view"):
        store.write(
            lambda c, t=table: c.execute(f"UPDATE {t} SET trashed_us = ? WHERE trashed_us IS NOT NULL", (past,))
        )  # type: ignore[misc]
    for name in store.artifacts.names():
        os.utime(store.artifacts.path(name), (time.time() - days * 86400,) * 2)


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, and the artifact files."""
    tables = [name for (name,) in store.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found: dict[str, list[tuple[object, ...]]] = {
        t: sorted(store.query(f"SELECT * FROM {t}"), key=repr) for t in tables
    }
    found["files"] = [(name, store.artifacts.get(name)) for name in store.artifacts.names()]
    return found
