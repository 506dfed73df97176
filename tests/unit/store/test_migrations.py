"""Opening an older store: once, whole, and with a backup before."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import StoreError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store import migrating
from mlops_nb.store.store import Store, open_store

SECOND = "CREATE TABLE second(a TEXT);\nINSERT INTO second SELECT name FROM key;\n"


@pytest.fixture
def second_step() -> Iterator[None]:
    """A version of mlops_nb that has one more step."""
    first = migrating.steps()
    before = migrating.steps
    migrating.steps = lambda: (*first, (first[-1][0] + 1, SECOND))  # type: ignore[assignment]
    yield
    migrating.steps = before


def _python(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_step_runs_once_with_a_backup_and_a_row_in_the_audit_log(store: Store, second_step: None):
    newer = migrating.newest()
    migrating.steps, newest_steps = (lambda: newest_steps()[:-1]), migrating.steps  # type: ignore[assignment]
    with ActiveRun(store, "a", params={"depth": 8}):
        pass
    store.close()
    assert store.query("PRAGMA user_version") == [(newer - 1,)]
    migrating.steps = newest_steps
    found = ml.db.migrate()
    assert (found.before, found.after) == (newer - 1, newer)
    with contextlib.closing(sqlite3.connect(found.backup)) as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (newer - 1,)
        assert backup.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert backup.execute("SELECT count(*) FROM run").fetchone() == (1,)
    assert store.query("SELECT a FROM second") == [("depth",)]
    assert store.query("SELECT action FROM audit ORDER BY seq") == [("create",), ("migrate",)]
    again = ml.db.migrate()
    assert (again.before, again.after, again.backup) == (newer, newer, "")
    assert len(list((store.folder / "backups").iterdir())) == 1
    assert store.verify_audit().fault == ""


def test_a_read_brings_an_older_store_up_to_date(store: Store, second_step: None):
    newest_steps = migrating.steps
    migrating.steps = lambda: newest_steps()[:-1]  # type: ignore[assignment]
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"))
    store.close()
    migrating.steps = newest_steps
    assert store.query("SELECT a FROM second") == [("a",)]
    assert len(list((store.folder / "backups").iterdir())) == 1


def test_a_step_that_fails_leaves_the_old_format(store: Store, second_step: None):
    newest_steps = migrating.steps
    migrating.steps = lambda: newest_steps()[:-1]  # type: ignore[assignment]
    store.write(lambda _: None)
    store.close()
    broken = (*newest_steps()[:-1], (newest_steps()[-1][0], "CREATE TABLE half(a);\nINSERT INTO nowhere VALUES (1);\n"))
    migrating.steps = lambda: broken  # type: ignore[assignment]
    with pytest.raises(StoreError, match="nowhere"):
        store.write(lambda _: None)
    store.close()
    migrating.steps = lambda: newest_steps()[:-1]  # type: ignore[assignment]
    assert store.query("SELECT count(*) FROM sqlite_master WHERE name = 'half'") == [(0,)]


OPEN = """
import sys, time
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
time.sleep(max(0, float(sys.argv[2]) - time.time()))
store.write(lambda c: c.execute("INSERT INTO key(name) VALUES (?)", (sys.argv[3],)))
"""


def test_twelve_processes_open_a_new_store_at_once(tmp_path: Path):
    at = time.time() + 2
    processes = [_python(OPEN, tmp_path, at, i) for i in range(12)]
    assert [(p.wait(60), p.communicate()[1]) for p in processes] == [(0, "")] * 12
    store = open_store(tmp_path)
    assert store.query("SELECT count(*) FROM key") == [(12,)]
    assert store.query("SELECT count(*) FROM project") == [(1,)]
    assert store.query("SELECT action FROM audit") == [("create",)]
    assert store.verify_audit().fault == ""


MIGRATE = r"""
import sys
from mlops_nb.store import migrating
from mlops_nb.store.store import open_store
first = migrating.steps()
fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 20000"
slow = "".join(f"CREATE TABLE t{i}(a); INSERT INTO t{i} {fill};\n" for i in range(200))
migrating.steps = lambda: (*first, (first[-1][0] + 1, slow))
store = open_store(sys.argv[1])
print("go", flush=True)
store.write(lambda _: None)
print("done", flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2, 0.4])
def test_a_kill_in_the_middle_leaves_the_old_format(store: Store, after_s: float):
    with ActiveRun(store, "a"):
        pass
    store.close()
    process = _python(MIGRATE, store.folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0]
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        found = migrating.format_of(connection)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name GLOB 't[0-9]*'").fetchone()[0]
        assert (found, tables) in ((migrating.newest(), 0), (migrating.newest() + 1, 200))
        assert rest == "" or found == migrating.newest() + 1
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    if found == migrating.newest():
        assert ml.db.check().problems == ()
        assert len(ml.runs()) == 1
