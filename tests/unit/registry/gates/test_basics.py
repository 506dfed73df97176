"""What every version must pass."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.registry.gates.basics import _broken
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

from .making import one, rows, swap, version

DATA = rows()
X, Y = DATA[["a", "b"]], DATA.late


def test_one_that_is_as_it_was_passes_without_a_policy(store: Store):
    version()
    found = ml.gates.run("m/1")
    assert (found.verdict, found.policy) == ("pass", None)
    assert [(r.gate, r.verdict) for r in found.results] == [("load", "pass"), ("signature", "pass"), ("format", "pass")]
    assert found.results[0].digest == resolve_version(store, "m/1").artifact


def test_a_file_that_was_swapped_on_disk_enters_nowhere(store: Store):
    version()
    other = version(c=7)
    artifact = resolve_version(store, "m/1").artifact
    swap(store, artifact, store.artifacts.get(resolve_version(store, other).artifact))
    found = one("m/1", "load")
    assert found.verdict == "fail"
    assert "\n" not in found.says
    for override in (False, True):
        with pytest.raises(Refused, match="m/1 may not enter production: 1 of 3 gates does not pass"):
            ml.stage("m/1", "production", reason="I insist", override=override)
    assert ml.stages("m").production is None


def test_a_file_that_is_gone_enters_nowhere(store: Store):
    version()
    artifact = resolve_version(store, "m/1").artifact
    path = next(p for p in store.folder.rglob("*") if p.is_file() and artifact in str(p).replace("/", ""))
    path.unlink()
    assert one("m/1", "load").verdict != "pass"
    with pytest.raises(Refused, match="load"):
        ml.stage("m/1", "staging", reason="x", override=True)


def champion_then(*models: object, example=X):
    for model in models:
        register("m", model, example=example.head() if hasattr(example, "head") else example[:5])
    ml.stage("m/1", "production", reason="x")
    return one("m/2", "signature")


def test_who_calls_the_champion_need_not_change(store: Store):
    found = champion_then(LogisticRegression().fit(X, Y), LogisticRegression(C=3).fit(X, Y))
    assert (found.verdict, found.says) == ("pass", "takes and gives what m/1 does")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: (X.assign(c=1.0), Y), "it needs a column 'c'"),
        (lambda: (X.astype({"a": str}), Y), "its column 'a' is text, was number"),
        (lambda: (X.to_numpy(), Y), "it takes no columns by name"),
        (lambda: (X, Y + 1), "its classes are [1, 2], were [0, 1]"),
        (lambda: (X, np.array(["no", "yes"])[Y]), "its 'predict' is BYTES, was INT64"),
    ],
)
def test_who_would_have_to_is_told_where(store: Store, change, said: str):
    version()
    ml.stage("m/1", "production", reason="x")
    inputs, truth = change()
    steps = [OneHotEncoder(handle_unknown="ignore")] if "text" in said else []
    register("m", make_pipeline(*steps, LogisticRegression()).fit(inputs, truth), example=inputs[:5])
    found = one("m/2", "signature")
    assert found.verdict == "fail"
    assert said in found.says
    assert found.says.endswith("unlike m/1")


def test_fewer_columns_are_no_break_and_another_kind_of_answer_is(store: Store):
    version()
    ml.stage("m/1", "production", reason="x")
    register("m", LogisticRegression().fit(X[["a"]], Y), example=X[["a"]].head())
    assert one("m/2", "signature").verdict == "pass"
    register("m", LinearRegression().fit(X, Y), example=X.head())
    assert "its 'predict' is FP64, was INT64" in one("m/3", "signature").says
    register("m", LinearSVC().fit(X, Y), example=X.head())
    assert "it gives no 'probability'" in one("m/4", "signature").says


def test_broken_is_quiet_of_a_signature_and_itself(store: Store):
    version()
    signature = resolve_version(store, "m/1").signature
    assert _broken(signature, signature) == ""
