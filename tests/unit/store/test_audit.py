"""The audit log: it can't be changed by statements, and what is changed by force shows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.store.store import Store

INSERT = "INSERT INTO audit SELECT {}, time_us, actor, action, subject, detail, {}, digest FROM audit WHERE seq = {}"
STATEMENTS = (
    "UPDATE audit SET actor = 'x'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 2",
    "INSERT OR REPLACE INTO audit"
    " SELECT 2, time_us, actor, action, subject, detail, previous, digest FROM audit WHERE seq = 3",
    "INSERT INTO audit VALUES (0, 0, '', '', '', '', '', '')",
)


def _changes(store: Store, count: int) -> None:
    for i in range(count):
        store.change(lambda c, i=i: c.execute("INSERT INTO key(name) VALUES (?)", (f"{i}",)), "add", f"key:{i}", n=i)  # type: ignore[misc]


def _force(store: Store, *statements: str) -> None:
    """As somebody with the file would: without the triggers."""
    connection = sqlite3.connect(store.path, isolation_level=None)
    for trigger in ("audit_no_update", "audit_no_delete", "audit_at_end"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_it_is_append_only(store: Store, statement: str):
    _changes(store, 5)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store.write(lambda c: c.execute(statement))
    assert store.verify_audit() == store.verify_audit()
    assert (store.verify_audit().rows, store.verify_audit().anchored, store.verify_audit().fault) == (6, 6, "")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET actor = 'person:eve' WHERE seq = 3", "row 3 was altered"),
        ("UPDATE audit SET detail = '{}' WHERE seq IN (4, 5)", "row 4 was altered"),
        ("UPDATE audit SET time_us = time_us + 1 WHERE seq = 1", "row 1 was altered"),
        ("DELETE FROM audit WHERE seq = 3", "row 4 does not follow row 2"),
        ("DELETE FROM audit WHERE seq = 1", "row 2 does not follow row 0"),
        (
            INSERT.format(0, "''", 1),
            "row 0",
        ),
        (
            INSERT.format(7, "digest", 6),
            "row 7",
        ),
        ("DELETE FROM audit WHERE seq > 4", "ends at row 4, but row 6 was anchored: its tail was cut"),
        ("DELETE FROM audit", "empty"),
        ("UPDATE project SET id = 'another'", "row 1 belongs to another store"),
    ],
)
def test_what_was_done_by_force_is_named(store: Store, statement: str, told: str):
    _changes(store, 5)
    _force(store, statement)
    fault = store.verify_audit().fault
    assert told in fault
    assert fault in ml.db.check().problems
    assert ml.doctor().exit_code == 1


def test_a_log_rewritten_with_good_digests_is_found_by_the_anchor(store: Store):
    _changes(store, 3)
    anchor = store.anchor.read_bytes()
    _force(store, "DELETE FROM audit WHERE seq > 2")
    store.anchor.unlink()
    _changes_again = store.change(lambda c: None, "other", "x")
    store.change(lambda c: None, "other", "y")
    assert _changes_again is None
    assert store.verify_audit().fault == ""
    store.anchor.write_bytes(anchor)
    assert "row 4 is not the one that was anchored" in store.verify_audit().fault


@pytest.mark.parametrize("content", [b"", b"garbage", b"12", b"x y", b"\xff\xfe\x00", b"1 2 3", b"9" * 100_000])
def test_a_garbled_anchor_is_one_line_and_stops_nothing(store: Store, content: bytes):
    _changes(store, 2)
    store.anchor.write_bytes(content)
    _changes(store, 0)
    store.change(lambda c: None, "other", "x")
    (problem,) = ml.db.check().problems
    assert "audit.anchor can't be read" in problem
    assert "\n" not in problem
    assert store.anchor.read_bytes() == content


def test_a_missing_anchor_is_said_until_the_next_change(store: Store):
    _changes(store, 2)
    store.anchor.unlink()
    (problem,) = ml.db.check().problems
    assert "audit.anchor is missing" in problem
    store.change(lambda c: None, "other", "x")
    assert ml.db.check().problems == ()


def test_a_folder_in_its_place_does_not_make_a_change_seem_failed(store: Store):
    _changes(store, 1)
    store.anchor.unlink()
    store.anchor.mkdir()
    store.change(lambda c: c.execute("INSERT INTO key(name) VALUES ('kept')"), "add", "key")
    assert store.query("SELECT count(*) FROM key WHERE name = 'kept'") == [(1,)]
    assert "can't be read" in store.verify_audit().fault


def test_a_refused_change_leaves_no_row(store: Store):
    _changes(store, 1)

    def refuse(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO key(name) VALUES ('half')")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.change(refuse, "add", "key")
    assert store.verify_audit().rows == 2
    assert store.query("SELECT count(*) FROM key") == [(1,)]


def test_an_actor_of_bytes_that_are_no_text(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLOPS_NB_ACTOR", "person:\udcff\udcfe")
    _changes(store, 1)
    assert store.verify_audit().fault == ""


CHANGES = """
import sys
from pathlib import Path
from mlops_nb.store.audit import anchor
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
seen = 0
for i in range(60):
    store.change(lambda c: None, "add", f"{sys.argv[2]}/{i}")
    now = anchor.read(store.anchor).rows
    assert now >= seen, (now, seen)
    seen = now
"""


def test_an_anchor_never_goes_back_with_eight_processes(store: Store):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    processes = [
        subprocess.Popen([sys.executable, "-c", CHANGES, store.folder, str(i)], env=environment, stderr=subprocess.PIPE)
        for i in range(8)
    ]
    assert [(p.communicate()[1], p.returncode) for p in processes] == [(b"", 0)] * 8
    verdict = store.verify_audit()
    assert (verdict.rows, verdict.anchored, verdict.fault) == (481, 481, "")
    assert [p.name for p in Path(store.folder).glob(".new-*")] == []
