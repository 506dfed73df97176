"""SHAP values of inputs: only where each column of the last step is one input's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from mlops_nb.adapters.signatures import infer
from mlops_nb.registry.explaining.attributing import shap_of
from mlops_nb.registry.explaining.model import ShapValues
from mlops_nb.registry.explaining.permuting import orders
from mlops_nb.registry.predictor import Predictor

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RANDOM.normal(size=400), "b": RANDOM.normal(size=400)})
TABLE["kind"] = RANDOM.choice(["x", "y", "z"], 400)
LEVEL = TABLE.kind.map({"x": 0.0, "y": 1.0, "z": 5.0})
TARGET = 2 * TABLE.a + LEVEL


def shap(model: Pipeline, table: pd.DataFrame = TABLE, target: pd.Series = TARGET) -> ShapValues:  # type: ignore[type-arg]
    model.fit(table, target)
    predictor = Predictor(model, infer(table.head(), {"predict": model.predict(table.head())}))
    return shap_of(predictor, table, orders(len(table), 1, 0)[0])


def encoded(*steps: object, sparse: bool = False) -> Pipeline:
    hot = OneHotEncoder(sparse_output=sparse)
    kinds = [("n", StandardScaler(), ["a", "b"]), ("k", hot, ["kind"])]
    return make_pipeline(ColumnTransformer(kinds, sparse_threshold=float(sparse)), *steps, LinearRegression())


@pytest.mark.parametrize("sparse", [False, True])
def test_columns_of_one_input_are_summed(sparse: bool):
    found = shap(encoded(sparse=sparse))
    means = {one.feature: one.value for one in found.means}
    assert found.unit == "target"
    # A linear model's values are the coefficient times the distance from the mean, summed over the columns of a text.
    assert means["a"] == pytest.approx(2 * (TABLE.a - TABLE.a.mean()).abs().mean(), rel=0.02)
    assert means["kind"] == pytest.approx((LEVEL - LEVEL.mean()).abs().mean(), rel=0.02)
    assert means["b"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("step", [PCA(3), PolynomialFeatures(2, include_bias=False)])
def test_mixed_inputs_are_not_taken_apart(step: object):
    found = shap(encoded(step))
    assert found.means == ()
    assert "mixes inputs (a and " in found.why


def test_a_constant_column_belongs_to_nobody_and_loses_nothing():
    constant = make_pipeline(PolynomialFeatures(1), LinearRegression())
    found = shap(constant, TABLE[["a", "b"]])
    assert [one.feature for one in found.means] == ["a", "b"]
