"""Data as people give it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlops_nb.data.verbs import fingerprint
from mlops_nb.errors import InvalidInput, MlopsError, NotFound
from mlops_nb.registry.evaluating.given import given

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0, 1, 0], "late": [0, 1, 1]})
INPUTS = ["a", "b"]


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (FRAME, "late"),
        (FRAME, None),
        (FRAME.set_index(pd.Index([7, 7, 1])), "late"),
        (FRAME[["late", "b", "a"]], "late"),
        (pl.from_pandas(FRAME), "late"),
        (dict(FRAME), "late"),
        ((FRAME[INPUTS], FRAME.late), None),
        (FRAME[INPUTS], FRAME.late),
        ((pl.from_pandas(FRAME[INPUTS]), pl.Series("late", [0, 1, 1])), None),
    ],
)
def test_the_same_data_in_any_form_is_the_same(data: object, target: object):
    found = given(data, target, INPUTS)
    assert (found.target, found.truth.tolist()) == ("late", [0, 1, 1])
    assert found.table[INPUTS].to_numpy().tolist() == [[1, 0], [2, 1], [3, 0]]
    assert found.fingerprint.digest == fingerprint(FRAME).digest


def test_files(tmp_path: Path):
    FRAME.to_parquet(tmp_path / "d.parquet")
    FRAME.to_csv(tmp_path / "d.csv", index=False)
    FRAME.to_feather(tmp_path / "d.feather")
    for name in ("d.parquet", "d.csv", "d.feather"):
        for path in (tmp_path / name, str(tmp_path / name)):
            assert given(path, "late", INPUTS).fingerprint.digest == fingerprint(FRAME).digest
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "none.csv").write_bytes(b"")
    for name, kind, said in (
        ("bad.parquet", InvalidInput, "can't be read"),
        ("bad.csv", InvalidInput, "can't be read"),
        ("folder.csv", InvalidInput, "can't be read"),
        ("none.csv", InvalidInput, "can't be read"),
        ("missing.csv", NotFound, "there is no variable or file"),
        ("", InvalidInput, "is no file of data"),
    ):
        with pytest.raises(kind, match=said) as refused:
            given(tmp_path / name, "late", INPUTS)
        assert "\n" not in str(refused.value)


def test_what_has_no_names():
    array = FRAME[INPUTS].to_numpy()
    for data in (array, array.tolist(), pd.DataFrame(array)):
        found = given((data, [0, 1, 1]), None, [])
        assert (found.target, list(map(str, found.table.columns)), len(found.table)) == ("truth", ["0", "1"], 3)
    for texts in (["x", "y", "z"], pd.Series(["x", "y", "z"], index=[5, 6, 7]), np.array(["x", "y", "z"])):
        found = given((texts, [0, 1, 1]), None, [])
        assert found.table.iloc[:, 0].tolist() == ["x", "y", "z"]
    assert given(pd.DataFrame(FRAME.to_numpy()), "2", []).truth.tolist() == [0, 1, 1]


def _duplicated(name: str) -> pd.DataFrame:
    return pd.concat([FRAME, FRAME[[name]]], axis=1)


@pytest.mark.parametrize(
    ("data", "target", "said"),
    [
        (FRAME.assign(c=1), None, "which column holds the truth was not said; expected one of late, c"),
        (FRAME[INPUTS], None, "which column holds the truth was not said"),
        (FRAME, "lat", "did you mean 'late'"),
        (FRAME, "x" * 1_000_000, "the data has no column"),
        (FRAME, "a", "'a' is an input of the model"),
        (FRAME[:0], "late", "there are no rows to evaluate"),
        (FRAME, [0, 1], "2 values of truth for 3 rows"),
        (FRAME, 5, "the truth has shape []"),
        (FRAME, np.ones((3, 2)), "the truth has shape [3, 2]"),
        (_duplicated("a"), "late", "two columns are called 'a'"),
        (_duplicated("late"), "late", "two columns are called 'late'"),
        (FRAME.assign(o=[1, "x", None]), "late", "column 'o' holds values of several kinds"),
        (object(), "late", "of type object is no data"),
        (None, "late", "of type NoneType is no data"),
    ],
)
def test_refusals_are_one_line(data: object, target: object, said: str):
    with pytest.raises(MlopsError) as refused:
        given(data, target, INPUTS)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_truth_named_like_a_column_is_another_column():
    found = given((FRAME[INPUTS], FRAME.late.rename("a")), None, INPUTS)
    assert found.fingerprint.digest == fingerprint(FRAME[INPUTS].assign(**{"a'": FRAME.late})).digest


def test_many_numbers_are_cut_at_their_quartiles():
    n = 400
    frame = pd.DataFrame({"x": np.arange(n, dtype=float), "k": np.arange(n) % 20, "late": np.arange(n) % 2})
    frame["far"] = frame.x.where(frame.x > 4, np.inf).where(frame.x < n - 5, -np.inf)
    frame["gap"] = frame.x.where(frame.x > 40)
    frame["same"] = np.where(frame.x > 21, 0.0, frame.x)
    frame["whole"] = pd.array(np.arange(n), dtype="Int64")
    found = given(frame, "late", ["x"])
    assert pd.Series(found.labels("x")).value_counts().tolist() == [100] * 4
    assert pd.Series(found.labels("whole")).nunique() == 4
    assert pd.Series(found.labels("k")).nunique() == 20
    assert pd.Series(found.labels("late")).nunique() == 2
    assert pd.Series(found.labels("far")).notna().all()
    assert pd.Series(found.labels("gap")).isna().sum() == 41
    assert pd.Series(found.labels("same")).nunique() >= 1
    with pytest.raises(InvalidInput, match="the data has no column 'y'"):
        found.labels("y")


def test_a_comma_parts_columns_unless_one_is_called_so():
    frame = pd.DataFrame({"p,q": [1, 2], "r": [1, 2], "y": [0, 1]})
    found = given(frame, "y", ["r"])
    assert found.columns(["p,q", "r, y", "r", " "]) == ["p,q", "r", "y"]
