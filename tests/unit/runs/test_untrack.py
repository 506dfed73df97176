from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.runs.untrack import captured
from mlops_nb.store.store import Store


@pytest.fixture
def run(store: Store) -> ActiveRun:
    with ActiveRun(store, "a", params={"depth": 8, "a.b": 1}, tags={"team": "ops"}) as run:
        run.log_metric("auc", 0.9)
        run.log_metric("loss", 0.1)
        run.put_values({"n": 3.0})
        run.log_artifact(b"x", "file")
    store.writer.flush()
    return run


def test_each_kind_can_be_dropped_and_the_rest_stays(store: Store, run: ActiveRun):
    everything = captured(store, run.id)
    assert sorted(everything) == [
        "artifacts.file",
        "metrics.auc",
        "metrics.loss",
        "params.a.b",
        "params.depth",
        "tags.team",
        "values.n",
    ]
    for what in everything:
        ml.untrack(run.id, what)
        everything = [one for one in everything if one != what]
        assert captured(store, run.id) == everything
    assert store.query("SELECT count(*) FROM point") == [(0,)]
    assert store.query("SELECT count(*) FROM audit WHERE action = 'untrack'") == [(7,)]
    assert ml.db.check().problems == ()


def test_refusals(run: ActiveRun):
    with pytest.raises(NotFound, match=r"did you mean 'metrics.auc'"):
        ml.untrack(run.id, "metrics.acu")
    for bad in ("", "metrics", "metrics.", "nothing.auc", "auc", "\ud800.x"):
        with pytest.raises(InvalidInput, match="does not say what to drop"):
            ml.untrack(run.id, bad)
    with pytest.raises(NotFound):
        ml.untrack("01ZZZZZZZZZZZZZZZZZZZZZZZZ", "metrics.auc")


def test_what_a_version_needs_stays(store: Store, run: ActiveRun):
    def register(c):  # type: ignore[no-untyped-def]
        c.execute("INSERT INTO model VALUES (1, 'delay', 1, NULL)")
        c.execute(
            "INSERT INTO version(model, number, artifact, format, signature, trusted, framework, actor,"
            " created_us, trashed_us) SELECT 1, 1, digest, '', '', '', '', '', 1, 1 FROM artifact"
        )
        c.execute("INSERT INTO hold VALUES ('version:1/1', ?)", (f"run:{run.id}",))

    store.write(register)
    with pytest.raises(Refused, match="needed by version delay/1"):
        ml.untrack(run.id, "artifacts.file")
    ml.untrack(run.id, "metrics.auc")
