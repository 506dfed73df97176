from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import numpy as np
import pandas as pd
import polars as pl
import psutil
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb.errors import InvalidInput, MlopsError, NotFound, Refused
from mlops_nb.registry.stages.verbs import stage
from mlops_nb.registry.verbs import register, versions
from mlops_nb.services import spare
from mlops_nb.serving import verbs
from mlops_nb.store.store import choose

X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["delay", "hour"])
Y = (X["delay"] > 0).astype(int)


def fitted(c: float = 1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=c)).fit(X, Y)


def processes(deployment) -> list[psutil.Process]:
    keeper = psutil.Process(deployment.pid)
    return [keeper, *keeper.children(recursive=True)]


def test_a_version_is_served_asked_replaced_and_stopped(store, tmp_path):
    register("flights", fitted(), example=X)
    first = verbs.deploy("flights/1", name="delay")
    assert (first.name, first.version, first.status, first.host) == ("delay", "flights/1", "ready", "127.0.0.1")
    expected = tuple(fitted().predict(X[:4]).tolist())
    X[:4].to_csv(tmp_path / "rows.csv", index=False)
    X[:4].to_parquet(tmp_path / "rows.parquet")
    records = X[:4].to_dict("records")
    (tmp_path / "rows.json").write_text(json.dumps(records))
    files = [str(tmp_path / f"rows.{kind}") for kind in ("csv", "parquet", "json")]
    columns = {name: X[name][:4].tolist() for name in ("hour", "delay")}
    for data in (X[:4], pl.from_pandas(X[:4]), records, columns, json.dumps(records), *files):
        answer = verbs.predict("delay", data)
        assert answer.values == expected, data
    assert answer.version == "flights/1"
    assert answer.classes == (0, 1)
    assert np.allclose(answer.outputs["probability"], fitted().predict_proba(X[:4]))
    assert first.predict({"delay": 1.0, "hour": 2.0}).values == (1,)
    assert first.predict(X.iloc[0]).values == expected[:1]

    assert verbs.deploy("flights/1", name="delay").pid == first.pid
    register("flights", fitted(0.1), example=X)
    second = verbs.deploy("flights/2", name="delay")
    assert (second.version, second.url) == ("flights/2", first.url)
    assert verbs.predict("delay", X[:1]).version == "flights/2"
    held = store.query("SELECT held FROM hold WHERE holder = 'deployment:delay'")
    assert held == [(versions("flights")[0].node,)]

    alive = processes(second)
    stopped = second.stop()
    assert stopped.status == first.status == "stopped"
    assert psutil.wait_procs(alive, timeout=5)[1] == []
    assert store.query("SELECT * FROM hold WHERE holder = 'deployment:delay'") == []
    did = [row[0] for row in store.query("SELECT action FROM audit WHERE subject = 'deployment:delay' ORDER BY seq")]
    assert did == ["deploy", "deploy", "undeploy"]
    assert verbs.undeploy("delay").status == "stopped"
    with pytest.raises(MlopsError, match=r"delay does not answer.*try: %deploy flights/2 --name delay"):
        verbs.predict("delay", X[:1])
    assert "delay serves flights/2" in "\n".join(verbs.logs("delay").lines)


def test_a_frame_and_a_list_reach_a_model_without_names(store):
    register("m", Ridge().fit(X.to_numpy(), Y), example=X.to_numpy())
    verbs.deploy("m/1")
    expected = Ridge().fit(X.to_numpy(), Y).predict(X.to_numpy()[:3])
    for data in (X[:3], X.to_numpy()[:3], X.to_numpy()[:3].tolist()):
        assert np.allclose(verbs.predict("m", data).values, expected)
    for data, words in (([[1, 2, 3]], "shape"), (3, "is no data"), ("nofile.csv", "no file"), ("{", "not JSON")):
        with pytest.raises((InvalidInput, NotFound), match=words):
            verbs.predict("m", data)


def test_refusals_are_one_line_with_the_nearest(store):
    register("flights", fitted())
    for call, kind, words in (
        (lambda: verbs.deploy("flihgts"), NotFound, "did you mean 'flights'"),
        (lambda: verbs.deploy("flights/4"), NotFound, "no version 4"),
        (lambda: verbs.deploy("flights/1", name="a/b"), InvalidInput, "not a valid deployment name"),
        (lambda: verbs.deploy("flights/1", port=99_999), InvalidInput, "99999 is no port"),
        (lambda: verbs.undeploy("x"), NotFound, "no deployment 'x'"),
        (lambda: verbs.predict("x", {}), NotFound, "no deployment"),
        (lambda: verbs.logs("x"), NotFound, "no deployment"),
    ):
        with pytest.raises(kind, match=words) as refusal:
            call()
        assert "\n" not in str(refusal.value)
    assert len(verbs.deployments()) == 0
    assert verbs.deployments().note
    assert store.query("SELECT * FROM deployment") == []


