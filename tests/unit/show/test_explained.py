"""Explanations and fairness as people see them: a sentence, a picture with its twin, and what must be known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_nb.registry.explaining.model import Correlated, Explained, Explanation, Importance, ShapMean, ShapValues
from mlops_nb.registry.fairness.model import Fairness, Group, Grouped, GroupMetric, Judging, Measure, Parity
from mlops_nb.results import Results
from mlops_nb.show import html, json_document, text

DATA = "fp1b:8d5039cb31a4156d18408594b4128a6f"
ACTED = ("d" * 64, "person:ada", "key", 1_700_000_000_000_000)
IMPORTANCES = (Importance(("delay",), 0.2, 0.18, 0.22), Importance(("hour",), -0.001, -0.004, 0.002))
TOGETHER = Importance(("delay", "taxi"), 0.25, 0.24, 0.26)
SHAP = ShapValues((ShapMean("delay", 1.5), ShapMean("hour", 0.1)), 500, "log-odds")
EXPLANATION = Explanation(
    "01M89K5VHXG82TCEARJYQYMF8P",
    "flights",
    3,
    DATA,
    "01M89K5VHXG82TCEARJYQYMF8Q",
    Explained(
        "e" * 64,
        "roc_auc",
        True,
        0.87,
        500,
        2000,
        10,
        1,
        IMPORTANCES,
        (Correlated(0.93, "Spearman", TOGETHER),),
        ("tail",),
        SHAP,
    ),
    *ACTED,
)


def measure(verdict: str = "pass") -> Measure:
    return Measure(
        "demographic_parity_ratio", 0.9, 0.85, 0.95, 900, 0.8, None, verdict, "0.9, at least 0.8", ("UA", "DL")
    )  # type: ignore[arg-type]


def fairness(verdict: str = "pass") -> Fairness:
    rate = GroupMetric("selection_rate", 0.3, 0.25, 0.35, 500)
    groups = (
        Group("UA", 500, 0.5, (rate,)),
        Group("HA", 12, 0.01, (replace(rate, value=None, low=None, high=None),), "12 rows, at least 30 are needed"),
        Group("OO", 3, 0.003, (rate,), left_out=True),
    )
    grouped = Grouped("carrier", 900, 2000, groups, (measure(verdict),), 4)
    found = Parity("e" * 64, "binary", "late", Judging(), 1, (grouped,))
    return Fairness("01M89K5VHXG82TCEARJYQYMF8P", "flights", 3, DATA, "01M89K5VHXG82TCEARJYQYMF8Q", found, *ACTED)


def test_an_explanation_reads():
    said = text(EXPLANATION)
    assert said.splitlines()[:2] == [
        "what flights/3 rests on",
        "roc_auc (0.8700) gets worse most without delay (by 0.2000): "
        "each input dealt out anew 10 times among 500 of 2,000 rows.",
    ]
    assert "delay + taxi go together (Spearman 0.93)" in said
    assert "All at once: worse by 0.2500 [0.2400, 0.2600]." in said
    assert "Whether tail go together with others can't be said" in said
    assert "Mean |SHAP| is of 500 rows, in log-odds." in said
    assert "1.5000" in said


def test_an_explanation_without_shap_says_why_and_one_that_found_nothing_says_so():
    findings = replace(EXPLANATION.findings, shap=ShapValues(why="shap is not installed"), importances=IMPORTANCES[1:])
    said = text(replace(EXPLANATION, findings=findings, existed=True))
    assert "No SHAP values: shap is not installed." in said
    assert "mean |SHAP|" not in said
    assert "No input was found that roc_auc (0.8700) rests on" in said
    assert "(on record already)" in said


def test_the_picture_has_its_words_and_its_twin():
    page = html(EXPLANATION)
    assert 'role="img" aria-label="roc_auc (0.8700) gets worse most without delay' in page
    assert "<table" in page
    assert "<script" not in page
    page = html(fairness())
    assert 'aria-label="selection rate of each group by carrier, with 95 % intervals"' in page
    assert page.count("<table") == 2


@pytest.mark.parametrize("verdict", ["pass", "fail", "insufficient"])
def test_fairness_reads(verdict: str):
    said = text(fairness(verdict))
    assert said.startswith({"pass": "✓ pass", "fail": "✗ fail", "insufficient": "? insufficient"}[verdict])
    assert "how flights/3 treats groups, on 8d5039cb, 'late' counts as selected" in said
    assert f"demographic parity ratio {verdict}; 1 of 7 groups can be judged, by 900 of 2,000 rows." in said
    assert "insufficient: 12 rows, at least 30 are needed" in said
    assert "Named and not judged, for their small share: OO." in said
    assert "4 smaller groups were not looked at." in said
    assert "Only the rows that the evaluation kept have this column" in said


def test_lists_and_json():
    assert "delay, hour" in text(Results([EXPLANATION]))
    assert "? insufficient" in text(Results([fairness("insufficient")]))
    assert '"together"' in json_document(EXPLANATION)
    assert '"verdict": "pass"' in json_document(fairness())
