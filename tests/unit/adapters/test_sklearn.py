"""What is known of scikit-learn and of readers is true of the versions that are installed."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb.adapters import readers, sklearn
from mlops_nb.adapters.patching import Patches, of_function
from mlops_nb.adapters.sizes import estimated_bytes


class Counter:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def before(self, kind: str, name: str, args: object, kwargs: object) -> None:
        self.calls.append((kind, name))

    def after(self, noted: object, result: object) -> None: ...


def failed(error: Exception) -> None:
    raise AssertionError(error)


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in readers.READERS.items() for n in names])
def test_readers_can_be_watched(module: str, name: str) -> None:
    function = getattr(importlib.import_module(module), name, None)
    if function is None:
        pytest.skip("not in this version")
    assert of_function(function, lambda inner: inner)


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in sklearn.FOLDS.items() for n in names])
def test_functions_of_folds_can_be_watched(module: str, name: str) -> None:
    assert of_function(getattr(importlib.import_module(module), name), lambda inner: inner)


def test_methods_of_mixins_and_of_later_classes() -> None:
    patches, counter = Patches(failed), Counter()
    sklearn.install(patches, counter)
    try:

        class Later(BaseEstimator):
            def fit(self, X: object) -> object:
                return self

        Later().fit(1)
        X, y = np.array([[0.0], [1.0]]), np.array([0, 1])
        model = LogisticRegression().fit(X, y)
        model.predict(X), model.decision_function(X), model.predict_proba(X), model.score(X, y)
        make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y).predict(X)
    finally:
        patches.undo()
    assert counter.calls == [
        ("fit", "fit"), ("fit", "fit"), ("predict", "predict"), ("predict", "decision_function"),
        ("predict", "predict_proba"), ("score", "score"), ("fit", "fit"), ("predict", "predict"),
    ]  # fmt: skip
    Later().fit(1)
    assert len(counter.calls) == 8


def test_params_are_told_from_defaults() -> None:
    changed, default = sklearn.params(make_pipeline(StandardScaler(), LogisticRegression(C=2, max_iter=100)))
    assert changed == {"logisticregression__C": 2}
    assert default["logisticregression__max_iter"] == 100
    assert default["standardscaler__with_mean"] is True


def test_sizes() -> None:
    X = np.random.default_rng(0).normal(size=(300, 3))
    small, large = (RandomForestClassifier(n, random_state=0).fit(X, X[:, 0] > 0) for n in (5, 50))
    assert 2_000 < estimated_bytes(small) < estimated_bytes(large) / 5
