"""The verbs of the gates on a line, in a shell, and what stages make of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.registry.gates import completion
from mlops_nb.registry.stages import moving
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

from .making import define, fitted, rows, version


def test_a_closed_gate_is_told_in_one_line_with_the_way_out(store: Store):
    version()
    ml.stage("m/1", "staging", reason="x")
    define("metric auc >= 0.8")
    with pytest.raises(Refused) as said:
        ml.stage("m/1", "production", reason="x")
    assert str(said.value) == (
        "m/1 may not enter production: 1 of 4 gates does not pass (metric auc >= 0.8: it was not evaluated);"
        " try: %evaluate m/1 DATA"
    )
    moved = ml.stage("m/1", "production", reason="we know it", override=True)
    assert (moved.how, moved.check.verdict) == ("overridden", "insufficient")
    assert "overridden" in str(ml.versions("m"))


def test_a_policy_that_changes_between_asking_and_moving_lets_nobody_in(store: Store, monkeypatch: pytest.MonkeyPatch):
    version()
    ml.stage("m/1", "staging", reason="x")
    define("load")
    asked = moving._checked

    def and_then(*more):
        found = asked(*more)
        define("metric auc >= 0.99")
        return found

    monkeypatch.setattr(moving, "_checked", and_then)
    with pytest.raises(Refused, match="the gates before production were changed meanwhile"):
        ml.stage("m/1", "production", reason="x")
    assert ml.stages("m").production is None


def test_yesterdays_pass_opens_nothing_today(store: Store):
    version()
    ml.stage("m/1", "staging", reason="x")
    define("load")
    assert ml.gates.run("m/1").verdict == "pass"
    define("metric auc >= 0.99")
    with pytest.raises(Refused, match="may not enter production"):
        ml.stage("m/1", "production", reason="x")


def test_run_refuses_what_has_no_gates(store: Store):
    version()
    for stage in ("archived", "none"):
        with pytest.raises(InvalidInput, match=f"no gates stand before {stage}"):
            ml.gates.run("m/1", stage)
    with pytest.raises(NotFound):
        ml.gates.run("m/2")
    with pytest.raises(InvalidInput, match="did you mean 'staging'"):
        ml.gates.run("m/1", "stagin")


def test_a_pickle_needs_somebody_who_lets_it_in(store: Store):
    class Local(type(fitted())):  # type: ignore[misc]  # skops does not know it
        pass

    model = Local().fit(rows()[["a", "b"]], rows().late)
    register("m", model, example=rows()[["a", "b"]].head(), allow_pickle=True)
    found = ml.gates.run("m/1")
    assert [(r.gate, r.verdict) for r in found.closed] == [("format", "fail")]
    assert "can run any code when it is opened" in found.closed[0].says
    with pytest.raises(Refused, match="format"):
        ml.stage("m/1", "production", reason="x")
    assert ml.stage("m/1", "production", reason="made here", override=True).how == "overridden"


def test_completion(store: Store):
    assert completion.gates(store, "la") == ["latency"]
    assert completion.gates(store, "metric roc_auc_o") == ["metric roc_auc_ovr"]
    assert completion.gates(store, "size roc") == []
    assert completion.gates(store, "metric roc_auc >= ") == []


def test_the_shell_says_4_when_it_is_closed(store: Store):
    version()
    store.writer.close()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mlops_nb", *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=store.folder.parent, check=False)

    assert run("gates", "run", "m/1", "production").returncode == 0
    done = run("gates", "define", "m", "production", "metric auc >= 0.6", "size at_most=1MB")
    assert (done.returncode, done.stderr) == (0, "")
    assert "metric auc >= 0.6" in done.stdout
    done = run("gates", "run", "m/1", "production")
    assert (done.returncode, done.stderr) == (4, "")
    assert "insufficient" in done.stdout
    rows().drop(columns="g").to_parquet(store.folder.parent / "data.parquet")
    done = run("evaluate", "m/1", "data.parquet", "--target", "late")
    assert (done.returncode, done.stderr) == (0, "")
    assert "on 400 rows" in done.stdout
    assert run("gates", "run", "m/1").returncode == 0
    assert run("gates", "run", "m/1", "archived").returncode == 2
