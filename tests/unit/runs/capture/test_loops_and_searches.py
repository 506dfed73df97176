"""Loops, cross-validation, searches and pipelines: what stands in the run is what was saved and what the person saw."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlops_nb as ml
from mlops_nb.store.store import choose

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)


@pytest.fixture(autouse=True)
def project(tmp_path):
    choose(tmp_path / ".mlops")
    yield
    choose(None)


def metrics(card):
    return {m.name: m for m in card.metrics}


def test_params_of_a_loop_are_those_of_the_model_that_is_saved():
    with ml.track("e"):
        for depth in (2, 8):
            forest = RandomForestClassifier(max_depth=depth, n_estimators=3, random_state=0).fit(X, y)
            accuracy_score(y, forest.predict(X))
    card = ml.show()
    assert card.run.params["max_depth"] == 8
    assert ml.load(ml.register("forest", "last").ref).max_depth == 8
    assert metrics(card)["accuracy_score"].points == 2


def test_a_cross_validation_is_its_mean_and_its_folds_are_beside_it():
    with ml.track("e"):
        scores = cross_val_score(LogisticRegression(), X, y, cv=3)
    found = metrics(ml.show())
    assert found["cross_val_score"].last == pytest.approx(scores.mean(), rel=1e-12)
    assert found["cross_val_score"].role == "validation"
    assert (found["cross_val_score/fold"].points, found["cross_val_score/fold"].last) == (3, scores[-1])


def test_each_metric_of_cross_validate():
    with ml.track("e"):
        result = cross_validate(LogisticRegression(), X, y, cv=3, scoring=["f1", "accuracy"])
    found = metrics(ml.show())
    for name in ("f1", "accuracy"):
        assert found[name].last == pytest.approx(result[f"test_{name}"].mean(), rel=1e-12)
        assert found[f"{name}/fold"].points == 3


def test_a_search_says_what_it_found():
    with ml.track("e"):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.01, 1.0, 100.0]}, cv=3
        )
        search.fit(X, y)
    card = ml.show()
    found = metrics(card)
    assert found["best_score"].last == search.best_score_
    assert found["best_score/candidate"].points == 3
    assert card.run.params["best.logisticregression__C"] == search.best_params_["logisticregression__C"]
    assert card.run.params["estimator"] == "GridSearchCV(LogisticRegression)"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_loss_curve_of_a_network_inside_a_pipeline():
    with ml.track("e"):
        model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=5, random_state=0)).fit(X, y)
    loss = metrics(ml.show())["loss"]
    assert (loss.points, loss.last) == (5, model[-1].loss_curve_[-1])
    assert len(loss.curve) == 5


def test_a_display_made_from_an_estimator_names_no_wrong_variable():
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y)
    with ml.track("e"):
        ConfusionMatrixDisplay.from_estimator(forest, X, y)
    assert {use.variable for use in ml.show().run.datasets} == {"X"}


def test_two_models_in_one_run_keep_their_params_apart():
    with ml.track("e"):
        a = LogisticRegression(C=1.5).fit(X, y)
        b = LogisticRegression(C=2.5).fit(X, y)
        assert a.C != b.C
    params = ml.show().run.params
    assert (params["a.C"], params["b.C"]) == (1.5, 2.5)
    assert np.isfinite(list(ml.show().run.metrics.values())).all()
