"""Bytes, and the time of one row."""

from __future__ import annotations

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import mlops_nb as ml
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

from .making import define, one, rows, version


def test_size_is_that_of_the_saved_model_to_the_byte(store: Store):
    version()
    found = resolve_version(store, "m/1").bytes
    define(f"size at_most={found}")
    assert (one("m/1", "size").verdict, one("m/1", "size").value) == ("pass", found)
    define(f"size at_most={found - 1}")
    assert one("m/1", "size").verdict == "fail"


def test_latency_needs_rows_to_ask_with(store: Store):
    version()
    define("latency at_most=60min")
    assert one("m/1", "latency").verdict == "insufficient"
    ml.evaluate("m/1", rows(), target="late", sample=0)
    found = one("m/1", "latency")
    assert (found.verdict, found.fix) == ("insufficient", "%evaluate m/1 DATA")
    ml.evaluate("m/1", rows(), target="late", sample=50)
    found = one("m/1", "latency")
    assert (found.verdict, found.n) == ("pass", 300)
    assert 0 < found.value < 60 * 60
    define("latency at_most=0.001us")
    assert one("m/1", "latency").verdict == "fail"


def _texts():
    words, answers = ["good day", "bad day", "fine night", "bad night"] * 20, [1, 0] * 40
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, answers), words, answers


@pytest.mark.parametrize("kind", ["texts", "array"])
def test_whatever_the_model_takes(store: Store, kind: str):
    if kind == "texts":
        model, inputs, truth = _texts()
    else:
        data = rows()
        inputs, truth = data[["a", "b"]].to_numpy(), data.late.to_numpy()
        model = LogisticRegression().fit(inputs, truth)
    register("m", model, example=inputs[:5])
    ml.evaluate("m/1", (inputs, truth))
    define("latency at_most=60s", "metric accuracy >= 0.5")
    assert [r.verdict for r in ml.gates.run("m/1").results] == ["pass"] * 5
