"""The audit log under attack and accident: `audit verify` names the first bad row and says what it can't prove."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.faces.cli import main
from mlops_nb.store.audit import anchor, chain
from mlops_nb.store.audit.chain import ROWS, Head, row_digest
from mlops_nb.store.audit.model import Verdict
from mlops_nb.store.store import Store, open_store

TRIGGERS = ("audit_no_update", "audit_no_delete", "audit_at_end")
APPEND_ONLY = (
    "UPDATE audit SET actor = 'person:eve'",
    "UPDATE audit SET seq = seq + 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 2",
    "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
    "REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
    "INSERT INTO audit VALUES (0, 0, 'person:eve', 'add', 'key:0', '{}', '', '')",
    "INSERT INTO audit SELECT * FROM audit WHERE seq = 2 ON CONFLICT(seq) DO UPDATE SET actor = 'person:eve'",
)


def _changes(store: Store, count: int) -> None:
    for i in range(count):
        store.change(lambda c: None, "add", f"key:{i}", n=i)


def _force(path: Path, *statements: str) -> None:
    """As somebody with the file would: without the triggers."""
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def _verify() -> Verdict:
    found: Verdict = ml.audit.verify()  # type: ignore[attr-defined]
    return found


def _rewrite(path: Path, change: str) -> None:
    """Change rows and compute all digests anew: a chain without a fault."""
    _force(path, change)
    connection = sqlite3.connect(path, isolation_level=None)
    previous = ""
    for number, row in enumerate(connection.execute(ROWS).fetchall(), 1):
        digest = row_digest(previous, (number, *row[1:6]))
        connection.execute("DELETE FROM audit WHERE seq = ?", (row[0],))
        connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, *row[1:6], previous, digest))
        previous = digest
    connection.close()


def _replace(store: Store, other: Store) -> None:
    """As somebody would who knows that a write-ahead log beside a database counts more than the database."""
    store.close()
    for path in store.folder.glob("store.db*"):
        path.unlink()
    shutil.copy(other.path, store.path)


@pytest.mark.parametrize("statement", APPEND_ONLY)
def test_triggers_refuse_what_would_change_a_row_also_through_sqlite_utils(store: Store, statement: str):
    _changes(store, 3)
    before = store.query(ROWS)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store.write(lambda c: c.execute(statement))
    database = ml.store().db
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    database.conn.rollback()
    database.close()
    assert store.query(ROWS) == before
    assert _verify().exit_code == 0


def test_an_upsert_and_a_delete_of_sqlite_utils_are_refused(store: Store):
    _changes(store, 3)
    database = ml.store().db
    for act in (
        lambda: database["audit"].upsert({"seq": 2, "actor": "person:eve"}, pk="seq"),
        lambda: database["audit"].delete(2),
        lambda: database["audit"].delete_where("seq > 1"),
    ):
        with pytest.raises(sqlite3.IntegrityError):
            act()
    database.close()
    assert _verify().exit_code == 0


@pytest.mark.parametrize(
    ("statement", "row", "said"),
    [
        ("UPDATE audit SET actor = 'person:eve' WHERE seq = 4", 4, "row 4 was altered"),
        ("UPDATE audit SET detail = '{}' WHERE seq >= 3", 3, "row 3 was altered"),
        ("UPDATE audit SET subject = CAST(x'ff00' AS TEXT) WHERE seq = 3", 3, "row 3 was altered"),
        ("UPDATE audit SET detail = x'00' WHERE seq = 5", 5, "row 5 was altered"),
        ("UPDATE audit SET digest = '' WHERE seq = 6", 6, "row 6 was altered"),
        ("DELETE FROM audit WHERE seq = 3", 4, "row 4 does not follow row 2: a row was removed or inserted"),
        ("DELETE FROM audit WHERE seq <= 2", 3, "row 3 does not follow row 0"),
        (
            "INSERT INTO audit SELECT 7, time_us, 'person:eve', action, subject, detail, digest, digest"
            " FROM audit WHERE seq = 6",
            7,
            "row 7 was altered",
        ),
        ("DELETE FROM audit WHERE seq > 4", 0, "ends at row 4, but row 6 was anchored: its tail was cut"),
        ("DELETE FROM audit", 1, "all its rows were removed"),
        ("UPDATE project SET id = '01ANOTHER'", 1, "row 1 belongs to another store: the log was replaced"),
    ],
    ids=range(11),
)
def test_the_first_bad_row_is_named(
    store: Store,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    row: int,
    said: str,
):
    _changes(store, 5)
    _force(store.path, statement)
    verdict = _verify()
    assert (verdict.row, verdict.exit_code) == (row, 1)
    assert said in verdict.fault
    assert "the audit log does not hold" in repr(verdict)
    assert said in repr(verdict)
    assert not any("anchored on" in one for one in verdict.proved)
    if row > 1:
        assert verdict.proved[0].startswith(f"{row - 1} row")
    monkeypatch.setenv("MLOPS_NB_STORE", str(store.folder))
    with pytest.raises(SystemExit) as left:
        main(["audit", "verify"])
    assert left.value.code == 1
    assert said in capsys.readouterr().out
    assert verdict.fault in ml.db.check().problems  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change", ["UPDATE audit SET actor = 'person:eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 3"]
)
def test_a_log_that_was_written_anew_holds_without_its_anchor_and_is_found_with_it(store: Store, change: str):
    _changes(store, 5)
    _rewrite(store.path, change)
    _changes(store, 2)
    verdict = _verify()
    assert "row 6 is not the one that was anchored" in verdict.fault
    assert verdict.row == 6
    store.anchor.unlink()
    without = _verify()
    assert without.row == 0
    assert "is missing" in without.fault
    assert "no anchor: a cut tail, and a log that was written anew, are not excluded" in without.unproved
    assert not any("anchored on" in one for one in without.proved)


def test_changes_after_a_cut_do_not_hide_it(store: Store):
    _changes(store, 5)
    _force(store.path, "DELETE FROM audit WHERE seq > 4")
    _changes(store, 4)
    assert anchor.read(store.anchor).rows == 6
    assert (_verify().row, "row 6 is not the one that was anchored" in _verify().fault) == (6, True)


def test_another_stores_database_in_this_ones_place(store: Store, tmp_path: Path):
    _changes(store, 5)
    other = open_store(tmp_path / "other" / ".mlops")
    _changes(other, 9)
    other.close()
    _replace(store, other)
    assert "row 6 is not the one that was anchored: the log was rewritten, or the database was replaced" in (
        _verify().fault
    )


def test_another_stores_shorter_database_and_a_fresh_one(store: Store, tmp_path: Path):
    _changes(store, 5)
    other = open_store(tmp_path / "other" / ".mlops")
    _changes(other, 1)
    other.close()
    _replace(store, other)
    said = "but row 6 was anchored: its tail was cut, or the database was replaced"
    assert said in _verify().fault
    store.close()
    for path in store.folder.glob("store.db*"):
        path.unlink()
    _changes(store, 1)  # made anew by the next write: it must not take the anchor over
    assert anchor.read(store.anchor).rows == 6
    assert said in _verify().fault
    assert _verify().exit_code == 1


def test_an_older_anchor_proves_less_and_a_newer_one_finds_the_cut(store: Store):
    _changes(store, 3)
    older = store.anchor.read_bytes()
    _changes(store, 3)
    newer = store.anchor.read_bytes()
    store.anchor.write_bytes(older)
    verdict = _verify()
    assert (verdict.rows, verdict.anchored, verdict.exit_code) == (7, 4, 0)
    assert "3 rows after the anchor: that more followed is not excluded" in verdict.unproved
    assert any(one.startswith("row 4 is the one that was anchored on 20") for one in verdict.proved)
    _force(store.path, "DELETE FROM audit WHERE seq > 5")
    assert _verify().contradictions == ("what row 6 of the audit log concerns is not what is kept of it",)
    _force(store.path, "DELETE FROM audit_node WHERE seq > 5")
    assert _verify().exit_code == 0, "what an old anchor does not know is not missed"
    store.anchor.write_bytes(newer)
    assert "ends at row 5, but row 7 was anchored" in _verify().fault


@pytest.mark.parametrize("content", [b"", b"garbage", b"6 x y", b"\xff\xfe", b"9" * 100_000, b"-1 " + b"0" * 64])
def test_a_garbled_anchor_is_said_and_the_chain_is_walked_all_the_same(store: Store, content: bytes):
    _changes(store, 5)
    store.anchor.write_bytes(content)
    verdict = _verify()
    assert (verdict.rows, verdict.row, verdict.exit_code) == (6, 0, 1)
    assert len(verdict.fault.splitlines()) == 1
    _force(store.path, "UPDATE audit SET actor = 'person:eve' WHERE seq = 3")
    assert (_verify().row, "row 3 was altered" in _verify().fault) == (3, True)


def test_a_clock_that_goes_back_is_flagged_and_no_fault(store: Store, monkeypatch: pytest.MonkeyPatch):
    _changes(store, 2)
    now = store.query("SELECT max(time_us) FROM audit")[0][0]
    monkeypatch.setattr(chain, "now_us", lambda: now - 90_000_000)
    _changes(store, 1)
    verdict = _verify()
    assert verdict.notes == ("the clock went back by 90.0 s before row 4",)
    assert verdict.exit_code == 0
    assert "the clock went back" in repr(verdict)
    assert "the clock went back" in verdict._repr_html_()


WRITES = """
import sys
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
for i in range(int(sys.argv[3])):
    store.change(lambda c: None, "add", f"{sys.argv[2]}/{i}", why=f"because {i}")
