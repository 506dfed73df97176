"""Inputs that go together, whatever they hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from scipy.stats.contingency import association

from mlops_nb.registry.explaining.relating import Pair, clusters, strong_pairs

RANDOM = np.random.default_rng(0)
N = 800


def found(**columns: object) -> dict[tuple[str, str], Pair]:
    table = pd.DataFrame(columns)
    pairs, _ = strong_pairs(table)
    return {(table.columns[one.first], table.columns[one.second]): one for one in pairs}


def test_numbers_by_their_ranks():
    a = RANDOM.normal(size=N)
    b = np.exp(a + 0.3 * RANDOM.normal(size=N))
    pairs = found(a=a, b=-b, c=RANDOM.normal(size=N))
    assert set(pairs) == {("a", "b")}
    assert pairs[("a", "b")].strength == pytest.approx(abs(spearmanr(a, b).statistic))


def test_missing_constant_and_endless_values_say_nothing_wrong():
    a = RANDOM.normal(size=N)
    b = a.copy()
    b[::3] = np.nan
    pairs = found(a=a, b=b, c=np.full(N, 3.0), d=np.full(N, np.nan), e=np.where(a > 0, np.inf, a))
    # Ranked once, among all rows: a pair with missing values is a little off.
    assert pairs[("a", "b")].strength == pytest.approx(1.0, abs=0.001)
    assert not any("c" in pair or "d" in pair for pair in pairs)


def test_texts_categories_booleans_and_times():
    kind = RANDOM.choice(["x", "y", "z"], N)
    same = np.char.upper(kind)
    number = np.select([kind == "x", kind == "y"], [0.0, 5.0], 10.0) + 0.1 * RANDOM.normal(size=N)
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(number, unit="D")
    pairs = found(
        kind=kind,
        same=pd.Categorical(same),
        number=number,
        day=day,
        high=number > 7,
        other=RANDOM.choice(["p", "q"], N),
    )
    assert pairs[("kind", "same")] == Pair(0, 1, pytest.approx(1.0, abs=0.01), "Cramér's V")
    assert pairs[("number", "day")].measure == "Spearman"
    assert ("kind", "number") in pairs
    assert not any("other" in pair for pair in pairs)


def test_chance_makes_no_pair_of_columns_with_many_values():
    first, second = (RANDOM.integers(0, 40, 100).astype(str) for _ in range(2))
    plain = association(pd.crosstab(first, second).to_numpy(), method="cramer")
    assert plain > 0.55  # as it is without the correction
    assert found(a=first, b=second) == {}


def test_too_many_values_are_said_to_be_uncompared():
    table = pd.DataFrame({"key": [f"k{i}" for i in range(N)], "a": RANDOM.normal(size=N), "b": 1.0})
    assert strong_pairs(table) == ([], [0])
    assert strong_pairs(table[:10]) == ([], [])


def test_clusters_hang_together():
    pairs = [Pair(0, 1, 0.9, "s"), Pair(4, 5, 0.8, "s"), Pair(2, 1, 0.8, "s"), Pair(7, 4, 0.8, "s")]
    assert clusters(pairs) == [[0, 1, 2], [4, 5, 7]]
    assert clusters([]) == []