def test_the_newest_is_never_deployable_by_default_and_the_champion_is(store):
    register("m", fitted(), example=X)
    register("m", fitted(0.1), example=X)
    way = "try: %stage m/2 production --reason …, or %deploy m/2"
    with pytest.raises(Refused, match="no version of 'm' is in production") as refusal:
        verbs.deploy("m")
    assert str(refusal.value).endswith(way)
    assert store.query("SELECT * FROM deployment") == []
    stage("m/1", "production", reason="good enough")
    deployment = verbs.deploy("m")
    assert (deployment.version, deployment.stage, deployment.mark) == ("m/1", "production", "ungated")
    assert verbs.deploy("m/2").version == "m/2"
    assert verbs.deploy("m@production").version == "m/1"
    assert "● production ▲ ungated" in str(verbs.deployments())


def test_a_missing_extra_says_what_to_install(store, monkeypatch):
    register("m", fitted())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MlopsError, match=r'pip install "mlops_nb\[serve\]"'):
        verbs.deploy("m/1")


_DEPLOY_AND_DIE = """
import os, sys
from mlops_nb.store.store import choose
from mlops_nb.serving.verbs import deploy
choose(sys.argv[1])
print(deploy("m/1").url, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_deployment_survives_the_kernel_that_made_it(store):
    register("m", fitted(), example=X)
    command = [sys.executable, "-c", _DEPLOY_AND_DIE, str(store.folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -9, ended.stderr
    (found,) = verbs.deployments()
    assert found.url == ended.stdout.strip()
    assert found.status == "ready"
    assert verbs.predict("m", X[:1]).version == "m/1"


_SPARE = """
import os, sys, time
from mlops_nb.store.store import choose
from mlops_nb.services import spare
spare.prepare(choose(sys.argv[1]).folder, ["json"])
print(spare._waiting.popitem()[1].pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_process_in_waiting_is_used_and_ends_with_its_kernel(store, monkeypatch):
    monkeypatch.delenv("MLOPS_NB_SPARE")
    ended = subprocess.run(
        [sys.executable, "-c", _SPARE, str(store.folder)], capture_output=True, text=True, check=False
    )
    orphan = int(ended.stdout)
    if psutil.pid_exists(orphan):
        psutil.wait_procs([psutil.Process(orphan)], timeout=20)
    assert not psutil.pid_exists(orphan)
    register("m", fitted(), example=X)
    waiting = spare._waiting[store.folder].pid
    assert verbs.deploy("m/1").pid == waiting
    assert store.folder not in spare._waiting


def test_opting_out_keeps_no_process_waiting(store, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_SPARE", "0")
    register("m", fitted())
    assert store.folder not in spare._waiting


def test_another_process_sees_and_stops_it(store):
    register("m", fitted(), example=X)
    deployment = verbs.deploy("m/1")
    alive = processes(deployment)
    code = (
        "from mlops_nb.store.store import choose\nfrom mlops_nb.serving.verbs import undeploy\n"
        f"choose({str(store.folder)!r})\nundeploy('m')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})
    choose(store.folder)
    assert verbs.deployments()[0].status == "stopped"
    spare.collect()
    assert psutil.wait_procs(alive, timeout=5)[1] == []


def test_boosters_and_a_pickle_are_served(store):
    import lightgbm
    import xgboost
    from sklearn.cluster import Birch

    frame = X.assign(carrier=pd.Categorical(["AA", "UA"] * 40))
    labels = np.where(Y == 1, "late", "on time")
    models = {
        "xgboost": (xgboost.XGBClassifier(n_estimators=3, enable_categorical=True).fit(frame, Y), frame),
        "lightgbm": (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(frame, labels), frame),
        "cloudpickle": (Birch(n_clusters=2).fit(X), X),
    }
    for name, (model, rows) in models.items():
        version = register(name, model, example=rows, allow_pickle=True)
        assert version.format == f"{name}/1"
        deployment = verbs.deploy(version.ref)
        answer = verbs.predict(name, rows[:20])
        assert answer.values == tuple(model.predict(rows[:20]).tolist())
        if hasattr(model, "predict_proba"):
            assert np.array_equal(answer.outputs["probability"], model.predict_proba(rows[:20]))
        told = httpx.get(f"http://127.0.0.1:{deployment.port}/v2/models/{name}").json()
        assert told["platform"].startswith({"cloudpickle": "python"}.get(name, name))
        deployment.stop()
