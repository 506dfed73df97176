"""Most looks at a log walk along what was added; what was altered before is found by the next whole walk."""

from __future__ import annotations

import sqlite3

import pytest

from mlops_nb.store.audit import following, verifying
from mlops_nb.store.audit.following import look, seen
from mlops_nb.store.audit.verifying import Walk, walk_on
from mlops_nb.store.store import Store


def _changes(store: Store, count: int) -> None:
    for i in range(count):
        store.change(lambda c: None, "add", f"key:{i}")


def _force(store: Store, statement: str) -> None:
    connection = sqlite3.connect(store.path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    connection.close()


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each walk looked at."""
    counted: list[int] = []
    walk = verifying._walk

    def counting(connection: object, store: str, anchored: object, known: Walk) -> Walk:
        found = walk(connection, store, anchored, known)  # type: ignore[arg-type]
        counted.append(found.rows - known.rows)
        return found

    monkeypatch.setattr(verifying, "_walk", counting)
    return counted


def test_only_what_was_added_is_walked_along(store: Store, walked: list[int]):
    _changes(store, 5)
    assert seen(store) is None
    first = look(store)
    _changes(store, 3)
    second = look(store)
    assert (first.verdict.rows, second.verdict.rows, walked) == (6, 9, [6, 3])
    assert first.whole_us == first.at_us == second.whole_us < second.at_us
    assert second.verdict == store.verify_audit()
    assert seen(store) == second
    assert look(store, whole=True).whole_us > second.at_us
    assert walked[-1] == 9


def test_all_of_it_is_walked_along_when_that_is_due(store: Store, walked: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(following, "_WHOLE_EVERY_S", 0.0)
    monkeypatch.setattr(following, "_REST", 0.0)
    _changes(store, 5)
    look(store)
    look(store)
    assert walked == [6, 6]


@pytest.mark.parametrize(
    ("damage", "row"),
    [
        ("UPDATE audit SET actor = 'person:eve' WHERE seq = 6", 6),
        ("UPDATE audit SET digest = CAST(x'ff' AS TEXT) WHERE seq = 6", 6),
        ("DELETE FROM audit WHERE seq = 6", 0),
        ("DELETE FROM audit WHERE seq = 8", 9),
    ],
)
def test_what_happens_to_the_rows_that_are_looked_at_is_found_at_once(store: Store, damage: str, row: int):
    _changes(store, 5)
    look(store)
    if row != 6 and "= 6" not in damage:
        _changes(store, 3)
    _force(store, damage)
    if damage.startswith("UPDATE audit SET actor"):
        # An earlier row, whose digest stands: the next whole walk.
        assert look(store).verdict.fault == ""
        assert look(store, whole=True).verdict.row == row
        return
    found = look(store).verdict
    assert (found.row, found.fault) == (row, store.verify_audit().fault)
    assert found.fault


def test_after_a_fault_every_look_is_a_whole_one(store: Store, walked: list[int]):
    _changes(store, 5)
    _force(store, "UPDATE audit SET actor = 'person:eve' WHERE seq = 3")
    assert [look(store).verdict.row for _ in range(2)] == [3, 3]
    assert walked == [3, 3]


def test_another_file_in_its_place_is_walked_along_from_the_beginning(store: Store, walked: list[int]):
    _changes(store, 5)
    look(store)
    store.close()
    content = store.path.read_bytes()
    store.path.rename(store.path.with_suffix(".old"))
    store.path.write_bytes(content)
    look(store)
    assert walked == [6, 6]


def test_an_anchor_that_was_moved_away_and_one_that_does_not_fit(store: Store):
    _changes(store, 5)
    look(store)
    store.anchor.write_text(f"3 {'0' * 64}\n")
    assert look(store).verdict.row == 3
    with store.reading() as connection:
        whole = walk_on(connection, store.anchor, Walk())[0]
    assert whole.row == 3
