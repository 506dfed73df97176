"""Intervals: their coverage is simulated; where they would lie there is none, and a reason."""

from __future__ import annotations

from dataclasses import asdict
from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.bootstrap import enough, interval, spread
from mlops_nb.registry.evaluating.measuring import prepare
from mlops_nb.registry.evaluating.metrics import of_task, values
from mlops_nb.registry.evaluating.predictions import predictions
from mlops_nb.registry.evaluating.resampling import Difference, Scored, difference, grouped, score, score_groups
from tests.unit.registry.evaluating.making import answers, binary, multiclass, numbers

TRIALS = 400
# Truly 92 to 97 % of intervals cover the truth: then of 400 trials so many do, but for one case in 10,000 at each end.
FEWEST, MOST = int(binom.ppf(1e-4, TRIALS, 0.92)), int(binom.ppf(1 - 1e-4, TRIALS, 0.97))
NORMAL = NormalDist()


def area(noise=0.0, shift=1.5):
    """Of two normal classes, `shift` apart, blurred by noise: known without simulation."""
    return NORMAL.cdf(shift / sqrt(2 * (1 + noise**2)))


def share_right(shift=1.5, share=0.2):
    cut = (shift**2 / 2 - np.log(share / (1 - share)) + np.log(0.3 / 0.7)) / shift
    return (1 - share) * NORMAL.cdf(cut) + share * NORMAL.cdf(shift - cut)


def scored(p, name, seed=0, **more):
    return score(p, seed=seed, names=[name], **more)[0]


def test_the_bounds_of_the_simulations():
    assert (FEWEST, MOST) == (346, 398)


@pytest.mark.parametrize("n", [200, 1_000])
def test_coverage_of_accuracy_and_area(n):
    random, hits = np.random.default_rng(1), {"accuracy": 0, "roc_auc": 0}
    truth = {"accuracy": share_right(), "roc_auc": area()}
    for trial in range(TRIALS):
        for one in score(binary(random, n)[1], seed=trial, names=list(hits), resamples=200):
            hits[one.name] += one.low <= truth[one.name] <= one.high
    assert all(FEWEST <= hit <= MOST for hit in hits.values()), hits


@pytest.mark.parametrize("n", [200, 1_000])
def test_coverage_of_rmse(n):
    # The slope is wrong by 0.2: the variances add up.
    random, truth, hits = np.random.default_rng(2), sqrt(1 + 0.2**2), 0
    for trial in range(TRIALS):
        one = scored(numbers(random, n), "rmse", trial, resamples=200)
        hits += one.low <= truth <= one.high
    assert FEWEST <= hits <= MOST


@pytest.mark.parametrize("n", [200, 1_000])
def test_coverage_of_a_paired_difference(n):
    random, truth, hits = np.random.default_rng(3), area() - area(0.5), 0
    for trial in range(TRIALS):
        y = (random.random(n) < 0.2).astype(int)
        x = random.normal(size=n) + 1.5 * y
        good, worse = answers(y, x, 1.5, 0.2), answers(y, x + 0.5 * random.normal(size=n), 1.5, 0.2)
        one = difference(good, worse, "auc", seed=trial, resamples=200)
        hits += one.low <= truth <= one.high
    assert FEWEST <= hits <= MOST


def test_bca_is_above_the_truth_less_often_than_percentiles_where_few_rows_decide():
    """An area of 0.983 with about 20 positive rows: gates look at the lower end. This decided for BCa."""
    random, truth = np.random.default_rng(4), area(shift=3.0)
    above = {"bca": 0, "percentile": 0}
    for trial in range(TRIALS):
        p = binary(random, 400, shift=3.0, share=0.05)[1]
        one = scored(p, "roc_auc", trial, resamples=200)
        drawn, _ = spread(prepare(p, ["roc_auc"]), 400, trial, 200)["roc_auc"]
        low = np.quantile(drawn, 0.025, method="weibull")
        if one.low is not None:
            above["bca"] += one.low > truth
            above["percentile"] += low > truth
    # Truly at most 14 % and at least 15 %; both with one error in 10,000.
    assert above["bca"] <= binom.ppf(1 - 1e-4, TRIALS, 0.14)
    assert above["percentile"] >= binom.ppf(1e-4, TRIALS, 0.15)
    assert above["bca"] < 0.75 * above["percentile"]


