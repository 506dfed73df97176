"""Gates that read an evaluation: a verdict rests on the interval."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression

import mlops_nb as ml
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

from .making import define, one, rows, version


def says(gate: str, ref: str = "m/1"):
    define(gate)
    return one(ref, gate.split(maxsplit=1)[0])


def test_a_metric_passes_with_its_whole_interval_and_fails_by_its_value(store: Store):
    version()
    scored = ml.evaluate("m/1", rows(), target="late").scored("auc")
    assert scored is not None
    assert scored.low < scored.value < scored.high
    ends = (scored.low - 1e-9, (scored.low + scored.value) / 2, scored.value + 1e-9)
    assert [says(f"metric auc >= {end!r}").verdict for end in ends] == ["pass", "insufficient", "fail"]
    loss = ml.evaluations("m/1")[0].scored("log_loss")
    ends = (loss.high + 1e-9, (loss.value + loss.high) / 2, loss.value - 1e-9)
    assert [says(f"metric log_loss <= {end!r}").verdict for end in ends] == ["pass", "insufficient", "fail"]
    found = says("metric auc >= 0.5")
    assert (found.value, found.low, found.high, found.threshold, found.n) == (
        scored.value,
        scored.low,
        scored.high,
        0.5,
        400,
    )


def test_what_a_metric_can_not_say_is_insufficient(store: Store):
    version()
    define("metric auc >= 0.5")
    assert one("m/1", "metric").says == "it was not evaluated"
    assert one("m/1", "metric").fix == "%evaluate m/1 DATA"
    ml.evaluate("m/1", rows(), target="late")
    found = says("metric auc >= 0.5 n=401")
    assert (found.verdict, found.says) == ("insufficient", "400 rows, at least 401 are needed")
    for gate in ("metric auc", "metric auc >= 0.5 at_most=0.9"):
        assert says(gate).says == "the gate names no threshold, or two"
    found = says("metric rmse <= 1")
    assert (found.verdict, "no metric of a binary task" in found.says) == ("insufficient", True)
    ml.evaluate("m/1", rows(3), target="late")
    found = says("metric accuracy >= 0.1")
    assert (found.verdict, found.n) == ("insufficient", 3)
    assert "3 rows" in found.says


def test_one_class_in_the_truth_has_no_auc(store: Store):
    version()
    ml.evaluate("m/1", rows().assign(late=1), target="late")
    found = says("metric auc >= 0.1")
    assert (found.verdict, found.value) == ("insufficient", None)


def test_a_model_that_says_the_same_of_everything(store: Store):
    data = rows()
    register("m", DummyClassifier(strategy="prior").fit(data[["a", "b"]], data.late), example=data[["a", "b"]].head())
    ml.evaluate("m/1", data, target="late")
    assert says("metric auc >= 0.5").verdict == "insufficient"  # 0.5 in every resample: no interval
    assert says("baseline auc").verdict != "pass"
    assert says("baseline log_loss").verdict != "pass"


def test_bias_is_held_against_its_size(store: Store):
    data = rows()
    target = data.a + data.b
    register("m", LinearRegression().fit(data[["a", "b"]], target - 100), example=data[["a", "b"]].head())
    ml.evaluate("m/1", (data[["a", "b"]], target.to_numpy() + np.random.default_rng(0).normal(size=400)))
    found = says("metric bias <= 5")
    assert found.verdict == "fail"
    assert found.value == pytest.approx(100, abs=1)
    assert says("metric bias <= 101").verdict == "pass"


def test_the_champion_is_compared_on_the_same_rows_or_not_at_all(store: Store):
    version(c=1.0)
    define("champion auc")
    ml.evaluate("m/1", rows(seed=5), target="late")
    assert one("m/1", "champion").says == "nobody is in production to be compared with"
    ml.stage("m/1", "staging", reason="x")
    ml.stage("m/1", "production", reason="x")
    version(c=0.5)
    ml.evaluate("m/2", rows(seed=6), target="late")
    found = one("m/2", "champion")
    assert (found.verdict, found.says) == ("insufficient", "m/1 was not evaluated on the same data")
    assert found.fix == "%evaluate m/1 DATA"
    ml.evaluate("m/1", rows(seed=6)[::-1], target="late")  # the same rows in another order are other data
    assert one("m/2", "champion").verdict == "insufficient"
    ml.evaluate("m/1", rows(seed=6), target="late")
    assert says("champion auc margin=0.05", "m/2").verdict == "pass"
    found = says("champion auc margin=-0.2", "m/2")
    assert (found.verdict, "must be 0.2 better" in found.says) == ("fail", True)
    found = says("champion rmse", "m/2")
    assert (found.verdict, "no metric of a binary task" in found.says) == ("insufficient", True)


def test_lower_is_better_where_it_is(store: Store):
    version(c=1.0)
    data = rows(2000)
    worse = data.assign(late=np.random.default_rng(0).permutation(data.late))
    ml.evaluate("m/1", data, target="late")
    ml.stage("m/1", "production", reason="x")
    from .making import fitted

    bad = fitted(seed=2).fit(worse[["a", "b"]], worse.late)
    register("m", bad, example=data[["a", "b"]].head())
    ml.evaluate("m/2", data, target="late")
    for metric in ("log_loss", "auc"):
        found = says(f"champion {metric} margin=0.001", "m/2")
        assert found.verdict == "fail"
        assert "worse than m/1" in found.says
        assert found.value < 0
        assert found.low <= found.value <= found.high < 0
    assert says("baseline log_loss", "m/1").verdict == "pass"
    assert says("baseline auc", "m/1").verdict == "pass"
    assert says("baseline auc", "m/2").verdict != "pass"
    found = says("baseline auc against=linear", "m/1")
    assert (found.verdict, found.fix) == ("insufficient", "%evaluate m/1 DATA --baseline linear")


def test_groups(store: Store):
    version()
    data = rows(2000)
    ml.evaluate("m/1", data, target="late")
    found = says("slices auc by=g")
    assert (found.verdict, found.fix) == ("insufficient", "%evaluate m/1 DATA --slices g")
    ml.evaluate("m/1", data, target="late", slices="g")
    assert says("slices auc by=g").verdict == "pass"
    ml.evaluate("m/1", data.assign(late=data.late.where(data.g == "x", 1 - data.late)), target="late", slices=["g"])
    found = says("slices accuracy by=g within=0.1")
    assert found.verdict == "fail"
    assert found.says.startswith("g=y accuracy")


def test_small_groups_are_never_fair(store: Store):
    version()
    data = rows(400)
    for label, names in (
        ("a group of one is named, not judged", ["z"] * 1),
        ("one of twenty is large and can't be judged", ["z"] * 20),
    ):
        ml.evaluate("m/1", data.assign(g=[*names, *data.g[len(names) :]]), target="late", slices="g")
        found = says("slices accuracy by=g within=0.5")
        assert found.verdict == ("pass" if len(names) == 1 else "insufficient"), label
        assert "g=z" in found.says
    ml.evaluate("m/1", data.assign(g="all"), target="late", slices="g")
    found = says("slices accuracy by=g")
    assert (found.verdict, found.says) == ("insufficient", "1 groups are large enough, two are needed")
    ml.evaluate("m/1", data.assign(g=np.arange(400).astype(str)), target="late", slices="g")
    found = says("slices accuracy by=g")
    assert (found.verdict, "0 groups are large enough" in found.says) == ("insufficient", True)
    assert len(found.says) < 300


def test_the_newest_evaluation_counts(store: Store):
    version()
    ml.evaluate("m/1", rows(), target="late")
    define("metric auc >= 0.6")
    assert one("m/1", "metric").verdict == "pass"
    data = rows()
    ml.evaluate("m/1", data.assign(late=1 - data.late), target="late")
    assert one("m/1", "metric").verdict == "fail"
