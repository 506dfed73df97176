"""The one writer: batches, neighbours, waiting, threads, forks and exits."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.errors import InvalidInput, StoreError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store, open_store


def _put(name: str) -> Any:
    return lambda c: c.execute("INSERT INTO key(name) VALUES (?) RETURNING id", (name,)).fetchone()[0]


def _names(store: Store) -> set[str]:
    return {name for (name,) in store.query("SELECT name FROM key")}


def _python(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


class _Stop(BaseException):
    pass


def _raise(error: BaseException) -> Any:
    def action(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO key(name) VALUES ('half')")
        raise error

    return action


@pytest.mark.parametrize(
    "bad",
    [
        lambda c: c.execute("INSERT INTO nowhere VALUES (1)"),
        lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"),
        lambda c: c.execute("INSERT INTO key(name) VALUES (?)", (2**70,)),
        lambda c: c.execute("INSERT INTO key(name) VALUES (?)", ("\ud800",)),
        lambda c: c.execute("INSERT INTO key(name) VALUES (?)", (object(),)),
        lambda c: c.execute("INSERT INTO key(name) VALUES (zeroblob(2000000000))"),
        _raise(ValueError("no")),
        _raise(InvalidInput("no")),
        _raise(_Stop()),
        _raise(KeyboardInterrupt()),
        _raise(SystemExit(3)),
        _raise(MemoryError()),
    ],
)
def test_a_refused_operation_hurts_no_neighbour(store: Store, bad: Any):
    store.write(_put("a"))
    before, refused, after = store.submit(_put("b")), store.submit(bad), store.submit(_put("c"))
    store.writer.flush()
    assert isinstance(before.result(0), int)
    assert isinstance(after.result(0), int)
    assert refused.exception(0) is not None
    assert _names(store) == {"a", "b", "c"}
    assert store.writer.idle
    with pytest.raises(type(refused.exception(0))):  # type: ignore[arg-type]
        store.write(bad)


def test_cancelled_operations_do_not_run_and_do_not_stop_the_thread(store: Store):
    store.write(lambda _: None)
    futures: list[Future[Any]] = [store.submit(_put(str(i))) for i in range(100)]
    cancelled = {str(i) for i, future in enumerate(futures) if i % 2 and future.cancel()}
    store.writer.flush()
    assert len(cancelled) == 50
    assert _names(store) == {str(i) for i in range(100)} - cancelled

    def cancels_itself(connection: sqlite3.Connection) -> None:
        waiting[0].cancel()

    waiting = [store.submit(cancels_itself)]
    store.write(_put("after"))
    assert "after" in _names(store)


def test_a_thread_woken_for_nothing_does_not_touch_the_store(store: Store):
    for _ in range(3):
        store.writer.wake()
        store.writer._thread.join(0.2)
    assert store.writer.idle
    assert not store.exists
    store.close()


def test_flush_means_on_disk(store: Store):
    other = open_store(store.folder / ".." / ".mlops")
    for i in range(50):
        store.submit(_put(str(i)))
        store.writer.flush()
        assert store.writer.idle
        assert other.query("SELECT count(*) FROM key") == [(i + 1,)]
    other.close()


def test_a_read_never_misses_own_writes(store: Store):
    """Eight threads write and read at once: each must see all of its own."""
    run = ActiveRun(store, "a")
    missed: list[str] = []

    def hammer(me: int) -> None:
        for i in range(120):
            if i % 3:
                store.submit(_put(f"{me}/{i}"))
                seen = store.query("SELECT count(*) FROM key WHERE name = ?", (f"{me}/{i}",))[0][0]
            else:
                run.log_metric(f"m{me}", float(i))
                seen = store.query(
                    "SELECT count(*) FROM point p JOIN key k ON k.id = p.key WHERE k.name = ? AND value = ?",
                    (f"m{me}", float(i)),
                )[0][0]
            if not seen:
                missed.append(f"{me}/{i}")

    threads = [threading.Thread(target=hammer, args=(me,)) for me in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.end("finished")
    assert missed == []


def test_eight_threads_log_into_one_run(store: Store):
    with ActiveRun(store, "a") as run:
        begin = threading.Barrier(8)

        def log(me: int) -> None:
            begin.wait()
            for i in range(500):
                run.log_metric("shared", float(me * 500 + i))
                run.log_metric(f"own{me}", float(i), step=i)

        threads = [threading.Thread(target=log, args=(me,)) for me in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    values = store.query("SELECT value, step FROM point p JOIN key k ON k.id = p.key WHERE k.name = 'shared'")
    assert sorted(v for v, _ in values) == [float(i) for i in range(4000)]
    assert sorted(s for _, s in values) == list(range(4000))
    assert store.query(
        "SELECT count(*), min(points), min(value), max(greatest) FROM metrics WHERE metric LIKE 'own%'"
    ) == [(8, 500, 499.0, 499.0)]


def test_the_thread_survives_whatever_a_source_raises(store: Store):
    class Sick:
        told: BaseException | None = None
        pending = True

        def write(self, connection: sqlite3.Connection) -> None:
            raise ZeroDivisionError

        def commit(self) -> None: ...
        def rollback(self) -> None: ...
        def forget(self) -> None: ...
        def refuse(self, error: BaseException) -> None:
            self.told = error

    sick = Sick()
    store.writer.add(sick)
    with ActiveRun(store, "a") as run:
        run.log_metric("x", 1.0)
    store.writer.flush()
    store.writer.remove(sick)
    assert isinstance(sick.told, ZeroDivisionError)
    assert store.query("SELECT value FROM metrics") == [(1.0,)]


def test_close_and_use_again_from_several_threads(store: Store):
    def work(me: int) -> None:
        for i in range(30):
            store.submit(_put(f"{me}/{i}"))
            if i % 5 == me % 5:
                store.writer.close()

    threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.writer.flush()
    assert len(_names(store)) == 120
    store.close()
    assert [t for t in threading.enumerate() if t.name == "mlops_nb-writer" and t is store.writer._thread] == []


def test_a_folder_that_can_not_be_made_is_one_line_and_is_tried_again(store: Store):
    store.folder.parent.mkdir(parents=True)
    store.folder.write_text("a file is in the way")
    kept = store.submit(_put("kept"))
    with pytest.raises(StoreError) as caught:
        store.writer.flush()
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError):
        store.write(_put("waited"))
    assert not kept.done()
    store.folder.unlink()
    kept.result(10)  # by itself, a second later
    assert _names(store) == {"kept"}
    assert store.writer.failure is None


def test_a_failed_write_leaves_nothing_behind_that_slows_reads(store: Store):
    store.write(_put("a"))
    store.close()
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError):
        store.write(_put("b"))
    assert store.writer.idle


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt; pytest in the background of a shell has inherited that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_waiting_can_be_interrupted_and_nothing_is_lost(store: Store):
    import polars  # noqa: F401 (has SIGINT restart system calls)

    store.write(lambda _: None)
    blocker = sqlite3.connect(store.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        store.write(_put("interrupted"))
    assert time.perf_counter() - begun < 5
    blocker.execute("ROLLBACK")
    blocker.close()
    store.writer.flush()
    assert _names(store) == {"interrupted"}


EXIT = """
import sys, threading
from mlops_nb.store.store import open_store
from mlops_nb.runs.active_run import ActiveRun
store = open_store(sys.argv[1])
run = ActiveRun(store, "a")
run.log_metric("x", 1.0)
store.submit(lambda c: c.execute("INSERT INTO key(name) VALUES ('last')"))
for i in range(1000):
    run.log_metric("y", float(i))
