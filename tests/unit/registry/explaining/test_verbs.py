"""`%explain`: the inputs that a version rests on, by the rows of its own evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mlops_nb as ml
from mlops_nb.errors import Corrupt, InvalidInput, NotFound
from mlops_nb.registry.explaining.reading import explanation, explanations_of, latest_explanation
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store
from tests.unit.registry.gates.making import swap


def rows(n: int = 1200, seed: int = 0) -> pd.DataFrame:
    """`a` says much of `late`, `b` a little, `twin` is nearly `a`, `kind` matters too, `noise` does not."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n), "noise": random.normal(size=n)})
    frame["kind"] = random.choice(["x", "y", "z"], n)
    frame["twin"] = frame.a + 0.1 * random.normal(size=n)
    frame.loc[::50, "b"] = np.nan
    late = frame.a + 0.4 * frame.b.fillna(0) + (frame.kind == "x") + 0.5 * random.normal(size=n) > 0.3
    return frame.assign(late=late.astype(int))


INPUTS = ["a", "b", "noise", "kind", "twin"]


def pipeline(last: object) -> object:
    """Everything that a table needs before a linear model."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encode = ColumnTransformer(
        [("n", numbers, ["a", "b", "noise", "twin"]), ("k", OneHotEncoder(handle_unknown="ignore"), ["kind"])]
    )
    return make_pipeline(encode, last)


@pytest.fixture
def judged(store: Store) -> pd.DataFrame:
    train, test = rows(seed=1), rows(seed=2)
    register("m", pipeline(LogisticRegression()).fit(train[INPUTS], train.late), example=train[INPUTS].head())
    ml.evaluate("m/1", test, target="late")
    return test


def drops(found) -> dict[str, float]:
    return {one.features[0]: one.drop for one in found.importances}


def test_what_matters_is_found_and_what_does_not_is_not(judged: pd.DataFrame):
    found = ml.explain("m/1")
    f = found.findings
    assert found.importances[0].features in {("a",), ("twin",)}
    assert (f.metric, f.rows, f.of, f.repeats) == ("roc_auc", 1200, 1200, 10)
    assert f.score == pytest.approx(ml.evaluations("m/1")[0].metrics["roc_auc"])
    assert drops(found)["b"] > 0.005
    assert drops(found)["kind"] > 0.02
    noise = next(one for one in found.importances if one.features == ("noise",))
    assert noise.low - 0.002 <= 0 <= noise.high + 0.002
    assert all(one.low <= one.drop <= one.high for one in found.importances)


def test_it_agrees_with_scikit_learn(store: Store):
    train, test = rows(seed=1)[["a", "noise", "late"]], rows(seed=2)[["a", "noise", "late"]]
    model = LogisticRegression().fit(train[["a", "noise"]], train.late)
    register("m", model, example=train[["a", "noise"]].head())
    ml.evaluate("m/1", test, target="late")
    found = drops(ml.explain("m/1", repeats=30))
    X = test[["a", "noise"]]
    theirs = permutation_importance(model, X, test.late, scoring="roc_auc", n_repeats=30, random_state=0)
    assert found["a"] == pytest.approx(theirs.importances_mean[0], abs=0.01)
    assert found["noise"] == pytest.approx(theirs.importances_mean[1], abs=0.003)


def test_inputs_that_go_together_are_named_and_dealt_out_together(judged: pd.DataFrame):
    found = ml.explain("m/1")
    (pair,) = found.findings.correlated
    assert (set(pair.together.features), pair.measure) == ({"a", "twin"}, "Spearman")
    assert pair.strength == pytest.approx(0.99, abs=0.02)
    assert pair.together.drop > drops(found)["a"]
    assert pair.together.drop > drops(found)["twin"]
    assert "each looks less important than it is" in repr(found)


def test_shap_is_summed_back_to_the_inputs(judged: pd.DataFrame):
    shap = ml.explain("m/1").shap
    assert (shap.why, shap.unit, shap.rows) == ("", "log-odds", 500)
    assert {one.feature for one in shap.means} == set(INPUTS)
    values = [one.value for one in shap.means]
    assert values == sorted(values, reverse=True)
    assert values[-1] >= 0


def test_the_success_metric_of_the_canvas_is_asked(judged: pd.DataFrame):
    ml.canvas("m", fields={"success_metric": "log_loss", "success_target": 0.6})
    found = ml.explain("m/1")
    assert (found.findings.metric, found.findings.higher_is_better) == ("log_loss", False)
    assert found.importances[0].drop > 0  # lower is better: what is lost is above 0
    ml.canvas("m", fields={"success_metric": "rmse", "success_target": 3.0})
    assert ml.explain("m/1").findings.metric == "roc_auc"  # not measured there


def test_the_same_again_is_the_same(judged: pd.DataFrame, store: Store):
    assert explanation("m/1") is None
    found = ml.explain("m/1", repeats=3)
    again = ml.explain("m/1", repeats=3)
    assert (again.existed, again.digest, again.id) == (True, found.digest, found.id)
    other = ml.explain("m/1", repeats=4, rows=300)
    assert (other.existed, other.findings.rows, other.findings.of) == (False, 300, 1200)
    version = resolve_version(store, "m/1")
    assert latest_explanation(store, version) == explanation("m/1") == other
    assert [one.id for one in explanations_of(store, version)] == [other.id, found.id]
    assert len(store.query("SELECT 1 FROM audit WHERE action = 'explain'")) == 2
    assert ml.audit.verify().contradictions == ()


def test_a_regression_and_a_constant_target(store: Store):
    data = rows()
    register("m", LinearRegression().fit(data[["a", "noise"]], 3 * data.a), example=data[["a", "noise"]].head())
    ml.evaluate("m/1", (data[["a", "noise"]], 3 * data.a))
    found = ml.explain("m/1")
    assert (found.findings.metric, found.shap.unit) == ("rmse", "target")
    assert drops(found)["a"] == pytest.approx(3 * np.sqrt(2), rel=0.1)
    ml.evaluate("m/1", (data[["a", "noise"]], np.full(len(data), 2.0)))
    assert ml.explain("m/1").findings.metric == "rmse"
    register("c", LogisticRegression().fit(data[["a", "noise"]], data.late), example=data[["a", "noise"]].head())
    ml.evaluate("c/1", data[["a", "noise"]].assign(late=1), target="late")
    assert ml.explain("c/1").findings.metric == "accuracy"  # no area under a curve with one class


def test_trees_arrays_and_texts(store: Store):
    data = rows()
    array = data[["a", "noise", "twin"]].to_numpy()
    register("m", HistGradientBoostingClassifier(max_iter=20).fit(array, data.late), example=array[:5])
    ml.evaluate("m/1", (array, data.late.to_numpy()))
    found = ml.explain("m/1", repeats=3)
    assert {one.features[0] for one in found.importances} == {"0", "1", "2"}
    assert (found.shap.unit, found.shap.why) == ("log-odds", "")
    words = np.where(data.late == 1, "late again", "in time") + np.where(data.a > 0, " sunny", " rain")
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words.tolist(), data.late)
    register("t", model, example=words[:3].tolist())
    ml.evaluate("t/1", (words.tolist(), data.late.to_numpy()))
    found = ml.explain("t/1", repeats=3)
    assert len(found.importances) == 1
    assert found.importances[0].drop == pytest.approx(0.5, abs=0.1)


def test_what_can_not_be_answered_is_refused(store: Store, judged: pd.DataFrame):
    register("n", pipeline(LogisticRegression()).fit(judged[INPUTS], judged.late), example=judged[INPUTS].head())
    for call, error, says in (
        (lambda: ml.explain("n/1"), NotFound, "n/1 was not evaluated; try: %evaluate n/1 DATA"),
        (lambda: ml.explain("m/9"), NotFound, "no version 9"),
        (lambda: ml.explain("m/1", repeats=1), InvalidInput, "1 repeats"),
        (lambda: ml.explain("m/1", rows=0), InvalidInput, "0 rows"),
        (lambda: ml.explain("m/1", repeats=1000, rows=100_000_000), InvalidInput, "rows; expected 2 to"),
        (lambda: ml.explain("m/1", rows=2), InvalidInput, "roc_auc can't be said of 2 rows"),
    ):
        with pytest.raises(error, match=says):
            call()
    ml.evaluate("m/1", judged, target="late", sample=0)
    with pytest.raises(NotFound, match="kept no rows"):
        ml.explain("m/1")
    assert store.query("SELECT 1 FROM evidence WHERE kind = 'explanation'") == []


def test_a_file_that_was_swapped_explains_nothing(store: Store, judged: pd.DataFrame):
    swap(store, resolve_version(store, "m/1").artifact, b"PK\x03\x04 other bytes")
    with pytest.raises(Corrupt, match="the file of m/1 is damaged"):
        ml.explain("m/1")
    assert explanation("m/1") is None


class OnlyTogether:
    """Answers only where both inputs say the same: as a model that gives NaN when it is asked something unlikely."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        first, second = np.asarray(X).T
        return np.where(first == second, first, np.nan)


def test_a_model_that_answers_nan_is_refused(store: Store, tmp_path: Path):
    x = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0)})
    ml.register("m", OnlyTogether(), example=x.head(), allow_pickle=True)
    ml.evaluate("m/1", (x, x.a + 1))
    with pytest.raises(InvalidInput, match="the prediction is missing in"):
        ml.explain("m/1")
    assert explanation("m/1") is None
