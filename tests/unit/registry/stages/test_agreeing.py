"""`audit verify` names what stands elsewhere than its history says, and what was altered in the history."""

from __future__ import annotations

import sqlite3

import pytest

import mlops_nb as ml
from mlops_nb.store.store import Store

from .making import versions


@pytest.fixture
def lived(store: Store) -> Store:
    """A store with every kind of move, two models, a new name and a version in the trash."""
    versions("m", 3)
    versions("other", 1)
    ml.stage("other/1", "staging", reason="a try")
    for number in (1, 2, 3):
        ml.stage(f"m/{number}", "production", reason="better")
    ml.pin("m/1", "eu", reason="for Europe")
    ml.pin("m/2", "eu")
    ml.pin("m/2", "us")
    ml.pin("m/2", "us", remove=True)
    ml.stage("other/1", "none", reason="not now")
    ml.rollback("m")
    ml.rename("m", "n", kind="model")
    ml.trash("n/1", kind="version")
    return store


def forced(store: Store, sql: str) -> None:
    """A change by somebody who goes around the code and its triggers."""
    store.close()
    connection = sqlite3.connect(store.path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DROP INDEX one_champion")
    assert connection.execute(sql).rowcount > 0
    connection.commit()
    connection.close()


def test_a_history_that_was_lived_agrees(lived: Store):
    assert ml.audit.verify().contradictions == ()


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            "UPDATE placement SET stage = 'production' WHERE number = 1",
            "n/1 stands in production, its history says archived",
        ),
        ("DELETE FROM placement WHERE stage = 'production'", "n/2 stands in none, its history says production"),
        ("INSERT INTO placement VALUES (2, 1, 'production', 1)", "other/1 stands in production, its history says none"),
        ("UPDATE placement SET since_us = 1 WHERE number = 2", "n/2 has not stood in production since"),
        ("UPDATE alias SET number = 1", "n@eu is not where its history says"),
        ("DELETE FROM alias", "n@eu is not where its history says"),
        ("INSERT INTO alias VALUES (1, 'us', 1, 1)", "n@us is not where its history says"),
        (
            "UPDATE transition SET at_us = at_us - 1 WHERE id = 1",
            "move 1 of the history, of version:2/1, has another moment",
        ),
        (
            "UPDATE transition SET actor = 'person:eve' WHERE id = 2",
            "move 2 of the history, of version:1/1, has another",
        ),
        ("UPDATE transition SET verified = 'key' WHERE id = 2", "move 2 of the history"),
        ("UPDATE transition SET reason = 'x' WHERE id = 2", "move 2 of the history"),
        ("UPDATE transition SET reason = 'x' WHERE alias = 'eu' AND after = '1'", "of version:1/1, has another"),
        ("DELETE FROM transition WHERE how = 'replaced' AND number = 1", "whether version:1/1 was replaced"),
        ("UPDATE transition SET number = 3 WHERE how = 'replaced' AND number = 1", "whether version:1/1 was replaced"),
    ],
)
def test_what_was_altered_is_named(lived: Store, sql: str, says: str):
    forced(lived, sql)
    found = ml.audit.verify()
    assert found.exit_code == 1
    assert any(says in line for line in found.contradictions), found.contradictions
