"""What differs between runs, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.store.ids import told_apart
from mlops_nb.store.store import choose


@pytest.fixture(autouse=True)
def project(tmp_path):
    choose(tmp_path / ".mlops")
    yield
    choose(None)


def run(auc=None, *, params=None, **metrics):
    with ml.track("e", params=params or {}) as made:
        if auc is not None:
            ml.log_metric("auc", auc)
        ml.log_metrics(metrics)
    return made.id


def test_the_better_one_and_what_was_changed():
    a, b = run(0.85, params={"depth": 6, "same": 1}), run(0.862, params={"depth": 8, "same": 1, "new": "x"})
    found, short = ml.compare(a, b), told_apart([a, b])
    assert found.sentences == (
        f"{short[b]} beats {short[a]} by 0.012 auc (0.862 against 0.85).",
        f"Changed: depth 6 → 8; new = x only in {short[b]}.",
    )
    assert [(d.kind, d.name, d.values) for d in found.differences] == [
        ("metric", "auc", (0.85, 0.862)),
        ("param", "depth", (6, 8)),
        ("param", "new", (None, "x")),
    ]


@pytest.mark.parametrize(("name", "better"), [("rmse", 0), ("accuracy", 1)])
def test_direction_decides_who_wins(name, better):
    ids = [run(**{name: 1.0}), run(**{name: 2.0})]
    assert ml.compare(*ids).sentences[0].startswith(f"{told_apart(ids)[ids[better]]} beats")


def test_nan_never_wins():
    a, b = run(float("nan")), run(0.1)
    assert ml.compare(a, b).sentences[0].startswith(f"{told_apart([a, b])[b]} beats")


def test_equal_runs_and_runs_without_a_common_metric():
    a, b = run(0.5), run(0.5)
    assert ml.compare(a, b).sentences == (
        "They are equal in auc (0.5).",
        "Params, data, code and environment are the same.",
    )
    c = run(rmse=1.0)
    assert ml.compare(a, c).sentences[0] == "They have no metric in common that says which is better."


def test_data_that_grew_are_told_in_rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(70_000, 2)), columns=["x", "y"])
    late = (X.x > 0).astype(int)
    ids = []
    for rows in (69_000, 69_214):
        with ml.track("e") as made:
            train, target = X[:rows], late[:rows]
            model = LogisticRegression().fit(train, target)
            auc = roc_auc_score(late[-500:], model.predict_proba(X[-500:])[:, 1])
        ids.append(made.id)
    assert 0.9 < auc <= 1.0
    changed = ml.compare(*ids).sentences[1]
    assert "214 rows added in `train` (train)" in changed
    assert "(test)" not in changed


def test_three_runs_are_compared_with_the_best():
    ids = [run(v, params={"depth": d}) for v, d in ((0.7, 1), (0.9, 2), (0.8, 3))]
    found, short = ml.compare(*ids), told_apart(ids)
    assert found.sentences == (
        f"{short[ids[1]]} is best in auc: 0.9, 0.1 ahead of {short[ids[2]]}.",
        "They differ in: depth 1 | 2 | 3.",
    )
    assert len(found.runs) == 3


def test_a_metric_that_names_another_run_is_said():
    with ml.track("x", params={"depth": 1}) as a:
        a.log_metrics({"auc": 0.9, "loss": 0.4, "seen": 3.0})
    with ml.track("x", params={"depth": 2}) as b:
        b.log_metrics({"auc": 0.8, "loss": 0.3, "seen": 9.0})
    short = told_apart([a.id, b.id])[b.id]
    assert ml.compare(a.id, b.id).sentences[1] == f"But in loss {short} is better (0.3 against 0.4)."
    with ml.track("x", params={"depth": 3}) as c:
        c.log_metrics({"auc": 0.7, "loss": 0.5})
    assert not any(said.startswith("But") for said in ml.compare(a.id, c.id).sentences)


def test_what_can_not_be_compared():
    a = run(0.5)
    with pytest.raises(InvalidInput, match="compare got 1 different run; expected 2 to 20"):
        ml.compare(a, a)
    with pytest.raises(NotFound, match="no run"):
        ml.compare(a, "01ZZZZZZZZ")
