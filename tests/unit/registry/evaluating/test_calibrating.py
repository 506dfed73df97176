import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.calibrating import (
    calibration,
    confusion,
    pr_points,
    residual_quantiles,
    roc_points,
    wilson,
)
from mlops_nb.registry.evaluating.predictions import predictions
from tests.unit.registry.evaluating.making import binary, multiclass, numbers


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 20), (7, 20), (20, 20), (1, 10_000)])
def test_wilsons_interval_is_scipys(successes, n):
    expected = binomtest(successes, n).proportion_ci(0.9, method="wilson")
    assert wilson(successes, n, 0.9) == pytest.approx((expected.low, expected.high))
    assert wilson(0, 0) == (0.0, 1.0)


def test_right_probabilities_are_calibrated_and_wrong_ones_are_not():
    truth, p = binary(np.random.default_rng(0), 20_000)
    found = calibration(p, level=0.999)
    assert (found.what, found.n, len(found.bins)) == ("1", 20_000, 10)
    assert sum(one.n for one in found.bins) == 20_000
    assert found.error < 0.015
    for one in found.bins:
        assert one.low <= one.predicted <= one.high
        assert one.observed_low <= one.predicted <= one.observed_high
        assert 1_900 < one.n < 2_100
    lows = [one.low for one in found.bins]
    assert lows == sorted(lows)
    sharp = calibration(predictions(truth, p.predicted, np.sqrt(p.chance(1)), [0, 1]))
    assert sharp.error > 0.15
    by_hand = sum(one.n * abs(one.observed - one.predicted) for one in sharp.bins) / 20_000
    assert sharp.error == pytest.approx(by_hand)


def test_equal_probabilities_stay_in_one_bin():
    found = calibration(predictions([0, 1, 1, 1, 0], [0] * 5, [0.3, 0.3, 0.3, 0.3, 0.9], [0, 1]))
    assert [(one.low, one.high, one.n, one.observed) for one in found.bins] == [(0.3, 0.3, 4, 0.75), (0.9, 0.9, 1, 0.0)]


def test_with_many_classes_it_is_that_of_the_most_likely():
    p = multiclass(np.random.default_rng(1), 900)
    found = calibration(p, bins=1)
    assert found.what == ""
    assert found.bins[0].observed == pytest.approx(sk.accuracy_score(p.truth, p.predicted))
    assert found.bins[0].predicted == pytest.approx(p.probability.max(axis=1).mean())


CHANCE = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1, width=32)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), CHANCE), min_size=2, max_size=60))
def test_short_curves_are_scikit_learns(rows):
    truth, chance = map(np.array, zip(*rows, strict=True))
    if truth.all() or not truth.any():
        return
    p = predictions(truth, chance >= 0.5, chance, [False, True])
    curve = roc_points(p)
    x, y, threshold = sk.roc_curve(truth, chance, drop_intermediate=False)
    assert np.allclose(curve.x, x)
    assert np.allclose(curve.y, y)
    assert curve.threshold == (None, *threshold[1:].tolist())
    curve = pr_points(p)
    precision, recall, threshold = sk.precision_recall_curve(truth, chance)
    assert np.allclose(curve.y, precision[-2::-1])
    assert np.allclose(curve.x, recall[-2::-1])
    assert curve.threshold == tuple(threshold[::-1].tolist())


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_long_curves_keep_their_ends_their_order_and_their_area(share):
    truth, p = binary(np.random.default_rng(2), 30_000, share=share)
    curve = roc_points(p)
    assert len(curve.x) == len(curve.y) == len(curve.threshold) <= 101
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(curve.x) >= 0)
    assert np.all(np.diff(curve.y) >= 0)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(sk.roc_auc_score(truth, p.chance(1)), abs=5e-3)
    curve = pr_points(p)
    assert len(curve.x) <= 101
    assert curve.x[-1] == 1
    assert curve.y[-1] == pytest.approx(truth.mean())
    assert curve.threshold[0] == p.chance(1).max()
    assert np.all(np.diff(curve.x) >= 0)
    assert np.all(np.diff(curve.threshold) < 0)


