"""Inputs of the golden vectors, built the same everywhere; run as a module, it writes the digests."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from mlops_nb.data.verbs import fingerprint

FILE = Path(__file__).with_name("golden_fp1.json")


def arrow_inputs():
    ints = [0, 1, None, 100]
    moment = datetime(2020, 2, 29, 12, 30, 1, 250000)
    yield "null", pa.nulls(3)
    yield "bool", pa.array([True, None, False])
    for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        yield kind, pa.array(ints, getattr(pa, kind)())
    yield "float16", pa.array(np.array([0, 1.5, -2], "f2"))
    yield "float32", pa.array([0.0, -0.0, None, float("nan"), 1.1], pa.float32())
    yield "float64", pa.array([0.0, -0.0, None, float("nan"), 1.1, float("inf")])
    yield "utf8", pa.array(["", "a", None, "längerer Text", "\0"])
    yield "binary", pa.array([b"", b"a", None, b"\xff\0"])
    yield "fixed_binary", pa.array([b"ab", None], pa.binary(2))
    yield "date", pa.array([date(1969, 12, 31), None, date(2020, 2, 29)])
    yield "time", pa.array([time(1, 2, 3, 4), None])
    yield "timestamp", pa.array([moment, None, datetime(1969, 12, 31, 23, 59, 59, 999999)])
    yield "timestamp_zone", pa.array([moment.replace(tzinfo=UTC), None], pa.timestamp("us", "UTC"))
    yield "duration", pa.array([timedelta(seconds=-1.5), None])
    yield "decimal", pa.array([Decimal("1.50"), None, Decimal("-0.01")])
    yield "interval", pa.array([pa.MonthDayNano([1, 2, 3]), None])
    yield "list", pa.array([[1, None], None, [], [2]])
    yield "list_text", pa.array([["a"], None, ["b", None]])
    yield "struct", pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}])
    yield "map", pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64()))
    yield "empty", pa.array([], pa.int64())


def inputs():
    for name, values in arrow_inputs():
        yield name, pa.table({name: values})
    yield "two_blocks", pa.table({"x": np.arange(70_000), "y": np.arange(70_000) % 7 / 2})
    yield "no_columns", {}
    yield "array_f8", np.arange(12.0).reshape(3, 4)
    yield "array_c16", np.array([1 + 2j, 0j])
    yield "array_text", np.array(["a", "bb"])
    yield "array_fields", np.zeros(2, [("a", "i4"), ("b", "f8")])
    yield "array_masked", np.ma.MaskedArray([1, 2, 3], [0, 1, 0])
    yield "sparse", sp.csr_array(np.eye(3))


def current():
    found = {}
    for name, value in inputs():
        made, strict = fingerprint(value, rows=True), fingerprint(value, strict=True)
        rows = made.rows_state.to_text() if made.rows_state else None
        found[name] = [made.digest, strict.digest, made.schema_digest, rows]
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1) + "\n")
