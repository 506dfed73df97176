from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.runs.logged import artifact_bytes, figure_png, table_parquet


def test_bytes_and_files(tmp_path: Path):
    (tmp_path / "a.bin").write_bytes(b"x")
    for data in (b"x", bytearray(b"x"), memoryview(b"x")):
        assert artifact_bytes(data, None) == (b"x", "artifact")
    assert artifact_bytes(tmp_path / "a.bin", None) == (b"x", "a.bin")
    assert artifact_bytes(str(tmp_path / "a.bin"), "b") == (b"x", "b")


@pytest.mark.parametrize("source", ["no/such/file", "", "a\x00b", "\ud800", "/", "x" * 5000])
def test_what_is_no_file(source: str):
    with pytest.raises(NotFound, match=r"there is no file|can't be read: File name too long") as caught:
        artifact_bytes(source, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", [3, None, [1], {"a": 1}])
def test_what_is_no_artifact(source: Any):
    with pytest.raises(InvalidInput, match="expected a path or bytes"):
        artifact_bytes(source, None)


@pytest.mark.parametrize(
    "table",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        {"a": [1, 2], "b": ["x", "y"]},
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pa.table({"a": [1, 2], "b": ["x", "y"]}),
    ],
)
def test_tables_of_all_kinds(table: Any):
    data, rows, columns = table_parquet(table)
    assert (rows, columns) == (2, 2)
    assert pq.read_table(io.BytesIO(data)).to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize(
    "table",
    [3, None, "text", [1, 2], {"a": [1], "b": [1, 2]}, {"a": [1, "x"]}, {"a": np.array([1j])}, [{"a": object()}]],
)
def test_what_is_no_table(table: Any):
    with pytest.raises(InvalidInput, match="is not a table") as caught:
        table_parquet(table)
    assert "\n" not in str(caught.value)


def test_figures():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    assert figure_png(figure).startswith(b"\x89PNG")
    assert figure_png(axes).startswith(b"\x89PNG")

    class Drawn:
        def _repr_png_(self) -> bytes:
            return b"\x89PNG drawn"

    assert figure_png(Drawn()) == b"\x89PNG drawn"
    for other in (3, "x", None):
        with pytest.raises(InvalidInput, match="can't be drawn"):
            figure_png(other)