"""


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise KeyboardInterrupt", "run.end('finished')"])
def test_leaving_python_writes_what_is_queued(store: Store, ending: str):
    begun = time.perf_counter()
    process = _python(EXIT + ending, store.folder)
    err = process.communicate(timeout=30)[1]
    assert "could not" not in err
    assert time.perf_counter() - begun < 20
    assert store.query("SELECT metric, points FROM metrics ORDER BY 1") == [("x", 1), ("y", 1000)]
    assert store.query("SELECT count(*) FROM key WHERE name = 'last'") == [(1,)]


def test_leaving_python_says_what_could_not_be_saved(tmp_path: Path):
    (tmp_path / ".mlops").write_text("in the way")
    process = _python(EXIT, tmp_path / ".mlops")
    err = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    assert "not everything could be saved" in err
    assert "Traceback" not in err


def _child(action: Any) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return pid


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
# coverage.py holds a lock of its own that a child can inherit held.
@pytest.mark.no_cover
def test_forked_children_log_their_own_runs_while_the_parent_goes_on(store: Store):
    stop = threading.Event()
    with ActiveRun(store, "parent") as run:

        def hammer() -> None:
            i = 0
            while not stop.is_set():
                run.log_metric("busy", float(i))
                i += 1
                if i % 500 == 0:
                    time.sleep(0.001)
            logged.append(i)

        logged: list[int] = []
        thread = threading.Thread(target=hammer)
        thread.start()

        def work() -> None:
            with ActiveRun(store, "child", params={"pid": os.getpid()}) as own:
                own.log_metric("x", 1.0)
            assert store.query("SELECT count(*) FROM runs WHERE run = ?", (own.id,)) == [(1,)]
            run.log_metric("from children", 1.0)
            run.end("failed")  # not the child's to end

        pids = []
        for i in range(12):
            run.log_metric("queued", float(i))
            store.submit(_put(f"queued {i}"))
            pids.append(_child(work))
        codes = [os.waitpid(pid, 0)[1] for pid in pids]
        stop.set()
        thread.join()
    store.writer.flush()
    assert codes == [0] * 12
    assert store.query("SELECT experiment, status, count(*) FROM runs GROUP BY 1, 2") == [
        ("child", "finished", 12),
        ("parent", "finished", 1),
    ]
    assert store.query("SELECT metric, points FROM metrics WHERE run = ? ORDER BY 1", (run.id,)) == [
        ("busy", logged[0]),
        ("from children", 12),
        ("queued", 12),
    ]
    assert store.query("SELECT count(*) FROM key WHERE name LIKE 'queued _%'") == [(12,)]
    assert store.query("SELECT count(DISTINCT value) FROM params") == [(12,)]


POOL = """
import multiprocessing, sys
import mlops_nb as ml
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import choose