"""


def _writer(store: Store, name: str, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITES, str(store.folder), name, str(count)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once_make_one_chain_and_who_verifies_meanwhile_sees_no_fault(store: Store):
    _changes(store, 1)
    writers = [_writer(store, name, 40) for name in ("a", "b")]
    verdicts = []
    while any(writer.poll() is None for writer in writers):
        verdicts.append(_verify())
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0)] * 2
    assert [verdict.fault for verdict in verdicts if verdict.fault] == []
    assert [verdict.rows for verdict in verdicts] == sorted(verdict.rows for verdict in verdicts)
    last = _verify()
    assert (last.rows, last.anchored, last.exit_code) == (82, 82, 0)
    subjects = [row.subject for row in ml.audit(limit=1000)]
    assert len({s for s in subjects if s[0] in "ab"}) == 80
    assert store.query("SELECT count(*) FROM reason") == [(80,)]


KILLED = """
import os, signal, sys
from mlops_nb.store.audit import anchor
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
store.change(lambda c: None, "add", "key:1")
anchor.write = lambda head, path: os.kill(os.getpid(), signal.SIGKILL)
store.change(lambda c: None, "add", "key:2")
"""


def test_killed_between_commit_and_anchor_nothing_is_lost_and_the_next_change_anchors_it(store: Store):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.folder)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    verdict = _verify()
    assert (verdict.rows, verdict.anchored, verdict.exit_code) == (3, 2, 0)
    assert "1 row after the anchor: that more followed is not excluded" in verdict.unproved
    store.change(lambda c: None, "add", "key:3")
    assert (_verify().rows, _verify().anchored) == (4, 4)


def test_killed_before_the_first_anchor(store: Store):
    _changes(store, 1)
    store.anchor.unlink()
    assert anchor.read(store.anchor) == Head(0, "")
    assert "can't be said until the next change is anchored" in _verify().fault
    _changes(store, 1)
    assert _verify().exit_code == 0


def test_a_log_of_many_rows_is_walked_without_holding_them(store: Store):
    _changes(store, 1)

    def many(connection: sqlite3.Connection) -> None:
        seq, previous = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        rows = []
        for number in range(seq + 1, 20_001):
            fields = (number, number, "job:nightly", "add", f"key:{number}", "{}")
            digest = row_digest(previous, fields)
            rows.append((*fields, previous, digest))
            previous = digest
        connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    store.write(many)
    verdict = _verify()
    assert (verdict.rows, verdict.anchored, verdict.fault) == (20_000, 2, "")
    assert len(verdict.notes) == 1
    assert [row.seq for row in ml.audit(limit=3, after="10")] == [9, 8, 7]
