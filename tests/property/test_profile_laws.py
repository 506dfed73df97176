"""Laws of profiles: a merge is the profile of both tables, within the errors that the summaries state."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.data.profile_model import Profile
from mlops_nb.data.sketches import Frequent, Quantiles
from mlops_nb.data.verbs import profile

NUMBERS = st.lists(st.none() | st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float), min_size=1, max_size=60)


def of(values):
    return profile({"x": np.array([np.nan if v is None else v for v in values])})


@settings(max_examples=80, deadline=None)
@given(st.lists(NUMBERS, min_size=2, max_size=4))
def test_a_merge_is_the_profile_of_all(parts):
    whole = of([v for part in parts for v in part]).columns["x"]
    merged = reduce(Profile.merge, map(of, parts)).columns["x"]
    for name in ("n", "missing", "nan", "minimum", "maximum", "zeros", "negatives", "finite"):
        assert getattr(merged, name) == getattr(whole, name), name
    if whole.mean is not None:
        assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
        assert merged.m2 == pytest.approx(whole.m2, rel=1e-6, abs=1e-3)
    assert merged.distinct == whole.distinct
    assert merged.quantiles == whole.quantiles


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 3_000))
def test_quantiles_stay_within_their_stated_error(seed, pieces, size):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(k % 5, 1 + k % 3, size) for k in range(pieces)]
    merged = reduce(Quantiles.merge, (Quantiles.of_sorted(np.sort(part)) for part in parts))
    data = np.sort(np.concatenate(parts))
    assert merged.count == len(data)
    held = sum(len(level) << h for h, level in enumerate(merged.levels))
    assert held == merged.count
    for value in data[:: max(1, len(data) // 50)]:
        true = np.searchsorted(data, value, side="right")
        assert abs(merged.rank(value) * merged.count - true) <= merged.error + 1e-6
    assert merged.rank_error < 0.06
    assert sum(map(len, merged.levels)) < 3_000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 12))
def test_frequent_values_stay_within_their_stated_bounds(seed, pieces):
    rng = np.random.default_rng(seed)
    parts = [rng.zipf(1.3, 800) % 500 for _ in range(pieces)]
    merged = reduce(Frequent.merge, (profile({"x": part}).columns["x"].frequent for part in parts))
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    true = dict(zip(map(str, values.tolist()), counts.tolist(), strict=True))
    listed = {item.text: item.count for item in merged.items}
    for text, count in true.items():
        if text in listed:
            assert listed[text] <= count <= listed[text] + merged.undercount
        else:
            assert count <= merged.unlisted


def test_distinct_counts_stay_within_four_standard_errors():
    rng = np.random.default_rng(5)
    for size in (2_000, 20_000, 100_000):
        halves = rng.permutation(size)[: size // 2], rng.permutation(size)[: size // 2]
        merged = of(halves[0]).merge(of(halves[1])).columns["x"].distinct
        true = len(np.union1d(*halves))
        assert abs(merged.count - true) < 4 * 0.0443 * true
        assert not merged.exact


def test_merges_are_associative():
    rng = np.random.default_rng(6)
    a, b, c = (of(rng.integers(0, 30, 200).tolist()) for _ in range(3))
    one, two = a.merge(b).merge(c).columns["x"], a.merge(b.merge(c)).columns["x"]
    assert (one.n, one.distinct, one.frequent.items) == (two.n, two.distinct, two.frequent.items)
    assert one.mean == pytest.approx(two.mean, rel=1e-12)
