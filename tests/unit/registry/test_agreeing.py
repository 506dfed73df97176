"""Rows of the registry that were altered behind the log's back show in `audit verify`."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.store.store import Store


@pytest.fixture
def governed(store: Store) -> Store:
    random = np.random.default_rng(0)
    inputs = pd.DataFrame({"a": random.normal(size=400), "b": random.normal(size=400)})
    late = (inputs.a + random.normal(size=400) > 0).astype(int)
    grace = ml.people.add("grace", role="approver", password="correct horse battery")
    assert grace.name == "grace"
    key = ml.people.key("grace")
    ml.people.add("ada", role="editor", system=["root"], password="correct horse battery")
    for i in range(2):
        ml.register("m", LogisticRegression(C=i + 1).fit(inputs[:200], late[:200]), example=inputs[:5])
    ml.gates.define("m", "production", "metric auc >= 0.6")
    for i in range(2):
        ml.evaluate(f"m/{i + 1}", inputs[200:].assign(late=late[200:]))
        ml.stage(f"m/{i + 1}", "staging", reason="a try")
        ml.stage(f"m/{i + 1}", "production", reason="good enough")
    ml.pin("m/1", "eu")
    ml.pin("m/1", "eu", remove=True)
    ml.reject("m/2", reason="not yet", key=key.secret)
    ml.rollback("m")
    store.close()
    return store


def _forced(store: Store, *statements: str) -> None:
    connection = sqlite3.connect(store.path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for sql in statements:
        assert connection.execute(sql).rowcount
    connection.commit()
    connection.close()


def test_a_whole_history_agrees(governed: Store):
    verdict = ml.audit.verify()
    assert verdict.contradictions == ()
    assert verdict.exit_code == 0


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE document SET body = replace(body, '0.6', '0.5')", "revision 1 of the policy of m is not what"),
        ("UPDATE evidence SET dataset = 'fp1b:0' WHERE number = 2", "of m/2 is not what its digest says"),
        ("UPDATE gate_result SET verdict = 'fail' WHERE gate = 'load'", "the gate check"),
        ("UPDATE gate_check SET champion = 7 WHERE stage = 'production' AND number = 2", "of m/2 is not what"),
        ("UPDATE transition SET how = 'gated' WHERE how = 'rollback'", "move 7 of the history is not the one"),
        ("UPDATE transition SET after = 'archived' WHERE id = 1", "move 1 of the history"),
        ("DELETE FROM transition WHERE how = 'rollback'", "the history has 6 moves, the log 7"),
        ("UPDATE approval SET verdict = 'approve'", "approval 1 of the history is not the one"),
        ("DELETE FROM approval", "the history has 0 approvals, the log 1"),
    ],
)
def test_what_was_altered_is_named(governed: Store, sql: str, says: str):
    _forced(governed, sql)
    verdict = ml.audit.verify()
    assert verdict.exit_code == 1
    assert any(says in line for line in verdict.contradictions), verdict.contradictions


def test_evidence_that_was_inserted_is_named(governed: Store):
    _forced(
        governed,
        "INSERT INTO document (kind, model, number, name, revision, body, digest, actor, verified, created_us) "
        "SELECT kind, model, number, 'staging', 1, body || ' ', digest, actor, verified, created_us FROM document",
    )
    assert any("it was altered" in line for line in ml.audit.verify().contradictions)


def test_nothing_to_check_in_a_new_store(store: Store):
    store.write(lambda _: None)
    assert ml.audit.verify().contradictions == ()
