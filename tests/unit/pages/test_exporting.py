"""What leaves a page as a file."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from mlops_nb.pages import exporting


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula_to_a_spreadsheet(text):
    made = io.StringIO(exporting.csv(pd.DataFrame({"note": [text, "fine"], text: ["a", "b"]})), newline="")
    rows = list(csv.reader(made))
    assert rows[0] == ["note", "'" + text]
    assert rows[1][0] == "'" + text
    assert rows[2][0] == "fine"


def test_numbers_stay_numbers():
    made = exporting.csv(pd.DataFrame({"loss": [-0.5, float("nan")], "n": [-3, 4]}))
    assert made.splitlines() == ["loss,n", "-0.5,-3", ",4"]


def test_the_caller_keeps_its_frame():
    frame = pd.DataFrame({"note": ["=1"]})
    exporting.csv(frame)
    assert frame.note[0] == "=1"


def test_a_document_needs_nothing_else():
    made = exporting.document("<Runs> & more", ["<h1>Runs</h1>", ""], "Europe/Berlin")
    assert made.startswith("<!DOCTYPE html>")
    assert "&lt;Runs&gt; &amp; more</title>" in made
    assert "<script" not in made
    assert "http" not in made
    assert "(Europe/Berlin)" in made
    assert made.count("<h1>") == 1
    # Both looks are there, without an attribute that a script would have to set.
    assert "@media (prefers-color-scheme: dark)" in made
    assert "data-theme" not in made.partition("</style>")[0]
