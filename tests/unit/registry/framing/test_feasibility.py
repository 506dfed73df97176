"""Whether it can be done is read from the store: yes, no, or that it can't be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.store.store import Store


def answers(name: str = "delay") -> dict[str, str]:
    return {one.name: one.answer for one in ml.canvas(name).feasibility}


def says(check: str, name: str = "delay") -> str:
    return next(one.says for one in ml.canvas(name).feasibility if one.name == check)


def data(rows: int) -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(rows, 2)), columns=["a", "b"])
    return frame, (frame["a"] + random.normal(size=rows) > 0).astype(int)


def trained(experiment: str, rows: int, seed: int = 1) -> LogisticRegression:
    X, y = data(rows)
    with ml.track(experiment):
        return LogisticRegression(C=seed).fit(X, y)


def test_nothing_is_known_of_a_model_without_runs(store: Store):
    trained("other", 300)
    assert answers() == {"data": "insufficient", "labels": "insufficient", "baseline": "insufficient", "owner": "no"}
    assert "no run belongs to this model" in says("data")


def test_runs_of_the_experiment_of_that_name_count(store: Store):
    with ml.track("delay"):
        ml.log_metric("auc", 0.7)
    assert answers() == {"data": "no", "labels": "no", "baseline": "no", "owner": "no"}
    trained("delay", 40)
    assert (answers()["data"], says("data")[:24]) == ("insufficient", "40 rows of train data in")
    trained("delay", 300)
    assert (answers()["data"], says("data")[:25]) == ("yes", "300 rows of train data in")
    with ml.track("delay", tags={"baseline": "no"}):
        ml.log_metric("auc", 0.5)
    assert answers()["baseline"] == "no"
    with ml.track("delay", tags={"baseline": "majority class"}):
        ml.log_metric("auc", 0.5)
    assert answers()["baseline"] == "yes"


def test_the_experiment_of_a_version_counts_and_an_evaluation_answers_for_truth_and_baseline(store: Store):
    model = trained("try", 300)
    version = ml.register("delay", model)
    assert version.run is not None
    assert answers() == {"data": "yes", "labels": "no", "baseline": "no", "owner": "no"}
    X, y = data(80)
    ml.evaluate("delay/1", X.assign(late=y), target="late")
    ml.canvas("delay", fields={"owner": "Ada"})
    assert answers() == {"data": "yes", "labels": "yes", "baseline": "yes", "owner": "yes"}
    assert ml.canvas("delay").feasible == "yes"
    assert "'late' on 80 rows" in says("labels")
    assert "dummy" in says("baseline")


def test_a_run_that_a_decision_names_counts_and_one_in_the_trash_does_not(store: Store):
    trained("try", 300)
    ml.decide("delay", "data", option=["a", "b"], choice="a", reason="it is there", run="last")
    assert answers()["data"] == "yes"
    ml.trash("last", kind="run")
    assert answers()["data"] == "insufficient"


def test_a_metric_on_test_data_is_a_label(store: Store):
    from sklearn.metrics import accuracy_score

    X, y = data(400)
    X_train, X_test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]
    with ml.track("delay"):
        model = LogisticRegression().fit(X_train, y_train)
        accuracy_score(y_test, model.predict(X_test))
    roles = store.query("SELECT role FROM metric")
    assert answers()["labels"] == ("yes" if roles == [("test",)] else "no")
    assert roles == [("test",)]
