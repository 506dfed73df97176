"""Rows held against rows: the same are found, others are not, and chance is allowed for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlops_nb.adapters.frames import read
from mlops_nb.data.row_sample import MOST, overlap, row_bits, sample


def _frame(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {"x": random.normal(size=n), "n": random.integers(0, 1000, n), "t": random.choice(["a", "b"], n)}
    )


def test_the_same_rows_are_found_and_others_are_not():
    train = _frame(5000, 1)
    known = sample(read(train))
    assert (known.rows, known.sampled, known.twins) == (5000, 5000, 0)
    asked = pd.concat([_frame(1000, 2), train[:7]])
    found = overlap(read(asked.reset_index(drop=True)), known)
    assert (found.judged, found.shared, found.expected, found.chance) == (1007, 7, 0.0, 0.0)
    assert overlap(read(_frame(1000, 2)), known).shared == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f[["t", "n", "x"]],
        lambda f: f.assign(n=f.n.astype("float64")),
        lambda f: f.assign(n=f.n.astype("int16")),
        lambda f: f.assign(t=f.t.astype("category")),
        lambda f: f.assign(t=f.t.astype(object)),
        pl.from_pandas,
    ],
)
def test_a_row_is_the_same_row_in_any_dress(change):
    frame = _frame(200, 3)
    assert (row_bits(read(change(frame))) == row_bits(read(frame))).all()


def test_a_missing_value_does_not_hide_the_others():
    frame = _frame(200, 3)
    holed = frame.assign(n=frame.n.astype("float64"))
    holed.loc[0, "n"] = np.nan
    same = row_bits(read(holed)) == row_bits(read(frame))
    assert same[1:].all()
    assert not same[0]


def test_arrays_go_by_place():
    values = np.random.default_rng(0).normal(size=(100, 3))
    from mlops_nb.data.arrays import array_columns

    assert (row_bits(array_columns(values)) == row_bits(read(pd.DataFrame(values)))).all()


def test_a_large_dataset_is_sampled_and_still_finds_a_leak():
    train = _frame(3 * MOST, 4)
    known = sample(read(train))
    assert 0.9 * MOST < known.sampled < 1.1 * MOST
    assert len(known.hashes.tobytes()) < 1.1 * 2**20
    # 60 shared rows, each sampled with probability 1/3: missing all has probability (2/3)^60 < 3e-11.
    found = overlap(read(pd.concat([_frame(3000, 5), train[:60]]).reset_index(drop=True)), known)
    assert found.shared > 0
    assert found.chance < 1e-3


def test_twins_of_few_values_are_chance_and_not_a_leak():
    """Rows of one distribution over few values: simulated, 200 honest pairs; the bound is binomial at 0.001 + 4 sd."""
    random = np.random.default_rng(6)
    alarms = 0
    for _ in range(200):

        def draw(n: int) -> pd.DataFrame:
            return pd.DataFrame({"a": random.geometric(0.02, n), "b": random.integers(0, 40, n)})

        found = overlap(read(draw(500)), sample(read(draw(3000))))
        assert found.expected > 0.3
        alarms += found.chance < 1e-3
    assert alarms <= 200 * 0.001 + 4 * (200 * 0.001) ** 0.5 + 1


def test_what_has_no_canonical_form_is_not_compared():
    assert sample(read(pd.DataFrame({"o": [object(), object()]}))) is None
    assert sample(read(pd.DataFrame({"x": []}))) is None