def test_a_value_with_its_interval():
    p = binary(np.random.default_rng(5), 500)[1]
    found = score(p, seed=1)
    assert [one.name for one in found] == [one.name for one in of_task("binary")]
    plain = values(p)
    for one in found:
        assert one.value == plain[one.name]
        assert one.low < one.value < one.high
        assert (one.n, one.why) == (500, "")
    assert {one.name for one in found if not one.higher_is_better} == {"log_loss", "brier"}
    for p in (multiclass(np.random.default_rng(5), 300), numbers(np.random.default_rng(5), 300)):
        assert all(one.low < one.value < one.high for one in score(p, seed=1))


def test_a_seed_decides_whatever_else_is_asked():
    p = binary(np.random.default_rng(6), 300)[1]
    whole = score(p, seed=1)
    assert score(p, seed=1) == whole
    assert score(p, seed=2) != whole
    by_name = {one.name: one for one in whole}
    assert scored(p, "auc", 1) == by_name["roc_auc"]
    assert [scored(p, name, 1) == by_name[name] for name in ("f1", "brier")] == [True, True]
    assert score(p, seed=1, names=["auc", "roc_auc", "ap"]) == (by_name["roc_auc"], by_name["average_precision"])
    other = answers(p.truth, np.random.default_rng(7).normal(size=300), 1.5, 0.2)
    assert difference(p, other, "f1", seed=3) == difference(p, other, "f1", seed=3)


