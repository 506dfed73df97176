"""Laws of fingerprints: the same data has one digest, other data another, states merge in any grouping."""

import io
from functools import reduce
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_nb.data.blocks as blocks
from mlops_nb.data.model import RowsState
from mlops_nb.data.verbs import fingerprint

TYPES = {
    "i": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "u": (pa.uint8(), st.integers(0, 255)),
    "f": (pa.float64(), st.floats(allow_nan=False)),
    "s": (
        pa.string(),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    ),
    "b": (pa.bool_(), st.booleans()),
    "t": (pa.timestamp("us"), st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01"))),
    "l": (pa.list_(pa.int64()), st.lists(st.none() | st.integers(-9, 9), max_size=3)),
}


@st.composite
def tables(draw, least=0):
    n = draw(st.integers(least, 30))
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=4, unique=True))
    columns = {k: draw(st.lists(st.none() | TYPES[k][1], min_size=n, max_size=n)) for k in names}
    return pa.table({k: pa.array(v, TYPES[k][0]) for k, v in columns.items()})


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 8)


def cut(table, points):
    at = [0, *sorted(min(p, table.num_rows) for p in points), table.num_rows]
    return [table.slice(a, b - a) for a, b in pairwise(at)]


@settings(max_examples=60, deadline=None)
@given(tables(), st.lists(st.integers(0, 30), max_size=5))
def test_any_chunking_has_one_digest(table, points):
    whole = fingerprint(table, rows=True)
    parts = cut(table, points)
    chunked = pa.concat_tables(parts)
    stream = blocks.Fingerprinter(rows=True)
    for part in parts:
        stream.update(part)
    batches = pa.RecordBatchReader.from_batches(table.schema, (b for p in parts for b in p.to_batches()))
    for other in (fingerprint(chunked, rows=True), stream.finish(), fingerprint(batches, rows=True)):
        assert other.digest == whole.digest
        assert other.to_record() == whole.to_record()


@settings(max_examples=50, deadline=None)
@given(tables())
def test_any_engine_has_one_digest(table):
    whole = fingerprint(table, rows=True)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    hands = [
        table.to_pandas(types_mapper=pd.ArrowDtype),
        pl.from_arrow(table),
        duckdb.from_arrow(table),
        pq.read_table(io.BytesIO(buffer.getvalue())),
    ]
    for other in (fingerprint(hand, rows=True) for hand in hands):
        assert other.digest == whole.digest
        assert other.rows_state == whole.rows_state


@settings(max_examples=80, deadline=None)
@given(tables(least=1), st.data())
def test_a_change_of_one_cell_changes_both_digests(table, data):
    name = data.draw(st.sampled_from(table.column_names))
    row = data.draw(st.integers(0, table.num_rows - 1))
    values = table[name].to_pylist()
    new = data.draw((st.none() | TYPES[name][1]).filter(lambda value: value != values[row]))
    values[row] = new
    other = table.set_column(table.column_names.index(name), name, pa.array(values, TYPES[name][0]))
    one, two = fingerprint(table, rows=True), fingerprint(other, rows=True)
    assert one.digest != two.digest
    assert one.rows_digest != two.rows_digest


@settings(max_examples=50, deadline=None)
@given(tables(), st.lists(st.integers(0, 30), min_size=2, max_size=5), st.randoms())
def test_rows_states_merge_in_any_grouping(table, points, random):
    states = [fingerprint(part, rows=True).rows_state for part in cut(table, points)]
    whole = fingerprint(table, rows=True).rows_state
    assert reduce(RowsState.merge, states) == whole
    assert reduce(lambda right, left: left.merge(right), reversed(states)) == whole
    order = list(range(table.num_rows))
    random.shuffle(order)
    shuffled = fingerprint(table.take(pa.array(order, pa.int64())), rows=True).rows_state
    assert shuffled.same_multiset(whole)


def test_rows_digests_of_many_small_tables_do_not_collide():
    frames = [{"x": np.array([a, b]), "y": np.array([b, a])} for a in range(20) for b in range(20)]
    states = [fingerprint(frame, rows=True) for frame in frames]
    assert len({state.digest for state in states}) == 400
    assert len({state.rows_digest for state in states}) == 210  # (a, b) and (b, a) hold the same rows
