"""Deployments under fault: killed workers and keepers, taken ports, versions that do not come up."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import numpy as np
import psutil
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.registry.verbs import register
from mlops_nb.services import facts
from mlops_nb.serving import verbs
from mlops_nb.serving.places import facts_path
from mlops_nb.store.store import Store, choose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

X = np.random.default_rng(0).normal(size=(60, 2))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    chosen = choose(tmp_path)
    yield chosen
    choose(chosen.folder)
    for deployment in verbs.deployments():
        deployment.stop()
    choose(None)
    chosen.close()


def version(alpha: float = 1.0) -> None:
    register("m", Ridge(alpha=alpha).fit(X, X[:, 0]), example=X)


def worker(deployment) -> psutil.Process:
    (only,) = psutil.Process(deployment.pid).children()
    return only


def eventually(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_worker_is_started_again_on_the_same_port(store):
    version()
    deployment = verbs.deploy("m/1")
    for times in (1, 2):
        before = worker(deployment)
        os.kill(before.pid, signal.SIGKILL)
        assert verbs.predict("m", X[:1]).version == "m/1"
        eventually(lambda times=times: deployment.restarts == times)
        assert deployment.status == "ready"
        assert worker(deployment).pid != before.pid
    assert verbs.deployments()[0].url == deployment.url
    assert any("SIGKILL" in line or "-9" in line for line in verbs.logs("m").lines)


def test_nobody_is_turned_away_while_versions_change(store):
    version(1.0)
    version(2.0)
    verbs.deploy("m/1")
    answered, failed, done = [], [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answered.append(verbs.predict("m", X[:1]).version)
            except MlopsError as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in (2, 1, 2, 1, 2):
        verbs.deploy(f"m/{number}")
        assert verbs.predict("m", X[:1]).version == f"m/{number}"
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert set(answered) == {"m/1", "m/2"}


def test_a_killed_keeper_takes_its_worker_along_and_is_seen(store):
    version()
    deployment = verbs.deploy("m/1")
    below = worker(deployment)
    os.kill(deployment.pid, signal.SIGKILL)
    psutil.wait_procs([below], timeout=10)
    assert not below.is_running()
    assert deployment.status == "down"
    assert verbs.deployments()[0].status == "down"
    with pytest.raises(MlopsError, match=r"does not answer.*try: %deploy m/1 --name m"):
        verbs.predict("m", X[:1])
    again = verbs.deploy("m/1")
    assert again.status == "ready"
    assert again.port == deployment.port


def test_a_worker_that_hangs_is_down_and_still_stopped_for_certain(store, monkeypatch):
    version()
    deployment = verbs.deploy("m/1")
    keeper, below = psutil.Process(deployment.pid), worker(deployment)
    below.suspend()
    assert deployment.status == "down"
    keeper.suspend()
    monkeypatch.setattr("mlops_nb.services.starting._STOP_S", 0.5)
    deployment.stop()
    assert psutil.wait_procs([keeper, below], timeout=10)[1] == []
    assert deployment.status == "stopped"


SLOW = """
import time
from concurrent.futures import ThreadPoolExecutor
import httpx
import numpy as np
from sklearn.linear_model import Ridge

class Slow(Ridge):
    def predict(self, X):
        time.sleep(float(np.asarray(X)[:, 0].max()))
        return super().predict(X)
