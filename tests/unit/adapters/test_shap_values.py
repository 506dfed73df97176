"""SHAP values that add up to the estimator's answers, or none at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, RidgeClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier

from mlops_nb.adapters import shap_values as adapter
from mlops_nb.adapters.shap_values import NoShap, affordable, shap_values

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 4))
NUMBER = 2 * X[:, 0] + X[:, 1] * X[:, 0]
TWO = (NUMBER > 0).astype(int)
THREE = np.digitize(NUMBER, [-1, 1])
POSITIVE = np.exp(0.5 * X[:, 0])
LIGHT = {"verbose": -1, "n_estimators": 10}


@pytest.mark.parametrize(
    ("estimator", "target", "outputs", "unit"),
    [
        (HistGradientBoostingClassifier(max_iter=10), TWO, 1, "log-odds"),
        (HistGradientBoostingClassifier(max_iter=10), THREE, 3, "log-odds"),
        (HistGradientBoostingRegressor(max_iter=10), NUMBER, 1, "target"),
        (HistGradientBoostingRegressor(max_iter=10, loss="poisson"), POSITIVE, 1, "log of the target"),
        (GradientBoostingClassifier(n_estimators=10), TWO, 1, "log-odds"),
        (RandomForestClassifier(10), TWO, 1, "probability"),
        (RandomForestClassifier(10), THREE, 3, "probability"),
        (DecisionTreeClassifier(), TWO, 1, "probability"),
        (ExtraTreesRegressor(10), NUMBER, 1, "target"),
        (LGBMClassifier(**LIGHT), TWO, 1, "log-odds"),
        (LGBMClassifier(**LIGHT), THREE, 3, "log-odds"),
        (XGBClassifier(n_estimators=10), TWO, 1, "log-odds"),
        (XGBClassifier(n_estimators=10), THREE, 3, "log-odds"),
        (LogisticRegression(), TWO, 1, "log-odds"),
        (LogisticRegression(), THREE, 3, "log-odds"),
        (LinearRegression(), NUMBER, 1, "target"),
        (PoissonRegressor(), POSITIVE, 1, "log of the target"),
        (RidgeClassifier(), TWO, 1, "decision"),
    ],
    ids=lambda one: type(one).__name__ if hasattr(one, "fit") else "",
)
def test_they_add_up(estimator: Any, target: Any, outputs: int, unit: str):
    estimator.fit(X, target)
    values, said = shap_values(estimator, X[:50], X)
    assert (values.shape, said) == ((50, 4, outputs), unit)
    size = np.abs(values).mean(axis=(0, 2))
    assert size[0] == size.max()


def test_a_tree_by_hand():
    """One split at 0 of one column: each row's value is its leaf minus the mean of the leaves."""
    x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    tree = DecisionTreeRegressor().fit(x, [0.0, 0.0, 4.0, 4.0])
    values, _ = shap_values(tree, x, x)
    assert values[:, 0, 0] == pytest.approx([-2, -2, 2, 2])


def test_a_linear_model_by_hand():
    model = LinearRegression().fit(X, X @ [1.0, 2.0, 0.0, 0.0])
    values, _ = shap_values(model, X[:5], X)
    assert values[:, :, 0] == pytest.approx((X[:5] - X.mean(axis=0)) * [1.0, 2.0, 0.0, 0.0], abs=1e-9)
    # All rows are the background, not a hundred of them that another process would draw otherwise.
    assert np.array_equal(values, shap_values(model, X[:5], X)[0])


@pytest.mark.parametrize(
    ("estimator", "inputs", "says"),
    [
        (AdaBoostClassifier(n_estimators=3).fit(X, TWO), X, "neither made of trees that shap knows nor linear"),
        (SVC().fit(X, TWO), X, "neither made of trees that shap knows nor linear"),
        (LogisticRegression().fit(X, TWO), pd.DataFrame({"a": ["x", "y"]}), "takes more than numbers"),
        (LogisticRegression().fit(X, TWO), X[0], "takes no table"),
    ],
)
def test_what_is_not_exact_is_not_said(estimator: Any, inputs: Any, says: str):
    with pytest.raises(NoShap, match=says):
        shap_values(estimator, inputs, inputs)


def test_categories_of_a_booster_are_not_explained_wrongly():
    frame = pd.DataFrame({"a": X[:, 0], "k": pd.Categorical(np.where(X[:, 1] > 0, 5, 3))})
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype").fit(frame, TWO)
    # shap compares the code of a category with a threshold, where the model asks for a set of them.
    with pytest.raises(NoShap, match=r"don't add up|can't explain"):
        shap_values(model, frame, frame)


def test_large_forests_are_explained_on_fewer_rows_or_not(monkeypatch: pytest.MonkeyPatch):
    forest = RandomForestClassifier(20).fit(X, TWO)
    assert affordable(forest) == affordable(LogisticRegression().fit(X, TWO)) == 500
    work = sum(one.tree_.n_leaves * one.tree_.max_depth**2 for one in forest.estimators_)
    monkeypatch.setattr(adapter, "_WORK", work * 40)
    assert affordable(forest) == 40
    monkeypatch.setattr(adapter, "_WORK", work * 29)
    with pytest.raises(NoShap, match=r"20 trees with .* leaves would take too long"):
        affordable(forest)