def work(i):
    with ActiveRun(choose(sys.argv[1]), "pool", params={"i": i}) as run:
        run.log_metric("x", float(i))
    return i

if __name__ == "__main__":
    choose(sys.argv[1])
    with ActiveRun(choose(sys.argv[1]), "main"):
        with multiprocessing.get_context(sys.argv[2]).Pool(3) as pool:
            pool.map(work, range(30))
"""


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_workers_that_are_ended_abruptly_lose_no_finished_run(store: Store, tmp_path: Path, how: str):
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-W", "ignore", script, store.folder, how], check=True, timeout=60, env=environment)
    assert store.query("SELECT experiment, status, count(*) FROM runs GROUP BY 1, 2") == [
        ("main", "finished", 1),
        ("pool", "finished", 30),
    ]
    assert store.query("SELECT count(*) FROM metrics WHERE metric = 'x'") == [(30,)]


def test_a_deleted_file_is_made_anew(store: Store):
    store.write(_put("a"))
    shutil.rmtree(store.folder)
    store.submit(_put("b"))
    store.writer.flush()
    assert _names(store) == {"b"}


def test_a_fork_waits_until_no_thread_is_opening_a_connection(store):
    """A child that is forked while another thread opens a database would inherit SQLite's locks, held for ever."""
    with ActiveRun(store, "x"):
        pass
    going = True

    def open_and_close():
        while going:
            store._readers.close()
            store.query("SELECT count(*) FROM run")

    threads = [threading.Thread(target=open_and_close) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(12):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if store.query("SELECT count(*) FROM run") == [(1,)] else 1)
            end = time.monotonic() + 30
            while (found := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < end:
                time.sleep(0.002)
            if found[0] == 0:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
            assert found == (pid, 0)
    finally:
        going = False
        for thread in threads:
            thread.join()


def test_a_closed_store_is_one_whole_file_whoever_still_reads(store: Store):
    """As a dashboard does, which looks at the store from a thread of its own."""
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"))
    with contextlib.closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as reader:
        assert reader.execute("SELECT count(*) FROM key").fetchall() == [(1,)]
        store.close()
        log = store.path.with_name("store.db-wal")
        assert not log.exists() or log.stat().st_size == 0
        copied = store.path.with_name("copied.db")
        copied.write_bytes(store.path.read_bytes())
    with contextlib.closing(sqlite3.connect(copied)) as alone:
        assert alone.execute("SELECT name FROM key").fetchall() == [("a",)]
