"""Intervals of the furthest groups: simulated with fixed seeds, against bounds that were computed beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mlops_nb.registry.fairness.simultaneous import furthest, log_shares, logs, means, shares

TRIALS = 300
# Of 300 trials with a chance of 0.95 each, more than 25 misses come once in 500 (binomial).
MOST_MISSED = 25


def _drawn(chances: Sequence[float], rows: Sequence[int]):
    random = np.random.default_rng(11)
    sizes, chances = np.array(rows), np.array(chances)
    for trial in range(TRIALS):
        yield trial, random.binomial(sizes, chances).astype(float), sizes


@pytest.mark.parametrize(
    ("chances", "rows"),
    [
        ([0.3, 0.3], [200, 200]),
        ([0.3] * 10, [200] * 10),
        ([0.5] * 30, [100] * 30),
        ([0.3, 0.24], [2000, 2000]),
        ([0.05] * 4, [30, 60, 500, 30]),
        ([0.95, 0.9], [30, 3000]),
    ],
)
def test_the_true_largest_difference_is_covered(chances: list[float], rows: list[int]):
    true = max(chances) - min(chances)
    missed = 0
    for trial, hits, sizes in _drawn(chances, rows):
        low, high = furthest([shares(hits, sizes, trial)])
        missed += not low <= true <= high
    assert missed <= MOST_MISSED


@pytest.mark.parametrize(
    ("chances", "rows"),
    [([0.3, 0.3], [200, 200]), ([0.3] * 10, [200] * 10), ([0.2, 0.4], [100, 300]), ([0.1] * 5, [60, 60, 90, 400, 900])],
)
def test_the_true_ratio_is_covered(chances: list[float], rows: list[int]):
    true = np.log(max(chances) / min(chances))
    missed = 0
    for trial, hits, sizes in _drawn(chances, rows):
        low, high = furthest([log_shares(hits, sizes, trial)])
        missed += not low <= true <= high
    assert missed <= MOST_MISSED


def test_the_worse_of_two_rates_is_covered():
    missed = 0
    for trial, hits, sizes in _drawn([0.6, 0.7, 0.1, 0.1], [150, 150, 400, 400]):
        several = [shares(hits[:2], sizes[:2], trial), shares(hits[2:], sizes[2:], trial + 1)]
        low, high = furthest(several)
        missed += not low <= 0.1 <= high + 1e-12
    assert missed <= MOST_MISSED


def test_means_of_errors_with_heavy_tails_are_covered():
    random = np.random.default_rng(3)
    missed_ratio = missed_difference = 0
    for trial in range(100):
        groups = [random.standard_t(5, size=n) * scale for n, scale in ((40, 1.0), (200, 1.0), (400, 0.5))]
        low, high = furthest([logs(means([np.abs(one) for one in groups], trial, 300))])
        missed_ratio += not low <= np.log(2) <= high
        low, _ = furthest([means(groups, trial, 300)])
        missed_difference += low > 0
    # More than 12 of 100 come once in 700 where the chance is 0.05.
    assert missed_ratio <= 12
    assert missed_difference <= 12


def test_a_plain_bootstrap_of_the_largest_difference_would_never_cover():
    held = 0
    for trial, hits, sizes in _drawn([0.3] * 10, [200] * 10):
        drawn = np.random.default_rng(trial).binomial(sizes, hits / sizes, size=(200, 10)) / sizes
        held += np.quantile(np.ptp(drawn, axis=1), 0.025) <= 0.0
    assert held == 0


def test_groups_that_do_not_vary_are_certain():
    assert furthest([means([np.full(40, 2.0), np.full(40, 5.0)], 0, 200)]) == (3.0, 3.0)


def test_the_same_seed_gives_the_same_interval():
    hits, sizes = np.array([30.0, 50.0]), np.array([100, 100])
    assert furthest([shares(hits, sizes, 1)]) == furthest([shares(hits, sizes, 1)])
    assert furthest([shares(hits, sizes, 1)]) != furthest([shares(hits, sizes, 2)])
