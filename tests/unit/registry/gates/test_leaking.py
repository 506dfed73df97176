"""The overlap gate, from a tracked fit to a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.store.store import Store


def _frame(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n)})
    return frame.assign(late=(frame.a + random.normal(size=n) > 0).astype(int))


@pytest.fixture
def trained(store: Store) -> pd.DataFrame:
    train = _frame(2000, 1)
    with ml.track("e"):
        model = LogisticRegression().fit(train[["a", "b"]], train.late)
    ml.register("m", model)
    ml.gates.define("m", "production", "overlap")
    return train


def _judged() -> tuple[str, str]:
    found = next(one for one in ml.gates.run("m/1").results if one.gate == "overlap")
    return found.verdict, found.says


def test_unseen_rows_pass(trained: pd.DataFrame):
    ml.evaluate("m/1", _frame(500, 2))
    assert _judged() == ("pass", "0 of 500 rows are in the training data, chance explains 0.0%")


def test_one_row_that_it_learned_from_fails(trained: pd.DataFrame):
    ml.evaluate("m/1", pd.concat([_frame(500, 2), trained[:1]]))
    assert _judged() == ("fail", "1 of 501 rows are in the training data, chance explains 0.0%")


def test_without_rows_or_a_run_nothing_can_be_said(trained: pd.DataFrame):
    ml.evaluate("m/1", _frame(500, 2), sample=0)
    assert _judged() == ("insufficient", "the evaluation kept no rows")
    ml.register("m", LogisticRegression(C=3).fit(trained[["a", "b"]], trained.late), example=trained[["a", "b"]][:3])
    ml.evaluate("m/2", _frame(500, 2))
    found = next(one for one in ml.gates.run("m/2").results if one.gate == "overlap")
    assert (found.verdict, found.says) == ("insufficient", "the rows that it learned from are not on record")