"""


@pytest.fixture
def slow(store, tmp_path, monkeypatch):
    """A model that takes as many seconds as its first column says, asked for one at most."""
    (tmp_path / "slowly.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MLOPS_NB_DEADLINE_S", "1")
    monkeypatch.setenv("MLOPS_NB_QUEUE", "2")
    module = importlib.import_module("slowly")
    yield register("slow", module.Slow().fit(np.abs(X) * 0, X[:, 0]), example=X * 0, trust=["slowly.Slow"])
    sys.modules.pop("slowly")


def ask_for(deployment, seconds: float) -> httpx.Response:
    body = {"rows": [[seconds, 0.0]]}
    return httpx.post(f"http://127.0.0.1:{deployment.port}/predict", json=body, timeout=60)


def test_a_model_that_takes_too_long_is_told_and_goes_on(slow):
    deployment = verbs.deploy("slow/1", trust=["slowly.Slow"])
    late = ask_for(deployment, 1.5)
    assert (late.status_code, late.json()["error"]) == (504, "the model did not answer within 1 s")
    eventually(lambda: ask_for(deployment, 0.0).status_code == 200)
    assert deployment.restarts == 0


def test_more_than_may_wait_are_sent_away_for_a_second(slow):
    deployment = verbs.deploy("slow/1", trust=["slowly.Slow"])
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask_for(deployment, 0.4), range(8)))
    away = [one for one in answers if one.status_code == 503]
    assert {one.status_code for one in answers} == {200, 503}
    assert {one.headers["retry-after"] for one in away} == {"1"}
    assert "requests wait already" in away[0].json()["error"]


def test_a_model_that_never_comes_back_is_started_again(slow):
    deployment = verbs.deploy("slow/1", trust=["slowly.Slow"])
    below = worker(deployment)
    assert ask_for(deployment, 600.0).status_code == 504
    eventually(lambda: not below.is_running(), 20)
    eventually(lambda: worker_answers(deployment), 20)
    assert "did not come back within 3 s" in "\n".join(verbs.logs("slow").lines)


def worker_answers(deployment) -> bool:
    try:
        return ask_for(deployment, 0.0).status_code == 200
    except httpx.TransportError:
        return False


def test_a_taken_port_is_one_line_and_leaves_nothing(store):
    version()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"port {port} of 127.0.0.1 can't be had: Address already in use"):
            verbs.deploy("m/1", port=port)
    assert store.query("SELECT * FROM deployment") == []
    assert store.query("SELECT * FROM hold WHERE holder = 'x'") == []
    with pytest.raises(InvalidInput, match="can't be had"):
        verbs.deploy("m/1", host="203.0.113.7")


def test_its_own_port_taken_meanwhile_it_finds_another(store):
    version()
    stopped = verbs.deploy("m/1").stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", stopped.port))
        taken.listen()
        assert verbs.deploy("m/1").port != stopped.port


def test_a_version_that_does_not_come_up_leaves_the_old_one_serving(store):
    version(1.0)
    old = verbs.deploy("m/1")
    version(2.0)
    # What the caller can't see beforehand: the file goes bad between the look and the worker's own.
    path = store.artifacts.path(store.query("SELECT artifact FROM version WHERE number = 2")[0][0])
    original = path.read_bytes()
    from mlops_nb.serving import deploying

    real = deploying.starting.renew

    def spoil(process):
        path.write_bytes(original[:-1] + b"x")
        real(process)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploying.starting, "renew", spoil)
        with pytest.raises(MlopsError, match="m/2 could not be started: the file of m/2 is damaged"):
            verbs.deploy("m/2")
    (now,) = verbs.deployments()
    assert (now.version, now.status, now.pid) == ("m/1", "ready", old.pid)
    assert verbs.predict("m", X[:1]).version == "m/1"
    did = [row[0] for row in store.query("SELECT action FROM audit WHERE subject LIKE 'deployment:%' ORDER BY seq")]
    assert did == ["deploy", "deploy", "deploy failed"]
    path.write_bytes(original)
    assert verbs.deploy("m/2").status == "ready"


def test_a_worker_that_dies_at_once_is_given_up_with_its_last_words(store):
    version()
    import mlops_nb.serving.deploying as deploying

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploying, "_KEEP", "mlops_nb.serving.no_such_module:keep")
        with pytest.raises(MlopsError, match=r"did not come up.*its log ends: ModuleNotFoundError"):
            verbs.deploy("m/1")
    assert store.query("SELECT * FROM deployment") == []


def test_an_interrupt_while_waiting_stops_what_was_begun(store, monkeypatch):
    version()
    begun = []

    def interrupted(path, pid, generation, seconds):
        begun.append(psutil.Process(pid))
        raise KeyboardInterrupt

    monkeypatch.setattr("mlops_nb.services.starting.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        verbs.deploy("m/1")
    assert psutil.wait_procs(begun, timeout=10)[1] == []
    assert store.query("SELECT * FROM deployment") == []


def test_a_store_that_goes_read_only_does_not_stop_what_serves(store):
    register("c", LogisticRegression().fit(X, X[:, 0] > 0), example=X)
    deployment = verbs.deploy("c/1")
    store.path.chmod(0o400)
    try:
        assert verbs.predict("c", X[:2]).version == "c/1"
    finally:
        store.path.chmod(0o600)
    assert deployment.status == "ready"


def test_facts_that_were_half_written_are_none(tmp_path):
    path = facts_path(tmp_path, "m")
    path.parent.mkdir()
    path.write_text('{"pid": 1')
    assert facts.read(path) is None
