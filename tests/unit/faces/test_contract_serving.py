"""The verbs of serving on all their faces, against one real deployment."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.show import json_document
from mlops_nb.store.store import choose

ROWS = {"x": [0.5, -3.0], "y": [1.0, 2.0]}


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell with the extension, in a project with one registered version."""
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_NB_SPARE", "0")
    choose(tmp_path / ".mlops")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["x", "y"])
    ml.register("lines", LogisticRegression().fit(frame, frame.x > 0), example=frame)
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mlops_nb")
    yield shell
    for deployment in ml.deployments():
        deployment.stop()
    shell.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()
    choose(None)


def cli(*words: str) -> dict:
    """What the command line prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "mlops_nb", *words, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settled(document: dict) -> dict:
    """Without times and how long an answer took."""
    text = json.dumps(document)
    for name in ("started_us", "created_us", "seconds", "pid"):
        text = __import__("re").sub(rf'("{name}": )[\d.]+', r"\1 0", text)
    return json.loads(text)


def test_deploy_predict_logs_undeploy_by_every_face(shell, tmp_path):
    by_magic = shell.run_line_magic("deploy", "lines/1 --name served")
    assert by_magic.status == "ready"
    by_api = ml.deploy("lines/1", name="served")
    by_cli = cli("deploy", "lines/1", "--name", "served")
    assert settled(json.loads(json_document(by_magic))) == settled(json.loads(json_document(by_api))) == settled(by_cli)

    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    shell.user_ns["rows"] = ROWS
    answers = [
        json.loads(json_document(ml.predict("served", ROWS))),
        json.loads(json_document(shell.run_line_magic("predict", "served rows"))),
        json.loads(json_document(shell.run_line_magic("predict", 'served {"x": [0.5, -3.0], "y": [1.0, 2.0]}'))),
        cli("predict", "served", "rows.json"),
    ]
    assert answers[0]["result"]["values"] == [True, False]
    assert [settled(a) for a in answers[1:]] == [settled(answers[0])] * 3

    assert (
        cli("logs", "served", "--lines", "5")["result"]
        == json.loads(json_document(ml.logs("served", lines=5)))["result"]
    )
    assert [d.name for d in shell.run_line_magic("deployments", "")] == ["served"]

    assert cli("undeploy", "served")["result"]["wanted"] is False
    assert shell.run_line_magic("undeploy", "served").status == ml.undeploy("served").status == "stopped"
