import numpy as np
import pandas as pd
import pytest

from mlops_nb.data.explain import explain
from mlops_nb.data.model import Fingerprint
from mlops_nb.data.verbs import fingerprint

ROWS = 300_000


@pytest.fixture(scope="module")
def frame():
    rows = np.arange(ROWS)
    return pd.DataFrame({"x": rows, "dep_delay": rows / 7, "s": pd.array([f"t{i % 97}" for i in range(ROWS)], "str")})


def said(before, after, **settings):
    return explain(fingerprint(before, **settings), fingerprint(after, **settings))


def test_the_same(frame):
    made = said(frame, frame.copy())
    assert made.same is True
    assert made.sentence == "the same content"


def test_rows_added_at_the_end_are_proven(frame):
    made = said(frame[:-214], frame)
    assert made.sentence == "214 rows added"
    assert made.appended is True
    assert (made.same, made.rows) == (False, (ROWS - 214, ROWS))


def test_rows_more_in_other_places(frame):
    made = said(frame[214:], frame)
    assert made.sentence == "214 rows more; earlier rows changed too"
    assert made.appended is False
    assert said(frame[:10], frame[:12]).sentence == "2 rows more"
    assert said(frame[:10], frame[:9]).sentence == "1 row fewer"


def test_columns_renamed_added_removed(frame):
    assert said(frame, frame.rename(columns={"x": "y"})).sentence == "column `x` renamed `y`"
    assert said(frame, frame.assign(z=1)).sentence == "column `z` added"
    assert said(frame, frame[["x"]]).sentence == "columns `dep_delay`, `s` removed"
    assert said(frame, frame[["s", "x", "dep_delay"]]).sentence == "columns in another order"


def test_changed_rows_are_named_by_block(frame):
    other = frame.copy()
    other.loc[200_000, "dep_delay"] = np.nan
    made = said(frame, other)
    assert made.sentence == "`dep_delay` changed in rows 196,608 to 262,143 (1 instead of 0 missing)"
    other.loc[[0, 70_000, 299_999], "s"] = "other"
    assert said(frame, other).changed[1].ranges == ((0, 131_071), (262_144, 299_999))


def test_types(frame):
    one = frame[:100]
    assert said(one, one.astype({"x": "int32"})).sentence == "`x` has type i32 instead of i64"
    other = one.astype({"x": "float64"})
    other.loc[3, "x"] = np.nan
    sentence = said(one, other).sentence
    assert sentence == "`x` has type f64 instead of i64, because it gained 1 missing value"
    stamps = pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])})
    made = said(stamps.astype("datetime64[us]"), stamps.astype("datetime64[ns]"))
    assert made.same is True
    assert made.sentence == "`t` has type ts[ns] instead of ts[us], with the same values"


def test_reordered_rows_need_the_rows_digest(frame):
    shuffled = frame.sample(frac=1, random_state=0)
    made = said(frame, shuffled, rows=True)
    assert (made.reordered, made.sentence) == (True, "the same rows in another order")
    assert said(frame, shuffled).reordered is None


def test_partial_never_says_the_same():
    one = pd.DataFrame({"x": [1], "o": pd.Series([object()], dtype=object)})
    made = said(one, one)
    assert made.same is None
    assert made.sentence == "no difference found; nothing is known of column `o`"
    assert said(one, one.assign(x=2)).same is False


def test_what_cannot_be_compared():
    table, array = fingerprint({"x": [1]}), fingerprint(np.array([1]))
    assert explain(table, array).sentence == "fingerprints of unlike kinds can't be compared: table and array"
    assert "can't be compared" in explain(table, fingerprint({"x": [1]}, strict=True)).sentence


def test_without_leaves_the_columns_are_still_named(frame):
    other = frame.assign(x=0)
    one, two = (Fingerprint.from_record(fingerprint(f).to_record()[0]) for f in (frame, other))
    assert explain(one, two).sentence == "`x` changed"


def test_many_changes_stay_one_short_sentence():
    one = pd.DataFrame({f"c{i}": [i] for i in range(500)})
    sentence = said(one, one + 1000).sentence
    assert sentence.endswith("496 more columns changed")
    assert len(sentence) < 300


def test_arrays_and_directories(tmp_path):
    array = np.zeros((100, 2))
    assert said(array, np.zeros((100, 3))).sentence.startswith("shape (100, 2) became (100, 3)")
    assert said(array, np.zeros((120, 2))).sentence == "20 rows more"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same").write_text("same")
    (tmp_path / "a" / "old").write_text("moved")
    (tmp_path / "b" / "new").write_text("moved")
    (tmp_path / "b" / "more").write_text("more")
    assert said(tmp_path / "a", tmp_path / "b").sentence == "file `more` added; file `old` renamed `new`"
    assert said(tmp_path / "a" / "old", tmp_path / "b" / "more").sentence == "the bytes changed; 1 byte fewer"
