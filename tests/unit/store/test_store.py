"""Opening and reading: lazily, without a trace, and never with a write lock."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import Corrupt, InvalidInput, MlopsError, StoreError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store import migrating
from mlops_nb.store.store import Store

GOLDEN = Path(__file__).parents[2] / "fixtures" / "store_format_1.db"


def test_reading_an_empty_store_answers_empty_and_leaves_no_trace(store: Store):
    assert store.query("SELECT * FROM run") == []
    assert list(ml.runs()) == []
    assert list(ml.datasets()) == []
    assert ml.sql("SELECT * FROM metrics").rows == ()
    assert ml.db.check().problems == ()
    assert ml.db.gc().runs == 0
    ml.doctor()
    assert not store.folder.exists()
    assert not store.folder.parent.exists()


def test_a_new_store_is_quick(store: Store):
    begun = time.perf_counter()
    store.write(lambda _: None)
    assert time.perf_counter() - begun < 1.0  # 0.02 s on an idle machine


def test_an_empty_file_reads_as_empty_and_becomes_a_store(store: Store):
    store.folder.mkdir(parents=True)
    store.path.touch()
    assert store.query("SELECT * FROM run") == []
    assert store.path.stat().st_size == 0
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"))
    assert store.query("SELECT name FROM key") == [("a",)]


def test_a_text_file_is_refused_in_one_line(store: Store):
    store.folder.mkdir(parents=True)
    store.path.write_text("dear diary, " * 1000)
    for act in (
        lambda: store.query("SELECT 1 FROM run"),
        lambda: store.write(lambda _: None),
        lambda: ml.sql("SELECT 1 FROM runs"),
    ):
        with pytest.raises(Corrupt) as caught:
            act()
        assert str(store.path) in str(caught.value)
        assert "backups/" in str(caught.value)
        assert "\n" not in str(caught.value)
    found = ml.db.check()
    assert found.exit_code == 1
    assert "not a database" in found.problems[0]
    assert store.path.read_text().startswith("dear diary")


def test_another_programs_database_is_left_alone(store: Store):
    store.folder.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs(a)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        store.write(lambda _: None)
    with pytest.raises(StoreError, match="another program"):
        store.query("SELECT 1")
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    other.close()


def test_a_newer_format_is_refused_with_the_version_it_needs(store: Store):
    store.write(lambda c: c.execute("PRAGMA user_version"))
    store.close()
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    for act in (lambda: store.query("SELECT 1"), lambda: store.write(lambda _: None), ml.db.migrate, ml.runs):
        with pytest.raises(
            StoreError, match=f"format 99.*expected format {migrating.newest()} or older.*pip install --upgrade"
        ):
            act()
    assert "format 99" in ml.db.check().problems[0]


def test_a_reader_never_waits_for_a_writer_and_takes_no_lock(store: Store):
    with ActiveRun(store, "a") as run:
        run.log_metric("x", 1.0)
    store.writer.flush()
    locked = sqlite3.connect(store.path, isolation_level=None, timeout=0)
    locked.execute("BEGIN IMMEDIATE")
    try:
        for _ in range(200):
            begun = time.perf_counter()
            assert store.query("SELECT count(*) FROM run") == [(1,)]
            assert len(ml.runs()) == 1
            assert time.perf_counter() - begun < 2
        with store.reading() as connection:
            assert connection.execute("PRAGMA query_only").fetchone() == (1,)
            for attempt in ("BEGIN IMMEDIATE", "DELETE FROM run", "PRAGMA query_only = 0; DELETE FROM run"):
                with pytest.raises(sqlite3.Error):
                    connection.executescript(attempt)
    finally:
        locked.execute("ROLLBACK")
    # While readers are open and reading, a writer that does not wait gets its lock every time.
    stop = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        while not stop.is_set():
            try:
                store.query("SELECT count(*) FROM metric")
            except BaseException as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(300):
            locked.execute("BEGIN IMMEDIATE")
            locked.execute("COMMIT")
    finally:
        stop.set()
        reader.join()
        locked.close()
    assert failures == []


def test_a_replaced_file_is_noticed_by_readers_and_by_the_writer(store: Store, tmp_path: Path):
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('old')"))
    assert store.query("SELECT name FROM key") == [("old",)]
    shutil.rmtree(store.folder)
    assert store.query("SELECT name FROM key") == []
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('new')"))
    assert store.query("SELECT name FROM key") == [("new",)]


def test_a_run_whose_store_was_deleted_does_not_write_into_another_run(store: Store):
    first = ActiveRun(store, "a")
    first.log_metric("x", 1.0)
    store.writer.flush()
    shutil.rmtree(store.folder)
    with ActiveRun(store, "b") as second:  # gets the number that the first had
        second.log_metric("y", 2.0)
        store.writer.flush()
        first.log_metric("x", 3.0)
        first.log_params(depth=8)
        first.end("finished")
        store.writer.flush()
    store.writer.flush()
    assert store.query("SELECT run, metric FROM metrics") == [(second.id, "y")]
    assert store.query("SELECT * FROM params") == []
    assert first.unsaved is not None
    assert "no longer in the store" in first.unsaved.line()


def test_the_golden_store_of_format_1_opens(store: Store):
    store.folder.mkdir(parents=True)
    shutil.copy(GOLDEN, store.path)
    (run,) = ml.runs()
    assert run.metrics["auc"] == 0.875
    assert run.params == {"depth": 8, "rate": 0.1, "model": "hgb", "shuffle": True}
    assert run.tags == {"team": "ops"}
    assert ml.sql("SELECT value, least, greatest, points FROM metrics WHERE metric = 'loss'").rows == (
        (0.25, 0.25, 1.0, 3),
    )
    # It came without an anchor; bringing it up to date was recorded, and that was anchored.
    assert store.query("SELECT action FROM audit ORDER BY seq DESC LIMIT 1") == [("migrate",)]
    assert store.verify_audit().fault == ""
    ml.note("last", "still writable")
    assert store.verify_audit().fault == ""
    assert ml.db.check().problems == ()


def test_sql_reads_and_nothing_else(store: Store, tmp_path: Path):
    with ActiveRun(store, "a", params={"depth": 8}):
        pass
    assert ml.sql("SELECT value FROM params").rows == (("8",),)
    refused = (
        "DELETE FROM run",
        "PRAGMA query_only = 0",
        f"ATTACH '{tmp_path}/other.db' AS o",
        f"VACUUM INTO '{tmp_path}/copy.db'",
        "SELECT 1; DROP TABLE run",
        "nonsense",
        "SELECT '\ud800'",
        "",
    )
    for query in refused:
        with pytest.raises(InvalidInput) as caught:
            ml.sql(query)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.db"))
    assert (
        len(ml.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 20000").rows)
        == 10_000
    )
    # No read transaction was left open: the writer can start its log again.
    busy = store.write(lambda c: c.execute("PRAGMA user_version").fetchone())
    assert busy == (migrating.newest(),)


def test_a_value_that_no_store_can_hold_is_refused_in_one_line(store: Store):
    for value in ("\ud800", 2**70):
        with pytest.raises(MlopsError, match="can't be in a store"):
            store.query("SELECT * FROM run WHERE ulid = ?", (value,))


def test_threads_read_at_once(store: Store):
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(store.query("SELECT name FROM key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[("a",)]] * 8


def test_db_is_a_sqlite_utils_database(store: Store):
    database = store.db
    assert "run" in database.table_names()
    database.close()
