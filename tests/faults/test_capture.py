"""Kernels that die, stores that can't be written, runners that shut down at once: the user's work goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks"))
from kernels import Kernel

from mlops_nb.store.store import Store


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel(tmp_path)
    made.run("%load_ext mlops_nb\nimport mlops_nb as ml")
    yield made
    made.close()


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    return Store(folder / ".mlops").query(sql)


def test_killed_in_the_middle_of_a_cell(kernel: Kernel) -> None:
    kernel.send(
        "%%track killed\nimport time\nfor i in range(1000):\n    ml.log_metric('loss', i)\n    time.sleep(0.01)"
    )
    time.sleep(2)
    os.kill(int(kernel.manager.provisioner.pid), signal.SIGKILL)  # type: ignore[union-attr]
    kernel.manager.provisioner.process.wait()  # type: ignore[union-attr]
    code = "import mlops_nb as ml; c = ml.show(); print(c.run.status, c.metrics[0].points, 'ml.log_metric' in c.source)"
    said = subprocess.run([sys.executable, "-c", code], cwd=kernel.folder, check=True, capture_output=True, text=True)
    status, points, source = said.stdout.split()
    assert status == "interrupted"
    assert int(points) >= 50  # two seconds, less the last one
    assert source == "True"


def run_notebook(folder: Path, *cells: str, **options: object) -> nbformat.NotebookNode:
    cells = ("%load_ext mlops_nb\nimport mlops_nb as ml", *cells)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, **options)
    client.execute(env={**os.environ, "MLOPS_NB_STORE": str(folder / ".mlops")})
    return notebook


FIT = """%%track last
import numpy as np
from sklearn.ensemble import RandomForestClassifier
X = np.random.default_rng(0).normal(size=(3000, 5)); y = (X[:, 0] > 0).astype(int)
model = RandomForestClassifier({trees}).fit(X, y)
acc = model.score(X, y)
print('done')"""


@pytest.mark.parametrize("trees", [20, 300])
def test_last_cell_of_a_notebook_loses_nothing(tmp_path: Path, trees: int) -> None:
    run_notebook(tmp_path, FIT.replace("{trees}", str(trees)))
    assert rows(tmp_path, "SELECT status FROM run") == [("finished",)]
    assert rows(tmp_path, "SELECT name, kind FROM run_artifact") == [("model", "model")]
    assert rows(tmp_path, "SELECT count(*) FROM dataset_version WHERE profile IS NULL") == [(0,)]
    assert rows(
        tmp_path, "SELECT count(*) FROM run WHERE environment IS NULL OR stdout IS NULL OR modules IS NULL"
    ) == [(0,)]
    assert rows(tmp_path, "SELECT what FROM problem") == []


def test_a_failing_cell_stops_the_runner(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run_notebook(tmp_path, "%%track\n1 / 0", "%%track never\n1")
    assert rows(tmp_path, "SELECT status FROM run") == [("failed",)]
    with pytest.raises(CellExecutionError, match="UsageError"):
        run_notebook(tmp_path, "%%track --nosuch\n1", "%%track never\n1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(kernel: Kernel) -> None:
    kernel.folder.chmod(0o500)
    try:
        ran = kernel.run("%%track\nprint('worked')")
    finally:
        kernel.folder.chmod(0o700)
    assert ran.status == "ok"
    assert ran.outputs[0] == ("stdout", "worked\n")


def broken(folder: Path, how: str) -> None:
    store = folder / ".mlops" / "store.db"
    store.parent.mkdir(exist_ok=True)
    if how == "newer":
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as connection:
            connection.execute("PRAGMA user_version = 999")
    elif how == "no database":
        store.write_bytes(b"this is no database" * 100)
    else:  # a folder in the place of the file can be neither read nor written, even by root
        store.mkdir()


@pytest.mark.parametrize("how", ["newer", "no database", "folder"])
def test_a_store_that_cannot_be_used(tmp_path: Path, how: str) -> None:
    broken(tmp_path, how)
    kernel = Kernel(tmp_path)
    loaded = kernel.run("%load_ext mlops_nb\nimport mlops_nb as ml")
    assert loaded.status == "ok"
    assert loaded.text().count("\n") == 1
    for _ in range(2):
        ran = kernel.run("%%track\nimport sklearn.metrics\nprint(sklearn.metrics.f1_score([0, 1], [0, 1]))\n5")
        assert ran.status == "ok"
        assert ran.outputs[0] == ("stdout", "1.0\n")
        assert ("execute_result", "5") in ran.outputs
        said = ran.line or ran.text("stderr") or ran.outputs[-1][1]
        assert "store" in said
        assert said.strip().count("\n") == 0
    assert kernel.run("%%track\n1 / 0").ename == "ZeroDivisionError"
    assert kernel.run("1").outputs == [("execute_result", "1")]
    kernel.close()


def test_a_terminal(tmp_path: Path) -> None:
    cells = (
        "%load_ext mlops_nb\nimport mlops_nb as ml\n"
        "get_ipython().run_cell('%%track t\\nimport asyncio\\nawait asyncio.sleep(0)\\nprint(5)\\n1 / 0')\n"
        "get_ipython().run_cell('%%track t\\nx = 3\\nx')\n"
        "print([r.status for r in ml.runs()])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=nocolor", "--no-confirm-exit"],
        input=cells, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
        env={**os.environ, "MLOPS_NB_STORE": str(tmp_path / ".mlops"), "IPYTHONDIR": str(tmp_path / "ipython")},
    )  # fmt: skip
    assert "['finished', 'failed']" in ran.stdout
    assert "ZeroDivisionError" in ran.stdout
    assert "mlops_nb:" not in ran.stderr


def test_an_interrupt_while_the_end_is_recorded_closes_the_run(kernel: Kernel) -> None:
    kernel.run(
        "from mlops_nb.runs.capture import ending\nwrite = ending.write_scores\n"
        "def interrupted(*a):\n    ending.write_scores = write\n    raise KeyboardInterrupt\n"
        "ending.write_scores = interrupted"
    )
    ran = kernel.run("%%track\n5")
    assert ran.outputs[0] == ("execute_result", "5")
    assert "could not be recorded" in ran.text("stderr")
    assert kernel.value("ml.show().run.status") == "interrupted"
    assert kernel.run("%%track\n6").line


def test_errors_inside_capture_are_recorded_and_break_nothing(kernel: Kernel) -> None:
    kernel.run(
        "from mlops_nb.adapters import sklearn as adapter\n"
        "from mlops_nb.runs.capture import datasets, ending, observer\n"
        "def fail(*a, **k): raise RuntimeError('capture broke')"
    )
    for change in ("observer.locate = fail", "datasets.fingerprint = fail", "ending.write_scores = fail",
                   "ending.put_environment = fail", "adapter.params = fail"):  # fmt: skip
        kernel.run(change)
        ran = kernel.run("%%track\nfrom sklearn.linear_model import LogisticRegression\n"
                         "LogisticRegression().fit([[0], [1]], [0, 1]).score([[0], [1]], [0, 1])")  # fmt: skip
        assert ran.outputs == [("execute_result", "1.0")]
        assert "capture broke" in json.dumps(kernel.value("ml.show().problems"))
