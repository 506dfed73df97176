"""Evaluations as they are kept: bound to data, every row's answer, once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline

import mlops_nb as ml
from mlops_nb.data.verbs import fingerprint
from mlops_nb.errors import Corrupt, InvalidInput, MlopsError
from mlops_nb.registry.evaluating.reading import evaluations_of, latest_evaluation, read_predictions, read_sample
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store
from tests.unit.registry.gates.making import audit, fitted, rows, swap, version

DATA = rows()
X, Y = DATA[["a", "b"]], DATA.late


def test_metrics_are_those_of_scikit_learn_on_the_served_answers(store: Store):
    version()
    found = ml.evaluate("m/1", DATA, target="late", slices="g")
    chance = fitted().predict_proba(X)
    assert found.metrics["roc_auc"] == pytest.approx(roc_auc_score(Y, chance[:, 1]), abs=1e-12)
    assert found.metrics["log_loss"] == pytest.approx(log_loss(Y, chance), abs=1e-9)
    assert (found.task, found.rows, found.dataset) == ("binary", 400, fingerprint(DATA).digest)
    assert [g.n for g in found.sliced("g").groups] == DATA.g.value_counts().tolist()
    assert found.baseline("dummy").rows == 400
    p, groups = read_predictions(store, found)
    assert (p.truth == Y).all()
    np.testing.assert_allclose(p.chance(1), chance[:, 1], atol=1e-15)
    assert (groups["g"] == DATA.g).all()
    assert ml.evaluations("m/1")[0] == found


def test_the_same_again_is_one_record(store: Store):
    version()
    first = ml.evaluate("m/1", DATA, target="late")
    before = store.query("SELECT count(*) FROM audit")
    again = ml.evaluate("m/1", DATA.copy(), target="late")
    assert (first.existed, again.existed, again.id) == (False, True, first.id)
    assert store.query("SELECT count(*) FROM audit") == before
    assert ml.evaluate("m/1", DATA, target="late", slices="g").id != first.id
    assert len(ml.evaluations("m/1")) == 2
    did, about = audit(store)[-1]
    assert (did, about["dataset"]) == ("evaluate", first.dataset)


def test_the_newest_of_all_or_on_one_dataset(store: Store):
    version()
    one = resolve_version(store, "m/1")
    assert (latest_evaluation(store, one), evaluations_of(store, one)) == (None, [])
    first = ml.evaluate("m/1", DATA, target="late")
    second = ml.evaluate("m/1", rows(seed=3), target="late")
    assert latest_evaluation(store, one).id == second.id
    assert latest_evaluation(store, one, first.dataset).id == first.id
    assert latest_evaluation(store, one, "fp1b:0") is None


def test_a_sample_is_some_of_the_rows_with_their_truth(store: Store):
    version()
    found = ml.evaluate("m/1", DATA, target="late", sample=50)
    some, truth = read_sample(store, found)
    assert some.shape == (50, 2)
    joined = some.assign(late=truth).merge(DATA[["a", "b", "late"]], on=["a", "b", "late"])
    assert len(joined) == 50
    assert read_sample(store, ml.evaluate("m/1", DATA, target="late", sample=0)) == (None, None)
    for sample in (-1, 100_001):
        with pytest.raises(InvalidInput, match="a sample of"):
            ml.evaluate("m/1", DATA, target="late", sample=sample)
    with pytest.raises(InvalidInput, match="there is no baseline 'best'"):
        ml.evaluate("m/1", DATA, target="late", baseline="best")


WORDS, GOOD = ["good day", "bad day", "fine night", "bad night"] * 20, np.array([1, 0, 1, 0] * 20)
COLOURS = np.array(["blue", "green", "red"])[np.random.default_rng(0).integers(0, 3, 400)]


@pytest.mark.parametrize(
    ("model", "example", "data", "task"),
    [
        (lambda: LogisticRegression().fit(X.to_numpy(), Y), X.to_numpy(), (X.to_numpy(), Y), "binary"),
        (
            lambda: LogisticRegression().fit(X.to_numpy(), Y),
            X.to_numpy(),
            (X.to_numpy().tolist(), Y.tolist()),
            "binary",
        ),
        (lambda: LogisticRegression().fit(X, Y.astype(bool)), X, (X, Y.astype(bool)), "binary"),
        (lambda: LogisticRegression().fit(X, COLOURS), X, (X, COLOURS), "multiclass"),
        (lambda: LinearRegression().fit(X, X.a + Y), X, (X, X.a + Y), "regression"),
        (
            lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(WORDS, GOOD),
            WORDS,
            (WORDS, GOOD),
            "binary",
        ),
        (lambda: LogisticRegression().fit(X, Y), X, pl.from_pandas(DATA[["a", "b", "late"]]), "binary"),
        (lambda: LogisticRegression().fit(X, Y), X, DATA[["late", "b", "a"]].sample(frac=1, random_state=0), "binary"),
    ],
)
@pytest.mark.parametrize("baseline", ["dummy", "linear"])
def test_whatever_a_model_takes_and_says(store: Store, model, example, data, task: str, baseline: str):
    register("m", model(), example=example[:5])
    found = ml.evaluate("m/1", data, baseline=baseline)
    assert found.task == task
    assert all(one.value is not None for one in found.findings.scored)
    assert found.baseline(baseline) is not None
    p, _ = read_predictions(store, found)
    assert (p.task, len(p)) == (task, found.rows)
    assert ml.evaluations("m/1")[0] == found


def test_a_class_that_the_model_never_saw_counts_against_it(store: Store):
    register("m", LogisticRegression().fit(X, COLOURS), example=X.head())
    truth = COLOURS.astype(object)
    truth[:40] = "violet"
    found = ml.evaluate("m/1", (X, truth))
    assert "violet" in found.confusion.labels
    assert read_predictions(store, found)[0].unseen == ("violet",)
    with pytest.raises(InvalidInput, match="no truth is a class of the model"):
        ml.evaluate("m/1", (X, np.full(400, "violet")))


@pytest.mark.parametrize(
    ("data", "target", "said"),
    [
        (DATA.assign(late=DATA.late.where(DATA.index > 3)), "late", "the truth is missing in 4 of 400 rows"),
        (DATA.assign(late=DATA.late.astype(str)), "late", "the truth holds texts like '0', the model says numbers"),
        (DATA.drop(columns="b"), "late", "column 'b' is missing"),
        (DATA.assign(a="x"), "late", "column 'a', row 0: 'x'; expected a number"),
        (DATA.assign(a=np.nan), "late", "the model refuses these values"),
        (DATA[:0], "late", "there are no rows"),
        (DATA.assign(late=np.nan), "late", "the truth is missing in 400 of 400 rows"),
    ],
)
def test_what_can_not_be_evaluated_leaves_nothing(store: Store, data: pd.DataFrame, target: str, said: str):
    version()
    before = store.query("SELECT count(*) FROM audit")
    with pytest.raises(MlopsError) as refused:
        ml.evaluate("m/1", data, target=target)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (store.query("SELECT count(*) FROM audit"), len(ml.evaluations("m/1"))) == (before, 0)


def test_too_many_groups_is_one_line(store: Store):
    version()
    data = rows(1001).assign(g=[str(i) for i in range(1001)])
    with pytest.raises(InvalidInput, match="more than 1,000 groups") as said:
        ml.evaluate("m/1", data, target="late", slices="g")
    assert "\n" not in str(said.value)


def test_missing_labels_and_odd_ones_are_groups(store: Store):
    version()
    label = "<b>&\n\x00" + "x" * 1000
    data = DATA.assign(g=np.where(DATA.index < 50, None, np.where(DATA.index < 200, label, "y")))
    found = ml.evaluate("m/1", data, target="late", slices="g")
    assert {one.group: one.n for one in found.sliced("g").groups} == {"y": 200, label: 150, "(missing)": 50}
    assert "<b>&" not in found._repr_html_()
    assert ml.evaluations("m/1")[0] == found


def test_altered_predictions_are_told_in_one_line(store: Store):
    version()
    found = ml.evaluate("m/1", DATA, target="late")
    swap(store, found.predictions, store.artifacts.get(found.sample))
    with pytest.raises(Corrupt) as said:
        read_predictions(store, found)
    assert "\n" not in str(said.value)