def test_more_rows_and_a_lower_level_narrow_it():
    random = np.random.default_rng(7)
    small, large = (scored(binary(random, n)[1], "auc") for n in (200, 5_000))
    assert large.high - large.low < 0.5 * (small.high - small.low)
    p = binary(random, 500)[1]
    wide, narrow = (scored(p, "auc", level=level) for level in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_fewer_than_thirty_rows_have_a_value_and_no_interval():
    p = binary(np.random.default_rng(8), 29, share=0.5)[1]
    found = scored(p, "accuracy")
    assert (found.low, found.high) == (None, None)
    assert found.value == values(p)["accuracy"]
    assert found.why == "29 rows: no interval below 30"
    assert scored(predictions([1, 2, 3], [1, 2, 4]), "rmse").why == "3 rows: no interval below 30"
    assert scored(p, "accuracy", minimum=20).low is not None


def test_a_rare_class_has_no_interval_where_it_counts():
    truth = np.array([0] * 491 + [1] * 9)
    p = predictions(truth, truth ^ (np.arange(500) % 10 == 0), np.linspace(0, 1, 500), [0, 1])
    found = {one.name: one for one in score(p, seed=1)}
    for name in ("roc_auc", "average_precision", "balanced_accuracy", "recall", "f1"):
        assert found[name].low is None
        assert found[name].value is not None
        assert found[name].why == "9 rows of class 1: no interval below 10"
    assert all(found[name].low is not None for name in ("accuracy", "specificity", "log_loss", "precision"))
    some = predictions([0, 1] * 40, [0] * 77 + [1, 0, 1], None, [0, 1])
    assert scored(some, "precision").why == "2 rows predicted as 1: no interval below 10"
    three = predictions(["a"] * 50 + ["b"] * 40 + ["c"] * 3, ["a"] * 93, None, ["a", "b", "c"])
    assert scored(three, "f1_macro").why == "3 rows of class 'c': no interval below 10"
    assert scored(three, "accuracy").low is not None


def test_what_is_undefined_has_no_value_and_a_reason():
    p = predictions([1] * 50, [1, 0] * 25, np.linspace(0, 1, 50), [0, 1])
    found = scored(p, "roc_auc")
    assert found == Scored("roc_auc", None, None, None, 50, True, "one class only: 1")
    assert scored(predictions([0.1] * 50, np.arange(50.0)), "r2").why == "constant truth"
    assert scored(predictions(["a", "b"] * 25, ["a"] * 50), "auc").why == "no probabilities"
    assert {one.why for one in score(p.take([]), seed=1)} == {"no rows"}
    lone = predictions([0.0] * 99 + [1.0], np.zeros(100))
    assert "of resamples: no interval" in scored(lone, "r2").why
    assert scored(lone, "r2").low is None


def test_a_perfect_score_is_not_certain():
    """No resample leaves 1; the exact bound does (Clopper and Pearson), and its chance is the level's."""
    truth = np.array([0, 1] * 50)
    p = predictions(truth, truth, truth * 0.8, [0, 1])
    found = {one.name: one for one in score(p, seed=1)}
    exact = binomtest(100, 100).proportion_ci(0.95).low
    assert found["accuracy"].low == pytest.approx(exact)
    assert found["accuracy"].high == 1.0
    fifty = binomtest(50, 50).proportion_ci(0.95).low
    for name in ("roc_auc", "recall", "precision", "specificity", "balanced_accuracy"):
        assert (found[name].low, found[name].high) == (pytest.approx(fifty), 1.0)
        assert found[name].why == "every resample gives the same value: exact interval"
    assert fifty < found["f1"].low < 1.0
    # The average precision of perfect order says how rare positives are, too: nothing exact is known of it.
    assert found["average_precision"].low is None
    assert found["average_precision"].why == "every resample gives the same value: no interval"
    wrong = {one.name: one for one in score(predictions(truth, 1 - truth, None, [0, 1]), seed=1)}
    for name in ("accuracy", "recall", "f1", "balanced_accuracy"):
        assert wrong[name].low == 0.0 < wrong[name].high < 0.2


def test_the_exact_bound_covers():
    """Accuracy 0.99 on 60 rows: about half of the trials have no error, where a bootstrap says [1, 1]."""
    random, hits, perfect = np.random.default_rng(9), 0, 0
    for trial in range(TRIALS):
        right = (random.random(60) < 0.99).astype(int)
        one = scored(predictions(np.ones(60, int), right, None, [0, 1]), "accuracy", trial, resamples=200)
        perfect += bool(right.all())
        hits += one.low <= 0.99 <= one.high
    assert perfect > TRIALS / 4
    assert hits >= FEWEST


def test_a_difference_is_paired():
    random = np.random.default_rng(10)
    truth = (random.random(800) < 0.2).astype(int)
    x = random.normal(size=800) + 1.5 * truth
    first, second = answers(truth, x, 1.5, 0.2), answers(truth, x + 0.05 * random.normal(size=800), 1.5, 0.2)
    found = difference(first, second, "auc", seed=1)
    assert isinstance(found, Difference)
    assert found.value == pytest.approx(values(first)["roc_auc"] - values(second)["roc_auc"])
    assert found.low < found.value < found.high
    alone = scored(first, "auc", 1)
    assert found.high - found.low < 0.2 * (alone.high - alone.low)
    back = difference(second, first, "auc", seed=1)
    assert (back.value, back.low, back.high) == pytest.approx((-found.value, -found.high, -found.low), abs=2e-4)


def test_the_difference_of_biases_is_one_of_sizes():
    truth = np.random.default_rng(11).normal(size=300)
    found = difference(predictions(truth, truth - 5), predictions(truth, truth + 1 + 0.1 * truth), "bias", seed=1)
    assert found.value == pytest.approx(4, abs=0.1)
    assert not found.higher_is_better


def test_the_same_answers_differ_by_nothing():
    p = binary(np.random.default_rng(12), 100)[1]
    found = difference(p, p.take(np.arange(100)), "auc", seed=1)
    assert (found.value, found.low, found.high, found.why) == (0.0, 0.0, 0.0, "the same answers in every row")


def test_unlike_answers_with_the_same_score_prove_nothing():
    truth = np.array([0, 1] * 50)
    found = difference(*(predictions(truth, truth, truth * s, [0, 1]) for s in (0.8, 0.9)), "auc", seed=1)
    assert (found.value, found.low) == (0.0, None)
    assert found.why == "every resample gives the same value: no interval"


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (predictions([0, 1], [0, 1], None, [0, 1]), "3 rows of one model, 2 of the other; expected the same rows"),
        (predictions([0, 0, 1], [0, 1, 0], None, [0, 1]), "the truth differs in 2 of 3 rows"),
        (predictions([0, 1, 0], [0, 1, 0], None, [0, 1, 2]), "task is binary, the other's multiclass"),
        (predictions([0, 1, 0], [0, 1, 0], None, [1, 0]), "the positive class of one model is 1, of the other 0"),
    ],
)
def test_what_cannot_be_compared(second, words):
    with pytest.raises(InvalidInput, match=words):
        difference(predictions([0, 1, 0], [0, 1, 0], None, [0, 1]), second, "accuracy", seed=1)


def test_differences_without_meaning():
    one = predictions([1] * 40, [1, 0] * 20, None, [0, 1])
    other = predictions([1] * 40, [0, 1] * 20, None, [0, 1])
    assert difference(one, other, "balanced_accuracy", seed=1).why == "one class only: 1"
    few = difference(one.take(range(10)), other.take(range(10)), "accuracy", seed=1)
    assert (few.value, few.low, few.why) == (0.0, None, "10 rows: no interval below 30")