def test_the_confusion_matrix_is_scikit_learns():
    p = multiclass(np.random.default_rng(3), 500)
    found = confusion(p)
    assert found.labels == ("blue", "green", "red")
    assert found.counts == tuple(map(tuple, sk.confusion_matrix(p.truth, p.predicted).tolist()))
    one = confusion(predictions([0, 0, 2], [0, 1, 1], None, [0, 1]))
    assert (one.labels, one.counts) == (("0", "1", "2"), ((1, 1, 0), (0, 0, 0), (0, 1, 0)))


def test_rare_labels_are_joined():
    random = np.random.default_rng(4)
    truth = np.minimum(random.geometric(0.08, 5_000), 60)
    said = np.where(random.random(5_000) < 0.7, truth, 1)
    p = predictions(truth, said, None, list(range(1, 61)))
    found = confusion(p)
    assert len(found.labels) == len(found.counts) == 20
    assert (found.labels[0], found.labels[-1], found.joined) == ("1", "(others)", 41)
    assert sum(map(sum, found.counts)) == 5_000
    kept = [int(name) for name in found.labels[:-1]]
    assert found.counts[-1][-1] == int((~np.isin(truth, kept) & ~np.isin(said, kept)).sum())


def test_residuals_by_prediction():
    p = numbers(np.random.default_rng(5), 4_000)
    found = residual_quantiles(p)
    assert len(found) == 10
    assert sum(one.n for one in found) == 4_000
    for one in found:
        assert list(one.quantiles) == sorted(one.quantiles)
        # The slope is too small by 0.2 of x, which is (prediction - 10) / 2.8.
        assert one.quantiles[2] == pytest.approx(0.2 * (one.predicted - 10) / 2.8, abs=0.2)
        assert one.quantiles[4] - one.quantiles[0] == pytest.approx(2 * 1.645, abs=0.5)
    same = residual_quantiles(predictions([1.0, 2.0, 4.0], [2.0, 2.0, 2.0]))
    assert [(one.n, one.quantiles[2]) for one in same] == [(3, 0.0)]


def test_all_of_it_is_json():
    p = binary(np.random.default_rng(6), 500)[1]
    found = [calibration(p), roc_points(p), pr_points(p), confusion(p), residual_quantiles(numbers(np.random, 50))[0]]
    assert len(json.dumps([asdict(one) for one in found], allow_nan=False)) < 20_000


@pytest.mark.parametrize(
    ("call", "p", "words"),
    [
        (roc_points, predictions([1, 1], [1, 1], [0.5, 0.6], [0, 1]), "one class only in the truth"),
        (pr_points, predictions([0, 0], [1, 1], [0.5, 0.6], [0, 1]), "one class only in the truth"),
        (roc_points, predictions([0, 1], [0, 1], None, [0, 1]), "no probabilities; expected a model that has predict"),
        (calibration, predictions([0, 1], [0, 1], None, [0, 1]), "no probabilities"),
        (roc_points, predictions([0, 1], [0, 1]), "a curve of a regression task; expected a binary task"),
        (confusion, predictions([0, 1], [0, 1]), "a confusion matrix of a regression"),
        (calibration, predictions([0, 1], [0, 1]), "no probabilities"),
        (residual_quantiles, predictions(["a"], ["a"]), "residuals of a binary task; expected a regression"),
        (residual_quantiles, predictions([1], [1]).take([]), "there are no rows"),
        (calibration, predictions([0, 1], [0, 1], [0.1, 0.2], [0, 1]).take([]), "there are no rows"),
    ],
)
def test_what_cannot_be_drawn(call, p, words):
    with pytest.raises(InvalidInput, match=words):
        call(p)
