from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from mlops_nb.adapters import signatures

FRAME = pd.DataFrame(
    {
        "n": [1, 2],
        "x": [0.5, np.nan],
        "s": ["x", None],
        "c": pd.Categorical(["u", "v"]),
        "t": pd.to_datetime(["2013-01-01", "2013-01-02"]),
        "b": [True, False],
        "i": pd.array([1, None], dtype="Int64"),
    }
)


def test_a_frame_gives_a_column_each_with_its_type():
    signature = signatures.infer(FRAME, np.array([0, 1]))
    found = {one["name"]: (one["datatype"], one["logical"]) for one in signature["inputs"]}
    assert signature["version"] == 1
    assert signature["named"]
    assert signature["container"] == "pandas"
    assert found == {
        "n": ("INT64", "number"),
        "x": ("FP64", "number"),
        "s": ("BYTES", "text"),
        "c": ("BYTES", "category"),
        "t": ("BYTES", "time"),
        "b": ("BOOL", "bool"),
        "i": ("INT64", "number"),
    }
    assert signature["inputs"][3]["categories"] == ["u", "v"]
    assert signature["outputs"] == [{"name": "predict", "datatype": "INT64", "shape": [-1]}]


def test_polars_says_the_same():
    left, right = signatures.infer(FRAME), signatures.infer(pl.from_pandas(FRAME.drop(columns="c")))
    kept = {one["name"]: (one["datatype"], one["logical"]) for one in left["inputs"] if one["name"] != "c"}
    assert {one["name"]: (one["datatype"], one["logical"]) for one in right["inputs"]} == kept
    letters = pl.DataFrame({"c": pl.Series(["v", "u"], dtype=pl.Categorical)})
    assert signatures.infer(letters)["inputs"][0]["categories"] == ["u", "v"]


@pytest.mark.parametrize(
    ("inputs", "container", "datatype", "shape"),
    [
        (np.zeros((3, 4), np.float32), "numpy", "FP32", [-1, 4]),
        (scipy.sparse.csr_matrix(np.eye(3)), "sparse", "FP64", [-1, 3]),
        ([[1, 2], [3, 4]], "list", "INT64", [-1, 2]),
        (["one text", "another"], "list", "BYTES", [-1]),
        (pd.DataFrame(np.zeros((2, 3))), "numpy", "FP64", [-1, 3]),
        (np.zeros((2, 8, 8)), "numpy", "FP64", [-1, 8, 8]),
    ],
)
def test_what_has_no_column_names_is_one_input(inputs, container, datatype, shape):
    signature = signatures.infer(inputs, np.zeros((2, 3)))
    (one,) = signature["inputs"]
    assert (signature["named"], signature["container"]) == (False, container)
    assert (one["datatype"], one["shape"]) == (datatype, shape)
    assert signature["outputs"][0]["shape"] == [-1, 3]


@pytest.mark.parametrize("inputs", [FRAME, pl.from_pandas(FRAME), FRAME[["n", "x"]].to_numpy(), ["a" * 5000]])
def test_signature_and_example_are_json(inputs):
    text = json.dumps([signatures.infer(inputs, np.array([np.nan])), signatures.example(inputs)], allow_nan=False)
    assert len(text) < 4000


def test_hostile_values_leave_an_example_as_plain_ones():
    frame = pd.DataFrame({"<b>": [float("inf"), 1.0], "o": [object(), "\x00" * 10_000]}, dtype=object)
    example = signatures.example(frame)
    assert example["columns"] == ["<b>", "o"]
    assert example["rows"][0][0] is None
    assert len(example["rows"][1][1]) == 200
