"""Many processes on one store, and processes that are killed: nothing is lost, nothing is damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

import mlops_nb as ml
from mlops_nb.store.store import Store

PROCESSES, RUNS = 16, 250

LOG = """
import sys
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
for i in range(int(sys.argv[3])):
    params = {"process": int(sys.argv[2]), "i": i}
    with ActiveRun(store, f"experiment {params['process'] % 4}", params=params, tags={"k": "v"}) as run:
        run.log_metric("auc", i / 250)
        for step in range(5):
            run.log_metric("loss", 1.0 / (step + 1), step=step)
"""


def _start(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_sixteen_processes_of_250_runs_each(store: Store):
    begun = time.perf_counter()
    processes = [_start(LOG, store.folder, i, RUNS) for i in range(PROCESSES)]
    assert [(p.communicate()[1], p.returncode) for p in processes] == [("", 0)] * PROCESSES
    took = time.perf_counter() - begun
    assert store.query("SELECT status, count(*) FROM run GROUP BY 1") == [("finished", PROCESSES * RUNS)]
    loss = store.query("SELECT count(*), sum(points) FROM metrics WHERE metric = 'loss'")
    assert loss == [(PROCESSES * RUNS, 5 * PROCESSES * RUNS)]
    assert store.query("SELECT count(*) FROM point") == [(6 * PROCESSES * RUNS,)]
    assert store.query("SELECT count(*) FROM params") == [(2 * PROCESSES * RUNS,)]
    assert store.query("SELECT count(*) FROM experiment") == [(4,)]
    each = store.query(
        "SELECT a.value, count(*), count(DISTINCT b.value)"
        " FROM params a JOIN params b ON b.run = a.run AND b.param = 'i'"
        " WHERE a.param = 'process' GROUP BY 1 ORDER BY 1"
    )
    assert each == [(process, RUNS, RUNS) for process in sorted(map(str, range(PROCESSES)))]
    assert ml.db.check().problems == ()
    assert took < 60


KILLED = """
import sys, time
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import open_store
store = open_store(sys.argv[1])
run = ActiveRun(store, "killed", params={"depth": 8})
i = 0
print(run.id, flush=True)
while True:
    run.log_metric("x", float(i), step=i)
    print(i, time.time(), flush=True)
    i += 1
    time.sleep(0.0005)
"""


@pytest.mark.parametrize("after_s", [0.3, 1.1, 2.3])
def test_kill_9_in_the_middle_of_a_run(store: Store, after_s: float):
    process = _start(KILLED, store.folder)
    assert process.stdout is not None
    identity = process.stdout.readline().strip()
    time.sleep(after_s)
    (alive,) = ml.runs() or [None]
    process.send_signal(signal.SIGKILL)
    killed_at = time.time()
    rest = process.stdout.read()  # not `communicate`: it would lose what `readline` has read beyond its line
    process.communicate()
    lines = [line.split() for line in rest.splitlines()[:-1]]  # the last may be cut
    before = [int(i) for i, at in lines if float(at) < killed_at - 1]
    (run,) = ml.runs()
    assert alive is None or alive.status == "running"
    assert (run.id, run.status) == (identity, "interrupted")
    steps = {step for (step,) in store.query("SELECT step FROM point")}
    assert set(before) <= steps
    assert steps == set(range(len(steps)))
    assert store.query("SELECT points, value FROM metrics") == ([(len(steps), float(len(steps) - 1))] if steps else [])
    assert ml.db.check().problems == ()
    ml.note(identity, "killed, and still writable")


def test_writers_killed_at_random_damage_nothing(store: Store):
    for round_ in range(3):
        processes = [_start(LOG, store.folder, i, 100_000) for i in range(4)]
        time.sleep(1.0 + 0.3 * round_)
        for process in processes:
            process.kill()
        for process in processes:
            process.communicate()
        found = ml.db.check()
        assert found.problems == ()
        assert found.runs > 0
    rows = store.query(
        "SELECT m.points, (SELECT count(*) FROM point p WHERE p.run = m.run AND p.key = m.key) FROM metric m"
    )
    assert all(points == counted for points, counted in rows)
    assert {run.status for run in ml.runs(limit=1000)} <= {"finished", "interrupted"}


HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(2)
connection.execute("COMMIT")
"""


def test_a_lock_that_is_held_for_long_is_waited_for(store: Store):
    """Another program keeps the write lock for two seconds: nothing is refused, nothing is lost."""
    store.write(lambda _: None)
    process = _start(HOLD, store.path)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    begun = time.perf_counter()
    store.write(lambda c: c.execute("INSERT INTO key(name) VALUES ('a')"))
    assert 1 < time.perf_counter() - begun < 20
    process.communicate()
