"""Every metric is scikit-learn's, weighted and not, with ties; where it has no meaning it is NaN and says why."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.measuring import prepare, undefined
from mlops_nb.registry.evaluating.metrics import METRICS, metric, of_task, values
from mlops_nb.registry.evaluating.predictions import predictions
from tests.unit.registry.evaluating.making import binary, multiclass, numbers

EXACT = {"rel": 1e-9, "abs": 1e-10}
COUNT = st.integers(0, 3)
# Few distinct scores: ties are the rule.
CHANCE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0]) | st.floats(0, 1, width=32)
NUMBER = st.sampled_from([0.0, 1.0, -2.5]) | st.floats(-1e4, 1e4)


def repeated(counts, *columns):
    return [np.repeat(np.asarray(column), counts, axis=0) for column in columns]


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True, **EXACT), name


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), CHANCE, COUNT), min_size=1, max_size=30))
def test_a_binary_task(rows):
    truth, said, chance, counts = map(np.array, zip(*rows, strict=True))
    found = values(predictions(truth, said, chance, [False, True]), counts)
    y, z, s = repeated(counts, truth, said, chance)
    both = 0 < y.sum() < len(y)
    nan = float("nan")
    none = {"zero_division": np.nan}
    if not len(y):
        assert all(np.isnan(value) for value in found.values())
        return
    same(
        found,
        {
            "roc_auc": sk.roc_auc_score(y, s) if both else nan,
            "average_precision": sk.average_precision_score(y, s) if both else nan,
            "accuracy": sk.accuracy_score(y, z),
            "balanced_accuracy": sk.balanced_accuracy_score(y, z) if both else nan,
            "f1": sk.f1_score(y, z, **none),
            "precision": sk.precision_score(y, z, **none),
            "recall": sk.recall_score(y, z, **none),
            "specificity": sk.recall_score(y, z, pos_label=False, **none),
            "log_loss": sk.log_loss(y, s, labels=[False, True]),
            "brier": sk.brier_score_loss(y, s, pos_label=True),
        },
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.tuples(CHANCE, CHANCE, CHANCE), COUNT),
        min_size=1,
        max_size=30,
    )
)
def test_many_classes(rows):
    truth, said, weight, counts = (np.array(column) for column in zip(*rows, strict=True))
    weight = weight + 0.01
    chance = weight / weight.sum(axis=1, keepdims=True)
    labels = np.array(["blue", "green", "red"], dtype=object)
    p = predictions(labels[truth], labels[said], chance, labels)
    found = values(p, counts)
    y, z, s = repeated(counts, truth, said, chance)
    if not len(y):
        assert all(np.isnan(value) for value in found.values())
        return
    there = set(y.tolist())
    present = sorted(there | set(z.tolist()))
    expected = {
        "accuracy": sk.accuracy_score(y, z),
        "balanced_accuracy": sk.recall_score(y, z, labels=sorted(there), average="macro")
        if len(there) > 1
        else float("nan"),
        "f1_macro": sk.f1_score(y, z, labels=present, average="macro"),
        "log_loss": sk.log_loss(y, s, labels=[0, 1, 2]),
        "roc_auc_ovr": sk.roc_auc_score(y, s, multi_class="ovr", labels=[0, 1, 2]) if len(there) == 3 else float("nan"),
    }
    same(found, expected)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(NUMBER, NUMBER, COUNT), min_size=1, max_size=30))
def test_a_regression(rows):
    truth, said, counts = map(np.array, zip(*rows, strict=True))
    found = values(predictions(truth, said), counts)
    y, z = repeated(counts, truth, said)
    if not len(y):
        assert all(np.isnan(value) for value in found.values())
        return
    # Where the truth hardly varies its variance is all rounding, here and there.
    varied = np.var(y) > 1e-6 * max(1.0, np.abs(truth).max()) ** 2
    for name in () if varied else ("r2",):
        found.pop(name)
    expected = {
        "rmse": sk.root_mean_squared_error(y, z),
        "mae": sk.mean_absolute_error(y, z),
        "median_absolute_error": sk.median_absolute_error(y, z),
        "bias": np.mean(z - y),
        "mape": float("nan") if (np.abs(y) < np.finfo(float).eps).any() else np.mean(np.abs(z - y) / np.abs(y)),
    }
    same(found, expected | ({"r2": sk.r2_score(y, z)} if varied else {}))


def test_counts_are_scikit_learns_weights():
    random = np.random.default_rng(3)
    weight = random.integers(1, 5, 400)
    truth, p = binary(random, 400)
    found, said, chance = values(p, weight), p.predicted, p.chance(1)
    weighted = {"sample_weight": weight}
    same(
        found,
        {
            "roc_auc": sk.roc_auc_score(truth, chance, **weighted),
            "average_precision": sk.average_precision_score(truth, chance, **weighted),
            "accuracy": sk.accuracy_score(truth, said, **weighted),
            "balanced_accuracy": sk.balanced_accuracy_score(truth, said, **weighted),
            "f1": sk.f1_score(truth, said, **weighted),
            "precision": sk.precision_score(truth, said, **weighted),
            "recall": sk.recall_score(truth, said, **weighted),
            "specificity": sk.recall_score(truth, said, pos_label=0, **weighted),
            "log_loss": sk.log_loss(truth, chance, **weighted),
            "brier": sk.brier_score_loss(truth, chance, **weighted),
        },
    )
    p = numbers(random, 400)
    y, z = p.truth, p.predicted
    same(
        values(p, weight),
        {
            "rmse": sk.root_mean_squared_error(y, z, **weighted),
            "mae": sk.mean_absolute_error(y, z, **weighted),
            "r2": sk.r2_score(y, z, **weighted),
            "median_absolute_error": sk.median_absolute_error(y, z, **weighted),
            "bias": np.average(z - y, weights=weight),
            "mape": sk.mean_absolute_percentage_error(y, z, **weighted),
        },
    )


def test_more_classes_than_a_product_is_good_for():
    random = np.random.default_rng(5)
    p = multiclass(random, 600, tuple(f"class {k:02d}" for k in range(12)))
    weight = random.integers(1, 4, 600)
    found = values(p, weight, ["f1_macro", "balanced_accuracy", "roc_auc_ovr"])
    weighted = {"sample_weight": weight}
    expected = {
        "f1_macro": sk.f1_score(p.truth, p.predicted, average="macro", **weighted),
        "balanced_accuracy": sk.balanced_accuracy_score(p.truth, p.predicted, **weighted),
        "roc_auc_ovr": sk.roc_auc_score(
            p.truth.tolist(), p.probability, multi_class="ovr", labels=list(p.classes), **weighted
        ),
    }
    same(found, expected)


@pytest.mark.parametrize(
    "make", [lambda random: binary(random, 90)[1], lambda r: numbers(r, 90), lambda r: multiclass(r, 90)]
)
def test_many_resamples_at_once_are_each_alone(make):
    random = np.random.default_rng(8)
    p = make(random)
    names = [one.name for one in of_task(p.task)]
    counts = random.integers(0, 3, (7, 90)).astype(float)
    together = prepare(p, names)(counts)
    for row in range(7):
        same({name: found[row] for name, found in together.items()}, values(p, counts[row]))


def test_a_large_offset_does_not_drown_r2():
    random = np.random.default_rng(1)
    x = random.normal(size=500)
    p = predictions(1e9 + x, 1e9 + x + 0.5 * random.normal(size=500))
    assert values(p)["r2"] == pytest.approx(sk.r2_score(p.truth, p.predicted), rel=1e-6)


@pytest.mark.parametrize(
    ("p", "name", "why"),
    [
        (predictions([1, 1], [1, 0], [0.4, 0.6], [0, 1]), "roc_auc", "one class only: 1"),
        (predictions([1, 1], [1, 0], [0.4, 0.6], [0, 1]), "average_precision", "one class only: 1"),
        (predictions([1, 1], [1, 0], None, [0, 1]), "balanced_accuracy", "one class only: 1"),
        (predictions([1, 1], [1, 0], None, [0, 1]), "specificity", "no row of class 0"),
        (predictions([0, 0], [1, 0], None, [0, 1]), "recall", "no row of class 1"),
        (predictions([0, 1], [0, 0], None, [0, 1]), "precision", "1 is never predicted"),
        (predictions([0, 0], [0, 0], None, [0, 1]), "f1", "1 is never predicted"),
        (predictions(["a"], ["a"], [[1.0]], ["a"]), "recall", "no row of class a second class"),
        (predictions([0, 1], [0, 1], None, [0, 1]), "roc_auc", "no probabilities"),
        (predictions([0, 1], [0, 1], None, [0, 1]), "log_loss", "no probabilities"),
        (predictions(list("ab"), list("ab"), np.eye(3)[:2], list("abc")), "roc_auc_ovr", "no row of class 'c'"),
        (predictions([0.1] * 3, [0.2, 0.1, 0.3]), "r2", "constant truth"),
        (predictions([5], [4]), "r2", "one row"),
        (predictions([0.0, 1e-160], [0.0, 1.0]), "r2", "the truth hardly varies"),
        (predictions([1.0, 1.0 + 1e-15], [1e139, 1.0]), "r2", "the truth hardly varies"),
        (predictions([0, 1, 0], [1, 1, 1]), "mape", "the truth is 0 in 2 of 3 rows"),
        (predictions([1], [1]).take([]), "rmse", "no rows"),
        (predictions([0, 1], [0, 1], None, [0, 1]).take([]), "accuracy", "no rows"),
    ],
)
def test_without_meaning_there_is_no_number(p, name, why):
    assert np.isnan(values(p, None, [name])[name])
    assert undefined(p, name) == why


def test_what_has_meaning_has_nothing_against_it():
    random = np.random.default_rng(2)
    for p in (binary(random, 50)[1], multiclass(random, 50), numbers(random, 50)):
        assert not any(undefined(p, name) or np.isnan(value) for name, value in values(p).items())


@pytest.mark.parametrize("counts", [[1, 2], [[1, 1, 1]], [1, -1, 1], [1, float("nan"), 1]])
def test_counts_that_are_none(counts):
    with pytest.raises(InvalidInput, match="expected 3 numbers, none below 0"):
        values(predictions([1, 2, 3], [1, 2, 3]), np.array(counts))


@pytest.mark.parametrize(
    ("typed", "task", "name"),
    [
        ("AUC", "", "roc_auc"),
        ("auc", "multiclass", "roc_auc_ovr"),
        ("f1_score", "multiclass", "f1_macro"),
        ("f1_score", "binary", "f1"),
        ("acc", "multiclass", "accuracy"),
        ("loss", "binary", "log_loss"),
        ("ap", "", "average_precision"),
        ("neg_mean_absolute_error", "regression", "mae"),
        ("neg_root_mean_squared_error", "", "rmse"),
        ("r2_score", "", "r2"),
    ],
)
def test_other_names(typed, task, name):
    assert metric(typed, task).name == name


def test_scikit_learns_names_are_ours_too():
    scorers = {"neg_brier_score", "neg_log_loss", "roc_auc", "balanced_accuracy", "neg_median_absolute_error"}
    assert scorers <= set(sk.get_scorer_names())
    for name in scorers | {"brier_score_loss", "median_absolute_error", "average_precision_score"}:
        assert metric(name) in METRICS


def test_no_name_means_two_metrics_of_one_task():
    for task in ("binary", "multiclass", "regression"):
        names = [name for one in of_task(task) for name in (one.name, *one.aliases)]
        assert len(names) == len(set(names))


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(InvalidInput, match=r"no metric is called 'roc_acu'.*did you mean 'roc_auc'"):
        metric("roc_acu")
    with pytest.raises(InvalidInput, match=r"'rmse' is no metric of a binary task; expected one of roc_auc, .*brier$"):
        metric("rmse", "binary")