def test_groups_come_biggest_first_and_none_vanishes():
    p = binary(np.random.default_rng(13), 400, share=0.4)[1]
    labels = np.array(["UA"] * 200 + ["AA"] * 169 + [None] * 30 + ["YV"], dtype=object)
    found = score_groups(p, labels, ["accuracy", "auc"], seed=1)
    assert [(one.group, one.n) for one in found] == [("UA", 200), ("AA", 169), ("(missing)", 30), ("YV", 1)]
    assert sum(one.share for one in found) == pytest.approx(1)
    lone = found[-1].scored
    assert [one.low for one in lone] == [None, None]
    assert lone[0].why == "1 rows: no interval below 30"
    assert lone[1].why.startswith("one class only")
    alone = score(p.take(labels == "AA"), seed=1, names=["accuracy", "auc"], resamples=enough(400))
    assert found[1].scored == alone
    assert (
        score_groups(p, labels, ["accuracy"], seed=1, minimum=180)[1].scored[0].why == "169 rows: no interval below 180"
    )


@pytest.mark.parametrize(
    "labels",
    [
        [1.5, None, 1.5],
        pd.Series([1.5, np.nan, 1.5]),
        pd.Series([1.5, None, 1.5], dtype="Float64"),
        pd.Series(["1.5", None, "1.5"], dtype="category"),
        (1.5, float("nan"), "1.5"),
    ],
    ids=str,
)
def test_labels_of_any_type(labels):
    assert {name: rows.tolist() for name, rows in grouped(labels, 3).items()} == {"1.5": [0, 2], "(missing)": [1]}


def test_a_label_that_reads_like_a_missing_one_is_another():
    assert list(grouped(["(missing)", None], 2)) == ["'(missing)'", "(missing)"]


def test_a_million_groups_are_refused_at_once():
    random = np.random.default_rng(14)
    truth = random.normal(size=1_000_000)
    with pytest.raises(InvalidInput, match="more than 1,000 groups; expected a column with few values; try: bin"):
        score_groups(predictions(truth, truth + 1), np.arange(1_000_000), ["rmse"], seed=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"level": 95}, "level 95; expected 0.5 to 0.999"),
        ({"level": float("nan")}, "level nan"),
        ({"resamples": 10}, "10 resamples; expected at least 200"),
        ({"names": ["rmse"]}, "'rmse' is no metric of a binary task"),
    ],
)
def test_settings_that_make_no_sense(arguments, words):
    with pytest.raises(InvalidInput, match=words):
        score(predictions([0, 1], [0, 1], None, [0, 1]), seed=1, **arguments)
    with pytest.raises(InvalidInput, match=r"labels of shape \[3\]; expected one a row: \[2\]"):
        score_groups(predictions([0, 1], [0, 1], None, [0, 1]), [1, 2, 3], seed=1)


def test_too_much_work_is_not_begun():
    random = np.random.default_rng(15)
    truth = random.integers(0, 60, 100_000)
    chance = np.full((100_000, 60), 1 / 60)
    p = predictions(truth, truth, chance, list(range(60)))
    found = score(p, seed=1, names=["auc", "accuracy"], resamples=200)
    assert found[0].value == pytest.approx(0.5)
    assert found[0].why == "60 classes of 100,000 rows: too much work for an interval"


def test_an_interval_where_leaving_rows_out_says_nothing():
    """Without a skew to correct, and half of the resamples below the value, it is that of the percentiles."""
    drawn = np.arange(199.0)
    for left_out in (np.array([]), np.array([np.nan]), np.full(50, 99.0)):
        assert interval(99.0, drawn, left_out, 0.95) == (pytest.approx(4.0), pytest.approx(194.0), "")
    assert interval(99.0, np.r_[drawn, [np.nan] * 20], drawn, 0.95) == (
        None,
        None,
        "undefined in 9% of resamples: no interval",
    )


def test_the_number_of_resamples_is_bounded_by_work():
    assert [enough(n) for n in (1, 1_000, 40_000, 80_000, 337_000, 10**9)] == [1_000, 1_000, 500, 250, 200, 200]


def test_scores_are_plain_numbers():
    for one in score(binary(np.random.default_rng(16), 100, share=0.5)[1], seed=1):
        assert {type(value) for value in asdict(one).values()} <= {str, float, int, bool}
