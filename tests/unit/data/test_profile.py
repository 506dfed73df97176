import json
import math
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mlops_nb.data.profiling
from mlops_nb.data.profile_model import Profile
from mlops_nb.data.verbs import profile
from mlops_nb.errors import InvalidInput

from .test_fingerprint import ODD


def column(values):
    made = profile(pa.table({"x": values}) if isinstance(values, pa.Array | pa.ChunkedArray) else {"x": values})
    assert made.partial == ()
    return made.columns["x"]


def test_numbers_agree_with_pandas():
    rng = np.random.default_rng(1)
    series = pd.Series(np.where(rng.random(50_000) < 0.1, np.nan, rng.normal(3, 2, 50_000).round(2)))
    made = profile(series).columns[""]
    assert (made.n, made.missing) == (50_000, int(series.isna().sum()))
    assert (made.minimum, made.maximum) == (series.min(), series.max())
    assert made.mean == pytest.approx(series.mean(), rel=1e-12)
    assert made.std == pytest.approx(series.std(), rel=1e-12)
    assert (made.zeros, made.negatives) == ((series == 0).sum(), (series < 0).sum())
    assert (made.distinct.count, made.distinct.exact) == (series.nunique(), True)
    counts = series.value_counts()
    assert [item.count for item in made.frequent.items[:3]] == counts.iloc[:3].tolist()
    assert made.quantiles.rank_error < 0.01
    for share in (0.01, 0.25, 0.5, 0.9):
        found = made.quantiles.quantile(share)
        assert abs((series <= found).sum() / series.count() - share) <= made.quantiles.rank_error + 0.005
    assert sum(made.histogram.counts) == series.count()


@pytest.mark.parametrize("kind", ["int8", "int64", "uint64", "float32", "float64"])
def test_counting_and_sorting_agree(kind):
    rng = np.random.default_rng(2)
    for low, high in ((-100, 100), (0, 120)):
        numbers = rng.integers(0 if kind == "uint64" else low, high, 5_000).astype(kind)
        found = mlops_nb.data.profiling.sort(numbers)
        assert found.dtype == numbers.dtype
        assert (found == np.sort(numbers)).all()
    wide = np.array([np.iinfo("i8").min, np.iinfo("i8").max] * 200)
    assert (mlops_nb.data.profiling.sort(wide) == np.sort(wide)).all()
    close = np.full(300, np.iinfo("u8").max, "u8")
    assert (mlops_nb.data.profiling.sort(close) == close).all()
    infinite = np.array([np.inf, -np.inf, 0.5] * 100)
    assert (mlops_nb.data.profiling.sort(infinite) == np.sort(infinite)).all()


def test_infinities_and_nan():
    made = column([np.inf, -np.inf, np.nan, 1.0, 3.0, None, 0.0])
    assert (made.infinite, made.finite, made.missing, made.mean) == (2, 3, 2, pytest.approx(4 / 3))
    assert (made.minimum, made.maximum, made.zeros, made.negatives) == (-math.inf, math.inf, 1, 1)
    nan = column(np.array([np.nan, 1.0]))
    assert (nan.nan, nan.missing) == (1, 1)
    large = column([1.7e308] * 4)
    assert large.mean == pytest.approx(1.7e308)
    assert column([np.inf]).mean is None


def test_nothing_and_constants():
    for values in ([None, None], [np.nan, np.nan], []):
        made = column(values)
        assert (made.mean, made.minimum, made.std) == (None, None, None)
        assert made.missing == len(values)
    constant = column([7] * 1000)
    assert (constant.m2, constant.distinct.count, constant.histogram.edges) == (0.0, 1, (7.0,))
    assert constant.histogram.counts == (1000, 0)


def test_huge_integers_and_decimals():
    made = column(np.array([2**64 - 1, 2**63, 5], "u8"))
    assert (made.maximum, made.minimum, made.negatives) == (2**64 - 1, 5, 0)
    exact = column([Decimal("-1.50"), Decimal("10.25"), Decimal("-1.50"), None])
    assert (exact.kind, exact.minimum, exact.maximum, exact.distinct.count) == (
        "decimal",
        "-1.50",
        "10.25",
        2,
    )
    assert (exact.negatives, exact.mean) == (2, pytest.approx(7.25 / 3))
    both = exact.merge(column([Decimal("9.99")]))
    assert both.maximum == "10.25"


def test_times():
    stamps = pd.Series(pd.to_datetime(["2020-01-01 00:00:00", "1969-12-31 23:59:59", None]))
    found = {unit: profile(stamps.astype(f"datetime64[{unit}]")).columns[""] for unit in ("s", "us", "ns")}
    assert {made.minimum for made in found.values()} == {-(10**9)}
    assert {made.maximum for made in found.values()} == {
        stamps.max().value if stamps.dt.unit == "ns" else 1577836800 * 10**9
    }
    assert {made.distinct.hashes for made in found.values()} == {found["s"].distinct.hashes}
    days = column(stamps.dt.date.tolist())
    assert (days.minimum, days.mean) == (-86_400 * 10**9, pytest.approx((18262 - 1) / 2 * 86_400))


