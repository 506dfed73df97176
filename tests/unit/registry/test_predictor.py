from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.describing import completed, described
from mlops_nb.registry.predictor import ModelFailure, Predictor

RANDOM = np.random.default_rng(0)
N = 60
FRAME = pd.DataFrame(
    {
        "delay": RANDOM.normal(size=N),
        "hour": RANDOM.integers(0, 24, N),
        "carrier": RANDOM.choice(["AA", "UA"], N),
        "origin": pd.Categorical(RANDOM.choice(["JFK", "LGA", "EWR"], N)),
        "when": pd.date_range("2013-01-01", periods=N, unit="us"),
        "late": RANDOM.random(N) > 0.5,
    }
)
Y = (FRAME["delay"] > 0).astype(int)
NUMBERS = ["delay", "hour"]


def predictor(model, x):
    signature, _ = described(model, x)
    return Predictor(model, completed(signature, model))


def wire(frame):
    """A frame as JSON would carry it."""
    plain = {name: frame[name].tolist() for name in frame}
    if "when" in plain:
        plain["when"] = frame["when"].astype(str).tolist()
    return plain


def mixed():
    encode = ColumnTransformer([("hot", OneHotEncoder(), ["carrier", "origin"])], remainder="drop")
    return make_pipeline(encode, LogisticRegression()).fit(FRAME, Y)


def test_columns_come_in_any_order_and_leave_with_the_types_of_fit():
    model = mixed()
    one, columns = predictor(model, FRAME), wire(FRAME)
    cast = one.cast(dict(reversed(columns.items())))
    pd.testing.assert_frame_equal(cast, FRAME)
    assert np.array_equal(one.predict(cast)["probability"], model.predict_proba(FRAME))


def test_a_model_of_numbers_takes_an_array_and_answers_the_same_without_a_warning():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME[NUMBERS], Y)
    expected = model.predict_proba(FRAME[NUMBERS])
    one = predictor(model, FRAME[NUMBERS])
    assert one.arrays
    assert isinstance(one.cast(wire(FRAME[NUMBERS])), np.ndarray)
    assert np.array_equal(one.predict(one.cast(wire(FRAME[NUMBERS])))["probability"], expected)


def test_categories_keep_their_order_and_unseen_ones_are_the_models_business():
    frame = FRAME[["delay", "origin"]]
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=5).fit(frame, Y)
    one = predictor(model, frame)
    assert not one.arrays
    rows = {"delay": [0.1, 0.1], "origin": ["LGA", "somewhere"]}
    assert list(one.cast(rows)["origin"].cat.categories) == ["EWR", "JFK", "LGA", "somewhere"]
    assert one.predict(one.cast(rows))["predict"].shape == (2,)
    assert np.array_equal(one.predict(one.cast(wire(frame)))["predict"], model.predict(frame))


def test_a_model_of_polars_gets_polars():
    frame = pl.from_pandas(FRAME[NUMBERS])
    encode = ColumnTransformer([("as it is", "passthrough", NUMBERS)])
    one = predictor(make_pipeline(encode, LinearRegression()).fit(frame, Y), frame)
    assert isinstance(one.cast(wire(FRAME[NUMBERS])), pl.DataFrame)


def test_texts_are_one_nameless_input():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["late again", "on time"] * 5, [1, 0] * 5)
    one = predictor(model, ["late"])
    assert one.predict(one.cast(["late", "time"]))["predict"].tolist() == [1, 0]
    with pytest.raises(InvalidInput, match="expected a text"):
        one.cast([3])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"delay": None}, "column 'delay' is missing; expected delay, hour"),
        ({"delay": None, "dely": [1.0]}, "unknown column 'dely'.*did you mean 'delay'"),
        ({"extra": [1]}, "unknown column 'extra'"),
        ({"hour": ["noon"] * N}, "column 'hour', row 0: 'noon'; expected a number or null"),
        ({"hour": [[1, 2]] * N}, r"column 'hour' has shape \[60, 2\]"),
        ({"hour": [[1], [1, 2]]}, "column 'hour' has rows of unlike lengths"),
        ({"hour": [1]}, "column 'hour' has 1 rows; expected 60"),
        ({"carrier": [7] * N}, "column 'carrier', row 0: 7; expected a text or null"),
        ({"when": ["yesterday"] * N}, "column 'when' holds what is no time"),
        ({"when": [3] * N}, "column 'when', row 0: 3"),
        ({"late": ["yes"] * N}, "column 'late', row 0: 'yes'; expected true or false"),
        ({"origin": [1] * N}, "column 'origin', row 0: 1; expected a text"),
    ],
)
def test_a_wrong_column_is_named_in_one_line(change, words):
    columns = {**wire(FRAME), **change}
    with pytest.raises(InvalidInput, match=words) as refusal:
        predictor(mixed(), FRAME).cast({name: values for name, values in columns.items() if values is not None})
    assert "\n" not in str(refusal.value)


def test_null_is_missing_and_the_model_says_whether_it_minds():
    one = predictor(LinearRegression().fit(FRAME[NUMBERS], Y), FRAME[NUMBERS])
    with pytest.raises(InvalidInput, match=r"the model refuses these values.*NaN"):
        one.predict(one.cast({"delay": [None], "hour": [3]}))
    tolerant = predictor(HistGradientBoostingClassifier(max_iter=3).fit(FRAME[NUMBERS], Y), FRAME[NUMBERS])
    assert tolerant.predict(tolerant.cast({"delay": [None], "hour": [3]}))["predict"].shape == (1,)


def test_no_rows_wrong_shapes_and_wrong_forms_are_refused():
    named = predictor(LinearRegression().fit(FRAME[NUMBERS], Y), FRAME[NUMBERS])
    nameless = predictor(LinearRegression().fit(FRAME[NUMBERS].to_numpy(), Y), FRAME[NUMBERS].to_numpy())
    for call, words in (
        (lambda: named.cast({"delay": [], "hour": []}), "no rows"),
        (lambda: named.cast([[1, 2]]), "takes columns by name"),
        (lambda: nameless.cast({"delay": [1]}), "takes no named columns"),
        (lambda: nameless.cast(np.zeros((0, 2))), "no rows"),
        (lambda: nameless.cast([[1, 2, 3]]), r"shape \[1, 3\]; expected \[-1, 2\]"),
        (lambda: nameless.cast([1, 2]), r"shape \[2\]"),
        (lambda: nameless.cast([[1], [1, 2]]), "unlike lengths"),
        (lambda: nameless.cast([["a", "b"]]), "expected a number"),
        (lambda: named.predict(np.zeros((1, 2)), ["predictt"]), "did you mean 'predict'"),
    ):
        with pytest.raises(InvalidInput, match=words):
            call()


class Odd(ClassifierMixin, BaseEstimator):
    """A model that misbehaves as told."""

    def fit(self, x, y):
        self.n_features_in_ = 1
        return self

    def predict(self, x):
        return np.zeros(len(x)) if len(x) == 1 else self.misbehave(x)

    def misbehave(self, x):
        if len(x) == 2:
            raise RuntimeError("out of memory\nor so")
        return np.zeros(1)


def test_a_model_that_fails_or_loses_rows_says_so():
    one = predictor(Odd().fit(None, None), np.zeros((1, 1)))
    with pytest.raises(ModelFailure, match=r"RuntimeError.*out of memory"):
        one.predict(one.cast([[1.0], [2.0]]))
    with pytest.raises(ModelFailure, match="1 rows of predict for 3"):
        one.predict(one.cast([[1.0], [2.0], [3.0]]))
