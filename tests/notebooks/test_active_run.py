"""Which run takes what is logged: tasks, threads, pools, processes, children; and what no run takes."""

from __future__ import annotations

import pytest
from kernels import Kernel

SETUP = """
import asyncio, threading, multiprocessing, os, time
from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor
from multiprocessing.pool import ThreadPool
from sklearn.metrics import f1_score
earlier_pool = ThreadPoolExecutor(2)
earlier_pool.submit(int).result()
def metrics(experiment):
    return {n: v for r in ml.runs(f'experiment = "{experiment}"') for n, v in r.metrics.items()}
"""


@pytest.fixture(scope="module")
def k(kernel: Kernel) -> Kernel:
    assert kernel.run(SETUP).status == "ok"
    return kernel


def ok(k: Kernel, code: str) -> None:
    ran = k.run(code)
    assert ran.status == "ok", ran.outputs


LOGS = {
    "cell": "ml.log_metric('a', 1)",
    "task": "async def f(): ml.log_metric('a', 1)\nawait asyncio.create_task(f())",
    "gather": "async def f(): await asyncio.sleep(0); ml.log_metric('a', 1)\nawait asyncio.gather(f(), f())",
    "to_thread": "await asyncio.to_thread(ml.log_metric, 'a', 1)",
    "thread": "t = threading.Thread(target=ml.log_metric, args=('a', 1)); t.start(); t.join()",
    "timer": "t = threading.Timer(0.01, ml.log_metric, ('a', 1)); t.start(); t.join()",
    "thread of a thread": "def f():\n    t = threading.Thread(target=ml.log_metric, args=('a', 1))\n"
    "    t.start(); t.join()\n"
    "t = threading.Thread(target=f); t.start(); t.join()",
    "executor": "with ThreadPoolExecutor(2) as pool: list(pool.map(lambda i: ml.log_metric('a', 1), range(2)))",
    "executor of an earlier cell": "earlier_pool.submit(ml.log_metric, 'a', 1).result()",
    "loop's executor": "await asyncio.get_running_loop().run_in_executor(None, ml.log_metric, 'a', 1)",
    "thread pool": "with ThreadPool(2) as pool: pool.map(lambda i: ml.log_metric('a', 1), range(2))",
    "joblib threads": "from joblib import Parallel, delayed\n"
    "Parallel(2, backend='threading')(delayed(ml.log_metric)('a', 1) for _ in range(2))",
}


@pytest.mark.parametrize(("name", "body"), list(enumerate(LOGS.values())), ids=LOGS.keys())
def test_what_the_cell_starts_logs_to_its_run(k: Kernel, name: int, body: str) -> None:
    ok(k, f"%%track attach{name}\n{body}")
    assert k.value(f"metrics('attach{name}')") == {"a": 1.0}


@pytest.mark.parametrize("body", ["ml.log_metric('a', 1)", "earlier_pool.submit(ml.log_metric, 'a', 1).result()",
                                  "kept_pool.submit(ml.log_metric, 'a', 1).result()",
                                  "await asyncio.to_thread(ml.log_metric, 'a', 1)",
                                  "async def f(): ml.log_metric('a', 1)\nawait asyncio.create_task(f())"])  # fmt: skip
def test_nothing_leaks_into_untracked_cells(k: Kernel, body: str) -> None:
    ok(k, "%%track leaks\nkept_pool = ThreadPoolExecutor(1)\nkept_pool.submit(int).result()\nawait asyncio.sleep(0)")
    ran = k.run(body)
    assert ran.status == "error"
    assert ran.ename == "InvalidInput"
    assert "found no active run; try: %%track" in ran.outputs[-1][1]


def test_a_task_that_goes_on_logs_to_its_own_run(k: Kernel) -> None:
    ok(
        k,
        "%%track first\nasync def later():\n    await asyncio.sleep(0.3)\n    ml.log_metric('late', 1)\n"
        "task = asyncio.create_task(later())",
    )
    ok(k, "%%track second\nml.log_metric('own', 2)\nawait asyncio.sleep(0.5)\nml.log_metric('own', 3)")
    assert k.value("(metrics('first'), metrics('second'))") == ({"late": 1.0}, {"own": 3.0})
    ok(
        k,
        "%%track third\nthread = threading.Thread(target=lambda: (time.sleep(0.4), ml.log_metric('late', 1)))\n"
        "thread.start()",
    )
    ok(k, "%%track fourth\nthread.join()")
    assert k.value("(metrics('third'), metrics('fourth'))") == ({"late": 1.0}, {})


def test_a_run_inside_a_tracked_cell_is_its_child(k: Kernel) -> None:
    ok(
        k,
        "%%track outer\nwith ml.track('inner') as child:\n    ml.log_metric('in', 1)\n    f1_score([0, 1], [0, 1])\n"
        "ml.log_metric('out', 2)",
    )
    assert k.value("(metrics('inner'), metrics('outer'))") == ({"in": 1.0, "f1_score": 1.0}, {"out": 2.0})
    assert k.value("ml.runs('experiment = \"inner\"')[0].parent == ml.runs('experiment = \"outer\"')[0].id")


def test_runs_open_in_four_threads_keep_their_scores_apart(k: Kernel) -> None:
    body = """
def work(i):
    with ml.track('fours', params={'i': i}) as run:
        for n in range(20):
            f1_score([0, 1, 1, 1], [0] * i + [1] * (4 - i))
        return run.id
with ThreadPoolExecutor(4) as pool: ids = list(pool.map(work, range(4)))"""
    ok(k, f"%%track parent\n{body}")
    assert k.value("metrics('parent')") == {}
    found = k.value(
        "[(r.params['i'], len(r.metrics), round(r.metrics['f1_score'], 3)) for r in ml.runs('experiment = \"fours\"')]"
    )
    assert sorted(found) == [(0, 1, 0.857), (1, 1, 1.0), (2, 1, 0.8), (3, 1, 0.5)]
    assert k.value("{m.points for r in ids for m in ml.show(r).metrics}") == {20}
    assert k.value("__import__('mlops_nb.runs.capture.hooks', fromlist=['x'])._open") == 0


def test_processes_take_a_parent(k: Kernel) -> None:
    (k.folder / "worker.py").write_text(
        "def work(parent):\n    import mlops_nb as ml\n    with ml.track('worker', parent=parent) as run:\n"
        "        run.log_metric('w', 1)\n    return run.id\n"
    )
    ok(
        k,
        """%%track pools
from mlops_nb.runs.active import find
import worker
children = []
for method in ('spawn', 'fork'):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        children.append(pool.submit(worker.work, find().id).result())""",
    )
    assert k.value("metrics('worker')") == {"w": 1.0}
    assert k.value("{ml.show(r).run.parent for r in children} == {ml.runs('experiment = \"pools\"')[0].id}")
