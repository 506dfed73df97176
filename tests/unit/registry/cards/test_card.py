"""The model card: what the machine knows, what people say, and what it looks like as a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.store.store import Store

NEEDED = ("intended_use", "out_of_scope", "limits", "ethics", "owner", "contact")
HOSTILE = "<script>alert(1)</script> | *bold* [x](javascript:y)\nline"


@pytest.fixture
def judged(store: Store) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=600), "b": random.normal(size=600)})
    frame["late"] = (frame.a + random.normal(size=600) > 0).astype(int)
    for strength in (1, 2):
        with ml.track("e"):
            model = LogisticRegression(C=strength).fit(frame[["a", "b"]][:300], frame.late[:300])
        ml.register("m", model)
    ml.evaluate("m/1", frame[300:])
    return frame


def _facts(ref: str) -> dict[str, str]:
    return {f"{one.section}.{one.name}": one.value for one in ml.card(ref).facts}


def test_what_the_machine_knows_is_filled_by_the_machine(judged: pd.DataFrame):
    facts = _facts("m/1")
    assert facts["Model.takes"] == "a, b"
    assert "300 rows × 2" in facts["Training.data"]
    assert "roc_auc 0." in facts["Evaluation.metrics"]
    assert facts["Evaluation.data"].endswith(", 300 rows")
    assert facts["Governance.stage"] == "none"
    # Nobody framed, explained, compared, gated, approved or named hazards; it was evaluated without groups.
    empty = {name for name, value in facts.items() if not value}
    assert empty == {
        "Evaluation.success metric",
        "Evaluation.groups",
        "Explanation.rests on",
        "Explanation.inputs that go together",
        "Explanation.mean |SHAP|",
        "Fairness.by group",
        "Governance.policy",
        "Governance.gates",
        "Governance.approved by",
        "Governance.hazards",
    } | {name for name in ("Training.code",) if not facts[name]}
    known, facts_ = ml.card("m/1").machine
    assert (known, facts_) == (len(facts) - len(empty), len(facts))


def test_what_is_found_later_shows(judged: pd.DataFrame):
    ml.canvas("m", fields={"success_metric": "auc", "success_target": 0.6, "owner": "Ada"})
    ml.risk("m/1", hazard="winter", likelihood="likely", severity="minor")
    ml.gates.define("m", "production", "metric auc >= 0.6")
    ml.evaluate("m/1", judged[300:].assign(g="x"), target="late", slices=["g"])
    ml.stage("m/1", "staging", reason="a try")
    ml.stage("m/1", "production", reason="good")
    facts = _facts("m/1")
    assert facts["Evaluation.success metric"].endswith("(target ≥ 0.6)")
    assert facts["Evaluation.groups"] == "g"
    assert facts["Governance.policy"] == "metric auc >= 0.6"
    assert facts["Governance.gates"].startswith("pass: 4 of 4 gates pass")
    assert facts["Governance.hazards"].startswith("winter (medium remains): ")
    assert facts["Governance.stage"].startswith("production since ")
    owner = next(one for one in ml.card("m/1").words if one.name == "owner")
    assert (owner.text, owner.origin) == ("Ada", "canvas")


def test_people_say_the_rest_and_it_is_scored_apart(judged: pd.DataFrame):
    assert ml.card("m/1").missing == NEEDED
    card = ml.card("m/1", words={"Intended use": "sorting", "limits": "no winter"})
    assert card.human == (2, 6)
    assert card.machine == ml.card("m/2").machine or card.machine[0] > ml.card("m/2").machine[0]
    assert ml.card("m/1", words={"limits": ""}).missing == NEEDED[1:]
    assert ml.card("m/1").revision == 2


def test_words_are_carried_over_and_count_when_confirmed(judged: pd.DataFrame):
    ml.card("m/1", words=dict.fromkeys(NEEDED, "said"))
    later = ml.card("m/2")
    assert {one.carried for one in later.words if one.text} == {1}
    assert later.human == (0, 6)
    assert ml.card("m/2", confirm=True, words={"limits": "other"}).human == (6, 6)
    assert next(one.text for one in ml.card("m/2").words if one.name == "limits") == "other"
    assert next(one.text for one in ml.card("m/1").words if one.name == "limits") == "said"


def test_the_gate_waits_for_people(judged: pd.DataFrame):
    ml.gates.define("m", "production", "card")

    def said(ref: str) -> tuple[str, str, str]:
        found = next(one for one in ml.gates.run(ref).results if one.gate == "card")
        return found.verdict, found.says, found.fix

    verdict, says, fix = said("m/1")
    assert (verdict, fix) == ("insufficient", "%card m/1 --set intended_use=…")
    assert says == f"0 of 6 words were said; missing: {', '.join(NEEDED)}"
    ml.card("m/1", words=dict.fromkeys(NEEDED, "said"))
    assert said("m/1")[:2] == ("pass", "all 6 words were said")
    assert said("m/2")[2] == "%card m/2 --confirm"


def test_hostile_words_are_text_everywhere(judged: pd.DataFrame, tmp_path: Path):
    card = ml.card("m/1", words={"limits": HOSTILE, "license": 'x"\ny: z'})
    html = card.document()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    text = card.markdown()
    assert "\\<script\\>" in text
    assert "\\[x\\](javascript:y)<br>line" in text
    front = text.split("---")[1]
    assert 'license: "x\\"\\ny: z"' in front


def test_files(judged: pd.DataFrame, tmp_path: Path):
    ml.card("m/1", out=str(tmp_path / "card.html"))
    page = (tmp_path / "card.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    ml.card("m/1", out=str(tmp_path / "card.md"))
    text = (tmp_path / "card.md").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("- {"))
    result = json.loads(line[2:])["results"][0]
    assert result["task"] == {"type": "tabular-classification"}
    assert {one["type"] for one in result["metrics"]} >= {"roc_auc", "accuracy"}
    assert all(isinstance(one["value"], float) for one in result["metrics"])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: ml.card("m/9"), NotFound, "no version 9"),
        (lambda: ml.card("m/1", words={"limit": "x"}), InvalidInput, "did you mean 'limits'?"),
        (lambda: ml.card("m/1", words={"limits": "x" * 10_001}), InvalidInput, "10,001 characters"),
        (lambda: ml.card("m/1", words={"limits": "a\x1bb"}), InvalidInput, r"U\+001B"),
        (lambda: ml.card("m/1", confirm=True), InvalidInput, "nothing of m/1 was carried over"),
        (lambda: ml.card("m/1", out="card.pdf"), InvalidInput, "ends in .html or .md"),
        (lambda: ml.card("m/1", out="nowhere/card.md"), InvalidInput, "no folder 'nowhere'"),
    ],
)
def test_refusals_leave_nothing(judged: pd.DataFrame, call, error, says):
    with pytest.raises(error, match=says):
        call()
    assert ml.card("m/1").revision == 0


def test_how_it_reads(judged: pd.DataFrame):
    shown = repr(ml.card("m/1", words={"limits": "no winter"}))
    assert "card of m/1" in shown
    assert "1 of 6 by people; missing: intended_use" in shown
    assert "not known; try: %gates define m production --usual" in shown