def test_texts():
    made = column(["a", "ä" * 5, None, "a", ""])
    assert (made.lengths.shortest, made.lengths.longest, made.lengths.total) == (0, 5, 7)
    assert (made.frequent.items[0].text, made.frequent.items[0].count) == ("a", 2)
    giant = column(["x" * 1_000_000, "x" * 1_000_000 + "y", "<script>\n\0"])
    assert max(len(item.text) for item in giant.frequent.items) == 100
    assert giant.distinct.count == 3
    assert len(json.dumps(giant.to_record())) < 5_000


def test_booleans_binaries_and_nested():
    flags = column([True, False, True, None])
    assert (flags.mean, flags.kind, flags.zeros) == (pytest.approx(2 / 3), "bool", 1)
    assert {(item.text, item.count) for item in flags.frequent.items} == {("True", 2), ("False", 1)}
    assert column([b"\xff" * 300]).frequent.items[0].text.startswith("ffff")
    lists = column([[1, 2], [], [1, 2], None])
    assert (lists.kind, lists.distinct.count, lists.lengths.longest, lists.missing) == ("nested", 2, 2, 1)


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_have_profiles_that_come_back(name):
    made = profile(ODD[name])
    assert made.partial == ()
    record = json.loads(json.dumps(made.to_record(), allow_nan=False))
    assert Profile.from_record(record).to_record() == made.to_record()
    assert made.merge(made).rows == 2 * made.rows


def test_what_cannot_be_read_is_partial():
    made = profile(pd.DataFrame({"x": [1], "o": pd.Series([object()], dtype=object)}))
    assert (made.partial, list(made.columns)) == (("o",), ["x"])
    with pytest.raises(InvalidInput):
        profile(object())
    with pytest.raises(InvalidInput, match="format"):
        Profile.from_record({**made.to_record(), "format": 99})


def test_every_library_gives_one_profile():
    frame = pd.DataFrame({"i": range(1000), "f": np.linspace(0, 1, 1000), "s": [f"t{i % 7}" for i in range(1000)]})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    records = [
        profile(t).to_record()
        for t in (frame, table, pl.from_arrow(table), duckdb.from_arrow(table), table.to_reader(9))
    ]
    assert all(record == records[0] for record in records)


def test_arrays_are_tables_of_columns():
    made = profile(np.arange(6.0).reshape(3, 2))
    assert [c.mean for c in made.columns.values()] == [2.0, 3.0]
    masked = profile(np.ma.MaskedArray([1, 2, 3], [0, 1, 0]))
    assert masked.columns["0"].missing == 1


def test_baseline_edges_make_histograms_comparable():
    rng = np.random.default_rng(3)
    base = profile({"x": rng.normal(size=5_000)})
    live = profile({"x": rng.normal(1, 1, 500)}, baseline=base)
    assert live.columns["x"].histogram.edges == base.columns["x"].histogram.edges
    assert live.columns["x"].histogram.exact
    assert sum(live.columns["x"].histogram.counts) == 500


def test_pieces_merge_to_the_whole(monkeypatch):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=20_000),
            "k": rng.integers(0, 50, 20_000),
            "s": rng.integers(0, 9, 20_000).astype(str),
        }
    )
    whole = profile(frame)
    monkeypatch.setattr(mlops_nb.data.profiling, "PIECE_ROWS", 3_000)
    for source in (frame, pa.Table.from_pandas(frame).to_reader(500)):
        pieces = profile(source)
        assert pieces.rows == whole.rows
        assert pieces.columns["x"].mean == pytest.approx(whole.columns["x"].mean, rel=1e-9)
        assert pieces.columns["x"].m2 == pytest.approx(whole.columns["x"].m2, rel=1e-9)
        assert pieces.columns["k"].distinct == whole.columns["k"].distinct
        assert pieces.columns["s"].frequent == whole.columns["s"].frequent
        assert pieces.columns["x"].distinct.count == pytest.approx(20_000, rel=0.2)
        assert pieces.columns["x"].histogram.exact


def test_unlike_profiles_do_not_merge():
    with pytest.raises(InvalidInput, match="number"):
        profile({"x": [1]}).merge(profile({"x": ["a"]}))
    with pytest.raises(InvalidInput, match="unlike columns"):
        profile({"x": [1]}).merge(profile({"y": [1]}))
    assert profile({"x": [1]}).merge(profile({"x": [None]})).columns["x"].missing == 1
