"""What errors cost: the canvas's costs on the evaluation's shares, with an interval, or why it can't be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_nb as ml
from mlops_nb.registry.risks.expecting import amount
from mlops_nb.store.store import Store

COSTS = {"cost_false_positive": 2, "cost_false_negative": 5, "unit": "EUR"}


def rows(seed: int, count: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(count, 2)), columns=["a", "b"])
    return frame.assign(late=(frame["a"] + random.normal(size=count) > 0.7).astype(int))


@pytest.fixture
def version(store: Store) -> str:
    train = rows(0, 300)
    return ml.register(
        "delay", LogisticRegression().fit(train[["a", "b"]], train["late"]), example=train[["a", "b"]]
    ).ref


def test_what_is_missing_is_said(store: Store, version: str):
    assert ml.risk(version).expected.why.startswith("the canvas names no costs (%canvas delay --set")
    ml.canvas("delay", fields={"cost_false_positive": 2})
    assert ml.risk(version).expected.why == "delay/1 has no evaluation (%evaluate delay/1 DATA)"
    ml.evaluate(version, rows(1, 200), target="late")
    assert "names no cost_false_negative" in ml.risk(version).expected.why
    assert "cannot be said: the canvas names no cost_false_negative" in str(ml.risk(version))
    ml.canvas("delay", fields=COSTS)
    found = ml.risk(version).expected
    assert (found.why, found.net, found.unit, found.rows) == ("", None, "EUR", 200)


def test_the_newest_evaluation_is_counted(store: Store, version: str):
    ml.canvas("delay", fields=COSTS | {"gain_true_positive": 3, "gain_true_negative": 0.5})
    data = rows(1, 400)
    ml.evaluate(version, rows(2, 50), target="late")
    evaluation = ml.evaluate(version, data, target="late")
    said, was = ml.load(version).predict(data[["a", "b"]]), data["late"].to_numpy()
    false_yes, false_no = int(((said == 1) & (was == 0)).sum()), int(((said == 0) & (was == 1)).sum())
    right_yes, right_no = int(((said == 1) & (was == 1)).sum()), int(((said == 0) & (was == 0)).sum())
    assert min(false_yes, false_no) > 0
    assert false_yes != false_no
    found = ml.risk(version).expected
    assert found.evaluation == evaluation.id
    assert found.cost is not None
    assert found.cost.value == pytest.approx(1000 * (2 * false_yes + 5 * false_no) / 400)
    assert found.cost.low < found.cost.value < found.cost.high
    assert found.net is not None
    net = 3 * right_yes + 0.5 * right_no - 2 * false_yes - 5 * false_no
    assert found.net.value == pytest.approx(1000 * net / 400)
    assert "Dirichlet" in str(ml.risk(version))


def test_of_a_regression_it_is_the_mean_absolute_error(store: Store):
    data = rows(0, 300).assign(late=lambda f: 3 * f["a"] + f["b"] ** 2)
    ml.register("delay", LinearRegression().fit(data[["a", "b"]], data["late"]), example=data[["a", "b"]])
    evaluation = ml.evaluate("delay/1", data, target="late")
    ml.canvas("delay", fields=COSTS)
    assert "names no cost_per_error" in ml.risk("delay/1").expected.why
    ml.canvas("delay", fields={"cost_per_error": 0.5})
    found, error = ml.risk("delay/1").expected, evaluation.scored("mae")
    assert found.cost is not None
    assert (found.cost.value, found.cost.low) == (pytest.approx(500 * error.value), pytest.approx(500 * error.low))


def test_of_many_classes_it_cant_be_said(store: Store):
    data = rows(0, 300).assign(late=lambda f: f["a"].rank(pct=True).mul(3).astype(int).clip(upper=2))
    ml.register("delay", LogisticRegression().fit(data[["a", "b"]], data["late"]), example=data[["a", "b"]])
    ml.evaluate("delay/1", data, target="late")
    ml.canvas("delay", fields=COSTS)
    assert ml.risk("delay/1").expected.why == "costs are those of two classes, the evaluation has others"


def test_the_interval_is_that_of_the_delta_method_where_there_are_many_rows():
    counts, worth = np.array([70_000, 9_000, 6_000, 15_000]), np.array([0.0, 2.0, 5.0, -1.0])
    share = counts / counts.sum()
    mean = share @ worth
    half = 1.96 * np.sqrt((share @ worth**2 - mean**2) / counts.sum())
    found = amount(counts, worth)
    assert found.value == pytest.approx(1000 * mean)
    assert found.low == pytest.approx(1000 * (mean - half), rel=0.005)
    assert found.high == pytest.approx(1000 * (mean + half), rel=0.005)


def test_an_error_that_was_never_seen_may_still_come():
    found = amount((45, 0, 0, 5), (0, 2, 5, 0))
    assert (found.value, found.low) == (0.0, 0.0)
    # At 0 of 50 rows the exact upper limit (Clopper-Pearson, 95 %, two-sided) of one share is 7.1 %.
    assert 100 < found.high < 2 * 71 * 5


@pytest.mark.parametrize("shares", [(0.7, 0.1, 0.05, 0.15), (0.9, 0.04, 0.01, 0.05)])
def test_the_interval_holds_the_truth_as_often_as_it_says(shares):
    random, worth = np.random.default_rng(5), np.array([0.0, 2.0, 5.0, 0.0])
    truth = 1000 * float(np.array(shares) @ worth)
    held = [
        one.low <= truth <= one.high for one in (amount(random.multinomial(300, shares), worth) for _ in range(600))
    ]
    # 95 % of 600 with a standard error of 0.9 %: three of them.
    assert 0.92 <= np.mean(held) <= 0.98
