import datetime as dt
import gc
import json
import subprocess
import sys
import weakref
from decimal import Decimal

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp

import mlops_nb.data.blocks
from mlops_nb.data.blocks import Fingerprinter
from mlops_nb.data.model import BLOCK_ROWS, Fingerprint, RowsState
from mlops_nb.data.verbs import append, fingerprint
from mlops_nb.errors import Corrupt, InvalidInput, NotFound

from . import golden


def big(rows=150_000):
    number = np.arange(rows)
    half = np.where(number % 10 == 3, np.nan, number / 3)
    text = [None if i % 11 == 5 else f"t{i % 1000}" for i in range(rows)]
    return pd.DataFrame({"i": number, "f": half, "s": pd.array(text, "str"), "b": number % 3 == 0})


@pytest.fixture(scope="module")
def frame():
    return big()


def everywhere(frame, folder):
    """The same table in many hands; None marks what is missing everywhere."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, folder / "t.parquet", row_group_size=40_000)
    objects = frame.copy()
    objects["s"] = frame["s"].astype(object)
    polars = pl.from_arrow(table)
    yield "pandas", frame
    yield "pandas object", objects
    yield "pandas arrow", table.to_pandas(types_mapper=pd.ArrowDtype)
    yield "pandas nullable", frame.astype({"i": "Int64", "f": "Float64", "s": "string", "b": "boolean"})
    yield "pandas categorical", frame.astype({"s": "category"})
    yield "arrow", table
    yield "arrow chunked", pa.concat_tables([table.slice(0, 7), table.slice(7, 70_000), table.slice(70_007)])
    yield "arrow dictionary", table.set_column(2, "s", table["s"].dictionary_encode())
    yield "arrow view", table.set_column(2, "s", table["s"].cast(pa.string_view()))
    yield "arrow small offsets", table.set_column(2, "s", table["s"].cast(pa.string()))
    yield "arrow sliced", pa.concat_tables([table.slice(0, 13), table]).slice(13)
    yield "arrow reader", table.to_reader(1_000)
    yield "arrow dataset", pads.dataset(folder / "t.parquet")
    yield "polars", polars
    yield "polars lazy", polars.lazy()
    yield "polars categorical", polars.with_columns(pl.col("s").cast(pl.Categorical))
    yield "polars chunked", pl.concat([polars[:100], polars[100:]], rechunk=False)
    yield "narwhals", nw.from_native(polars)
    yield "duckdb", duckdb.from_arrow(table)
    yield "parquet", pd.read_parquet(folder / "t.parquet")
    yield "dict", {name: frame[name].to_numpy() if name != "s" else frame[name] for name in frame}
    yield "column order", frame[["s", "b", "f", "i"]]


def test_the_same_table_has_one_digest_in_every_library(frame, tmp_path):
    made = {name: fingerprint(value, rows=True) for name, value in everywhere(frame, tmp_path)}
    assert {f.digest for f in made.values()} == {made["pandas"].digest}, {k: v.digest for k, v in made.items()}
    assert {f.rows_state for f in made.values()} == {made["pandas"].rows_state}
    assert all(f == made["pandas"] and not f.partial for f in made.values())


def test_every_change_changes_the_digest(frame):
    base = fingerprint(frame).digest
    changes = [
        frame.assign(i=frame.i.where(frame.i != 149_000, -1)),
        frame.assign(f=frame.f.where(frame.i != 66_000)),
        frame.assign(s=frame.s.where(frame.i != 0, "other")),
        frame.assign(b=~frame.b),
        frame.rename(columns={"i": "j"}),
        frame.astype({"i": "int32"}),
        frame.iloc[::-1],
        frame.iloc[:-1],
        frame.set_index("i"),
        frame.assign(more=1),
    ]
    digests = [fingerprint(changed).digest for changed in changes[:-2]] + [fingerprint(changes[-1]).digest]
    assert len({base, *digests}) == len(digests) + 1
    assert fingerprint(frame.set_index("i")).digest == base  # a named index is a leading column


def test_golden_vectors():
    assert golden.current() == json.loads(golden.FILE.read_text())


def test_a_fresh_process_agrees():
    code = "from mlops_nb.data.verbs import fingerprint as f; print(f({'x': [1, 2], 'y': ['a', None]}).digest)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint({"x": [1, 2], "y": ["a", None]}).digest


def test_polars_and_duckdb_are_not_imported_for_pandas():
    code = (
        "import sys, pandas as pd; from mlops_nb.data.verbs import fingerprint, profile;"
        "fingerprint(pd.DataFrame({'x': [1]})); profile(pd.DataFrame({'x': [1]}));"
        "print({'polars', 'duckdb', 'narwhals', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_missing_and_zero_fold_unless_strict():
    payload = np.array([0x7FF8000000000001], "u8").view("f8")
    nan = pa.table({"x": pa.array([float("nan"), -0.0])})
    null = pa.table({"x": pa.array([None, 0.0])})
    other = pa.table({"x": np.concatenate([payload, [0.0]])})
    assert fingerprint(nan) == fingerprint(null) == fingerprint(other)
    one, two, three = (fingerprint(t, strict=True) for t in (nan, null, other))
    assert len({one.digest, two.digest, three.digest}) == 3
    assert one.digest.startswith("fp1s:")
    assert fingerprint(nan).same_as(one) is None
    column = fingerprint(nan).columns["x"]
    assert (column.null_count, column.nan_count, column.missing) == (0, 1, 1)


def test_units_leave_no_trace_but_zones_do():
    stamps = pd.Series(pd.to_datetime(["2020-01-01 10:00:00", None, "1960-01-01 00:00:00"]), name="t")
    digests = {fingerprint(stamps.astype(f"datetime64[{unit}]")).digest for unit in ("s", "ms", "us", "ns")}
    assert len(digests) == 1
    paris, utc = (
        stamps.dt.tz_localize("Europe/Paris"),
        stamps.dt.tz_localize("Europe/Paris").dt.tz_convert("UTC"),
    )
    assert fingerprint(paris).digest == fingerprint(utc).digest not in digests
    assert fingerprint(paris).schema_digest != fingerprint(utc).schema_digest


def test_a_series_is_a_table_and_a_vector_is_an_array():
    series = pd.Series([1.0, 2.0], name="x")
    assert fingerprint(series) == fingerprint(series.to_frame()) == fingerprint(pl.Series("x", [1.0, 2.0]))
    assert fingerprint(series).kind == "table"
    assert fingerprint(series.to_numpy()).kind == "array"
    assert fingerprint(series).same_as(fingerprint(series.to_numpy())) is None
    unnamed = [pd.Series([1, 2]), pl.Series([1, 2]), pa.array([1, 2]), pa.chunked_array([[1], [2]]), [1, 2]]
    assert len({fingerprint(values).digest for values in unnamed}) == 1


def test_indexes():
    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert fingerprint(frame) == fingerprint(frame.set_axis([7, 8, 9]))
    assert list(fingerprint(frame.set_axis(["a", "b", "c"])).columns) == ["__index_level_0__", "x"]
    multi = frame.set_axis(pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["k", None]))
    assert list(fingerprint(multi).columns) == ["k", "__index_level_1__", "x"]
    assert list(fingerprint(multi.index).columns) == ["k", "__index_level_1__"]
    assert fingerprint(pd.Index([1, 2, 3], name="x")) == fingerprint(frame)


ODD = {
    "all missing objects": pd.DataFrame({"x": pd.Series([None, np.nan, pd.NA, pd.NaT], dtype=object)}),
    "period": pd.DataFrame({"x": pd.period_range("2020", periods=3, freq="M")}),
    "interval": pd.DataFrame({"x": pd.interval_range(0, 3)}),
    "cut": pd.DataFrame({"x": pd.cut(pd.Series([1, 2, 3]), 2)}),
    "sparse column": pd.DataFrame({"x": pd.arrays.SparseArray([0, 1, 0])}),
    "big endian": pd.DataFrame({"x": np.array([1, 2], ">i8")}),
    "float16": pd.DataFrame({"x": np.array([1, 2], "f2")}),
    "bytes": pd.DataFrame({"x": [b"a", None]}),
    "decimal": pd.DataFrame({"x": [Decimal("1.5"), None]}),
    "date": pd.DataFrame({"x": [dt.date(2020, 1, 1), None]}),
    "time": pd.DataFrame({"x": [dt.time(1), None]}),
    "timedelta": pd.DataFrame({"x": pd.to_timedelta([1, None], unit="s")}),
    "zone": pd.DataFrame({"x": pd.date_range("2020", periods=2, tz="Asia/Tokyo")}),
    "nested": pd.DataFrame({"x": [[{"a": [1, None]}], None]}),
    "huge ints": pd.DataFrame({"x": pd.Series([1, 2**63 + 1], dtype=object)}),
    "integer names": pd.DataFrame({0: [1], "0": [2]}),
    "multi columns": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
    "duplicates": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "no rows": pd.DataFrame({"x": pd.Series([], dtype="int64")}),
    "no rows of anything": pd.DataFrame(columns=["x"]),
    "no columns": pd.DataFrame(index=range(3)),
    "nothing": pd.DataFrame(),
    "no chunks": pa.table({"x": pa.chunked_array([], pa.string())}),
    "no chunks of a dictionary": pa.table({"x": pa.chunked_array([], pa.dictionary(pa.int8(), pa.string()))}),
    "run ends": pa.table({"x": pa.RunEndEncodedArray.from_arrays([2, 5], ["a", None])}),
    "list view": pa.table({"x": pa.array([[1], None], pa.list_view(pa.int64()))}),
    "fixed list": pa.table({"x": pa.array([[1, 2], None], pa.list_(pa.int64(), 2))}),
    "uuid": pa.table({"x": pa.array([b"0" * 16, None], pa.uuid())}),
    "extension array": pd.array([1, None], "Int64"),
    "duckdb types": duckdb.sql("select interval 3 days a, map{'k': 1} b, 2::hugeint c, uuid() d limit 0"),
    "rows": [{"a": 1}, {"a": None, "b": "x"}],
    "scalars": {"a": 1, "b": "x"},
    "names with surrogates": {"\ud800": [1]},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_have_complete_fingerprints(name):
    made, again = fingerprint(ODD[name], rows=True), fingerprint(ODD[name], rows=True)
    assert made.partial == ()
    assert made == again
    assert made.rows_state == again.rows_state
    record, leaves = made.to_record()
    back = Fingerprint.from_record(json.loads(json.dumps(record)), leaves)
    assert back == made
    assert back.to_record() == (record, leaves)


class Thing:
    pass


PARTIAL = {
    "objects": [Thing(), Thing()],
    "mixed": [1, "a"],
    "complex": np.array([1j, 2j]),
    "set": [{"a"}, {"b"}],
    "str and bytes": ["a", b"b"],
    "zoned and naive": [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
    "zoned time": [dt.time(1, tzinfo=dt.UTC), dt.time(2)],
    "surrogates": ["\ud800", "a"],
    "too large": [2**80, 1],
    "long double": np.array([1, 2], np.longdouble),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_what_has_no_form_is_named_and_never_the_same(name):
    frame = pd.DataFrame({"ok": [1, 2]})
    frame["x"] = pd.Series(PARTIAL[name], dtype=None if isinstance(PARTIAL[name], np.ndarray) else object)
    made, again = fingerprint(frame, rows=True), fingerprint(frame)
    assert made.partial == ("x",)
    assert made.digest.startswith("fp1bp:")
    assert made.rows_digest is None
    assert made.same_as(again) is None
    assert made != again
    assert made.same_as(fingerprint(frame.assign(ok=[1, 3]))) is False
    assert made.same_as(fingerprint(frame[["ok"]])) is None


def test_unions_and_polars_objects_are_partial():
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    assert fingerprint(pa.table({"u": union})).partial == ("u",)
    assert fingerprint(pl.DataFrame({"o": pl.Series([Thing()], dtype=pl.Object)})).partial == ("o",)
    assert fingerprint(pl.DataFrame({"o": pl.Series([2**100], dtype=pl.Int128)})).partial == ("o",)
    half_day = pa.array([43_200_000]).view(pa.date64())
    assert fingerprint(pa.table({"d": half_day})).partial == ("d",)


def test_nanoseconds_of_objects_are_kept():
    one, two = (pd.DataFrame({"t": pd.Series([pd.Timestamp(n)], dtype=object)}) for n in (1, 2))
    assert fingerprint(one) != fingerprint(two)


@pytest.mark.parametrize("bad", [object(), 3, None, {1, 2}, {"a": [1], "b": [1, 2]}, (x for x in "ab"), len])
def test_what_is_no_data_is_refused(bad):
    with pytest.raises(InvalidInput):
        fingerprint(bad)


def test_arrays():
    array = np.random.default_rng(0).normal(size=(70_000, 3))
    base = fingerprint(array)
    assert base == fingerprint(np.asfortranarray(array)) == fingerprint(array.astype(">f8"))
    assert base == fingerprint(np.ma.MaskedArray(array)) == fingerprint(np.repeat(array, 2, axis=0)[::2])
    assert base.shape == (70_000, 3)
    different = [array.reshape(3, 70_000), array.ravel(), array.astype("f4"), array + 1, array[:-1], array.T]
    assert len({base.digest, *(fingerprint(a).digest for a in different)}) == 7
    changed = array.copy()
    changed[69_999, 2] += 1
    assert fingerprint(changed) != base
    for odd in (
        np.array(5),
        np.empty((0, 3)),
        np.empty((3, 0)),
        np.zeros(2, "M8[D]"),
        np.zeros(2, "m8[h]"),
        np.array("x"),
    ):
        assert not fingerprint(odd).partial
    assert fingerprint(np.empty((0, 3))) != fingerprint(np.empty((0, 4)))


def test_arrays_of_objects_structures_and_masks():
    assert fingerprint(np.array(["a", None], object)) == fingerprint(np.array(["a", np.nan], object))
    assert fingerprint(np.array([Thing()], object)).partial == ("",)
    assert fingerprint(np.zeros(2, np.longdouble)).partial == ("",)
    fields = np.zeros(3, [("a", "i4"), ("b", [("c", "f8"), ("d", "U3")])])
    assert list(fingerprint(fields).columns) == ["a", "b.c", "b.d"]
    masked = np.ma.MaskedArray([1, 2, 3], [False, True, False])
    assert fingerprint(masked) == fingerprint(np.ma.MaskedArray([1, 9, 3], [False, True, False]))
    assert fingerprint(masked) != fingerprint(np.array([1, 0, 3]))
    assert fingerprint(np.array([1 + 2j])) != fingerprint(np.array([2 + 1j]))


def test_sparse_matrices():
    dense = np.array([[0.0, 1, 0], [2, 0, 3]])
    forms = [f(dense) for f in (sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_array, sp.dok_array, sp.bsr_array)]
    stored_zero = sp.csr_array((np.array([1.0, 0, 3, 2]), np.array([1, 2, 2, 0]), np.array([0, 2, 4])), (2, 3))
    before = stored_zero.copy()
    assert {fingerprint(m).digest for m in [*forms, stored_zero]} == {fingerprint(forms[0]).digest}
    assert (stored_zero.data == before.data).all()
    assert fingerprint(sp.csr_array(dense[:, :2])) != fingerprint(sp.csr_array(dense))
    assert fingerprint(forms[0]).kind == "sparse"
    assert fingerprint(sp.coo_array(np.array([0, 1.0]))).shape == (2,)


def test_files_and_directories(tmp_path):
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "a.txt").write_bytes(b"abc")
    (tmp_path / "d" / "sub" / "b.txt").write_bytes(b"")
    one = fingerprint(str(tmp_path / "d" / "a.txt"))
    assert one.digest == "fp1b:6437b3ac38465133ffb63b75273a8db5"  # the published BLAKE3 of "abc"
    whole = fingerprint(tmp_path / "d")
    assert (whole.kind, whole.rows, list(whole.columns)) == ("directory", 2, ["a.txt", "sub/b.txt"])
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    linked = fingerprint(tmp_path / "d")
    assert linked != whole
    assert not linked.partial
    with pytest.raises(NotFound, match=r"a\.txt"):
        fingerprint(tmp_path / "d" / "a.tx")
    for bad in ("", "a\0b", "x" * 5000):
        with pytest.raises((NotFound, InvalidInput)):
            fingerprint(bad + "/nothing")


def test_resuming_hashes_only_the_tail(frame, monkeypatch):
    whole = fingerprint(frame, rows=True)
    first = fingerprint(frame[:140_000], rows=True)
    kept = Fingerprint.from_record(*first.to_record())
    hashed = []
    real = mlops_nb.data.blocks.leaf
    monkeypatch.setattr(
        mlops_nb.data.blocks,
        "leaf",
        lambda tag, values, **more: hashed.append(len(values)) or real(tag, values, **more),
    )
    tail = frame[2 * BLOCK_ROWS : 140_000]
    made = append(kept, tail, frame[140_000:])
    assert made == whole
    assert made.to_record() == whole.to_record()
    assert max(hashed) < BLOCK_ROWS
    assert sum(hashed) == 4 * (len(tail) + len(tail) + 10_000)  # once to prove the tail, once with what follows


def test_resuming_refuses_another_tail(frame):
    first = fingerprint(frame[:140_000])
    with pytest.raises(InvalidInput, match="tail"):
        Fingerprinter.resume(first, frame[:8_928])
    with pytest.raises(InvalidInput, match="tail"):
        Fingerprinter.resume(first)
    record, _ = first.to_record()
    with pytest.raises(InvalidInput, match="leaves"):
        Fingerprinter.resume(Fingerprint.from_record(record), frame[131_072:140_000])
    with pytest.raises(InvalidInput, match="columns"):
        append(first, frame[131_072:140_000], frame[["i"]])
    with pytest.raises(Corrupt):
        Fingerprint.from_record(record, b"0" * 16)


def test_a_stream_can_go_on_after_finish(frame):
    maker = Fingerprinter(rows=True)
    for start in range(0, len(frame), 33_333):
        made = maker.update(frame[start : start + 33_333]).finish()
    assert made.to_record() == fingerprint(frame, rows=True).to_record()


def test_rows_state_knows_multiset_and_order(frame):
    base = fingerprint(frame, rows=True).rows_state
    shuffled = fingerprint(frame.sample(frac=1, random_state=1), rows=True).rows_state
    assert base.same_multiset(shuffled)
    assert not base.same_order(shuffled)
    parts = [fingerprint(frame[a:b], rows=True).rows_state for a, b in ((0, 5), (5, 100_001), (100_001, None))]
    assert parts[0].merge(parts[1]).merge(parts[2]) == base == parts[0].merge(parts[1].merge(parts[2]))
    assert base.without_tail(parts[2]) == parts[0].merge(parts[1])
    assert RowsState.from_text(base.to_text()) == base
    assert not base.same_multiset(fingerprint(frame.assign(b=~frame.b), rows=True).rows_state)


def test_rows_digest_takes_widths_for_one_value():
    one, two = ({"x": np.array([1, -2], kind)} for kind in ("i4", "i8"))
    assert fingerprint(one, rows=True).rows_digest == fingerprint(two, rows=True).rows_digest
    assert fingerprint(one) != fingerprint(two)
    values = [[-1], [2**64 - 1], [-1.0], ["-1"], [True], [1]]
    kinds = ["i8", "u8", "f8", None, None, None]
    digests = {fingerprint({"x": np.array(v, k)}, rows=True).rows_digest for v, k in zip(values, kinds, strict=True)}
    assert len(digests) == 6


def test_long_and_short_strings_in_the_rows_digest():
    texts = ["", "a", "a\0", "abcdefgh", "abcdefghi", "x" * 255, "x" * 256, "x" * 257, "y" * 1_000_000, None]
    whole = fingerprint({"s": texts}, rows=True).rows_state
    state = RowsState()
    for text in texts:
        state = state.merge(fingerprint(pa.table({"s": pa.array([text], pa.string())}), rows=True).rows_state)
    assert state == whole
    assert len({fingerprint(pa.table({"s": pa.array([t], pa.string())}), rows=True).rows_digest for t in texts}) == len(
        texts
    )


def test_nothing_of_the_users_is_changed_or_kept(frame):
    mine = frame.copy()
    alive = weakref.ref(mine)
    made = fingerprint(mine, rows=True)
    pd.testing.assert_frame_equal(mine, frame)
    del mine
    gc.collect()
    assert alive() is None
    assert made.rows == len(frame)


def test_a_newer_record_is_refused():
    record, leaves = fingerprint([1]).to_record()
    with pytest.raises(InvalidInput, match="format"):
        Fingerprint.from_record({**record, "format": 2}, leaves)


def test_garbage_under_nulls_is_not_content():
    def behind(values, dtype):
        mask = pa.array([True, False]).buffers()[1]
        return pa.Array.from_buffers(pa.from_numpy_dtype(dtype), 2, [mask, pa.py_buffer(np.array(values, dtype))])

    assert fingerprint(behind([1, 7], "i8"), rows=True).leaves == fingerprint(behind([1, 9], "i8")).leaves
    assert fingerprint(behind([1, np.nan], "f8")) == fingerprint(behind([1, 2], "f8"))
    offsets, data = pa.py_buffer(np.array([0, 1, 3], "i4")), pa.py_buffer(b"axy")
    text = pa.Array.from_buffers(pa.string(), 2, [pa.array([True, False]).buffers()[1], offsets, data])
    assert fingerprint(text, rows=True).rows_digest == fingerprint(["a", None], rows=True).rows_digest
    assert fingerprint(text) == fingerprint(["a", None])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3]), pa.array([1, 2, 3]), mask=pa.array([False, True]))
    assert fingerprint(lists) == fingerprint(pa.array([[1], None]))


def test_a_stream_does_not_change_with_the_callers_memory():
    memory = np.arange(1_000)
    maker = Fingerprinter().update({"x": memory})
    memory[:] = 0
    assert maker.update({"x": np.arange(1_000, 2_000)}).finish() == fingerprint({"x": np.arange(2_000)})


def test_missing_times_among_objects():
    days = pd.Series([dt.date(2020, 1, 1), pd.NaT], dtype=object, name="d")
    assert fingerprint(days) == fingerprint(pl.Series("d", [dt.date(2020, 1, 1), None]))
    stamps = pd.Series([pd.Timestamp("2020-01-01"), pd.NaT, None], dtype=object)
    assert fingerprint(stamps) == fingerprint(pd.Series(pd.to_datetime(["2020-01-01", None, None])))


def test_categories_are_schema_and_stay_private():
    one = pd.Series(["secret", "b"], dtype=pd.CategoricalDtype(["secret", "b"]))
    two = one.cat.reorder_categories(["b", "secret"])
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one).schema_digest != fingerprint(two).schema_digest
    assert "secret" not in json.dumps(fingerprint(one).to_record()[0])


def test_what_refuses_to_become_an_array():
    class Tensor:
        shape, dtype = (1,), "x"

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("requires grad")

    with pytest.raises(InvalidInput, match="requires grad"):
        fingerprint(Tensor())


def test_pieces_may_come_in_unlike_encodings():
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
    lists = [pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64()), pa.large_list(pa.int64())]
    maker = Fingerprinter(rows=True)
    for kind, nested in zip(kinds, lists, strict=True):
        maker.update(pa.table({"x": pa.array(["a", None]).cast(kind), "l": pa.array([[1], None], nested)}))
    assert maker.finish() == fingerprint({"x": ["a", None] * 4, "l": [[1], None] * 4})
    assert maker.finish().partial == ()
