"""A canvas: what may stand in it, what of it is on record, and how it is shown."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.registry import documents
from mlops_nb.registry.documents import About
from mlops_nb.registry.framing.blocks import BLOCKS
from mlops_nb.registry.framing.model import Costs, Success
from mlops_nb.registry.framing.reading import costs, model_id, success
from mlops_nb.registry.framing.saving import fill
from mlops_nb.show import html
from mlops_nb.store.store import Store

BAD = "<img src=x onerror=alert(1)>"


def row(store: Store, name: str = "delay") -> int:
    found = model_id(store, name)
    assert found is not None
    return found


def test_a_canvas_may_come_before_any_version(store: Store):
    empty = ml.canvas("delay")
    assert (empty.filled, empty.revision, empty.feasible, model_id(store, "delay")) == (0, 0, "no", None)
    assert not store.exists
    ml.canvas("delay", fields={"owner": "Ada", "Data sources": "the tower"})
    found = ml.canvas("delay", fields={"features": "distance"})
    assert (found.filled, found.revision, found.blocks["data_sources"]) == (2, 2, "the tower")
    assert [(one.name, one.versions, one.latest) for one in ml.models()] == [("delay", 0, 0)]
    version = ml.register("delay", LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    assert (version.version, version.model_id) == (1, row(store))
    assert ml.canvas("delay").fields["owner"] == "Ada"


def test_a_name_like_another_is_pointed_at_and_nothing_is_made(store: Store):
    ml.canvas("delay", fields={"owner": "Ada"})
    assert "did you mean 'delay'?" in ml.canvas("dellay").note
    assert [one.name for one in ml.models()] == ["delay"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ower": "Ada"}, r"no field 'ower'.*did you mean 'owner'\?"),
        ({"success_target": "much"}, "success_target is 'much'; expected a number"),
        ({"success_target": float("nan")}, "success_target is nan; expected a number"),
        ({"success_target": True}, "success_target is True"),
        ({"cost_false_positive": "-3"}, "cost_false_positive is -3; expected a number that is not below 0"),
        ({"success_metric": "rock_auc"}, r"did you mean 'roc_auc'\?"),
        ({"success_metric": "mae", "task": "binary"}, "'mae' is no metric of a binary task"),
        ({"success_metric": "mae", "task": "classification"}, "'mae' is no metric of a binary task"),
        ({"success_metric": "auc", "success_target": 75}, "roc_auc is never 75; expected a target of at most 1"),
        ({"success_metric": "mae", "success_target": -1}, "mae is held against -1"),
        ({"task": "regresion"}, r"no task.*did you mean 'regression'\?"),
        ({"decisions": "x" * 10_001}, "decisions has 10,001 characters; expected at most 10,000"),
        ({"owner": "A\x1b[31m"}, "owner has a control character"),
    ],
)
def test_what_may_not_stand_there_is_refused_in_one_line_and_nothing_is_saved(store: Store, fields, said):
    ml.canvas("delay", fields={"owner": "Ada"})
    with pytest.raises(InvalidInput, match=said) as error:
        ml.canvas("delay", fields={"features": "fine", **fields})
    assert "\n" not in str(error.value)
    assert dict(ml.canvas("delay").fields) == {"owner": "Ada"}
    with pytest.raises(InvalidInput):
        ml.canvas("another", fields=fields)
    assert model_id(store, "another") is None


def test_a_later_task_that_does_not_fit_the_metric_is_refused(store: Store):
    ml.canvas("delay", fields={"success_metric": "auc", "success_target": 0.75})
    with pytest.raises(InvalidInput, match="'roc_auc' is no metric of a regression task"):
        ml.canvas("delay", fields={"task": "regression"})
    ml.canvas("delay", fields={"task": "regression", "success_metric": "rmse"})
    assert success(store, row(store)) == Success("rmse", 0.75, False)


def test_gates_and_risk_read_success_and_costs(store: Store):
    assert (success(store, 1), costs(store, 1)) == (None, None)
    ml.canvas("delay", fields={"success_metric": "auc"})
    assert (success(store, row(store)), costs(store, row(store))) == (None, None)
    ml.canvas(
        "delay", fields={"success_target": "0.75", "cost_false_negative": "5", "gain_true_negative": -1, "unit": "€"}
    )
    assert success(store, row(store)) == Success("roc_auc", 0.75, True)
    assert costs(store, row(store)) == Costs(None, 5.0, None, -1.0, None, "€")
    ml.canvas("delay", fields={"success_metric": "bias", "success_target": 0.1})
    assert success(store, row(store)) == Success("bias", 0.1, False, signed=True)


def test_an_empty_value_takes_a_field_away_and_the_same_again_is_no_revision(store: Store):
    ml.canvas("delay", fields={"owner": "Ada", "unit": "EUR"})
    assert ml.canvas("delay", fields={"owner": "Ada"}).revision == 1
    found = ml.canvas("delay", fields={"owner": ""})
    assert (dict(found.fields), found.revision) == ({"unit": "EUR"}, 2)
    history = documents.history(store, About("canvas", row(store)))
    assert [one.body["fields"].get("owner") for one in history] == [None, "Ada"]


def test_no_personal_data_is_in_the_audit_log(store: Store):
    ml.canvas("delay", fields={"owner": "Ada Lovelace", "contact": "ada@example.org"})
    ml.decide("delay", "who", option=["Ada Lovelace", "Bob"], choice="Bob", reason="Ada Lovelace is ill")
    rows = "\n".join(str(one) for one in store.query("SELECT * FROM audit"))
    assert "Lovelace" not in rows
    assert "example.org" not in rows
    assert [one.action for one in ml.audit("delay")] == ["canvas", "canvas", "add model"]
    assert ml.audit("delay")[0].why == "Ada Lovelace is ill"
    assert store.verify_audit().fault == ""


def test_of_two_who_save_at_the_same_moment_one_is_told(store: Store, monkeypatch):
    ml.canvas("delay", fields={"owner": "Ada"})
    before = documents.latest

    def meanwhile(at: Store, about: About):
        found = before(at, about)
        monkeypatch.undo()
        fill(at, "delay", {"contact": "4711"})
        return found

    monkeypatch.setattr(documents, "latest", meanwhile)
    with pytest.raises(Refused, match="somebody else saved this canvas at the same moment"):
        ml.canvas("delay", fields={"owner": "Bob"})
    assert dict(ml.canvas("delay").fields) == {"owner": "Ada", "contact": "4711"}


def test_a_model_in_the_trash_has_no_canvas_to_fill(store: Store):
    ml.canvas("delay", fields={"owner": "Ada"})
    ml.trash("delay", kind="model")
    for fields in (None, {"owner": "Bob"}):
        with pytest.raises(Refused, match="in the trash; try: %restore delay"):
            ml.canvas("delay", fields=fields)
    ml.restore("delay", kind="model")
    assert ml.canvas("delay").fields["owner"] == "Ada"


def test_decisions_are_added_with_their_runs(store: Store):
    with ml.track("try") as run:
        ml.log_metric("auc", 0.8)
    told = {"option": ["trees", "linear"], "choice": "trees", "reason": "0.8 against 0.7", "run": "last"}
    ml.decide("delay", "the kind of model", **told)
    found = ml.decide("delay", "how often", option=["daily", "weekly"], choice="weekly", reason="enough")
    assert [one.title for one in found.design] == ["how often", "the kind of model"]
    first = found.design[1]
    assert (first.options, first.choice, first.runs) == (("trees", "linear"), "trees", (run.id,))
    ml.canvas("delay", fields={"owner": "Ada"})
    assert len(ml.canvas("delay").design) == 2
    assert "the kind of model → trees" in str(found)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"option": ["trees"]}, InvalidInput, "1 options; expected 2 to 20, all different"),
        ({"option": ["trees", "trees"]}, InvalidInput, "2 options; expected 2 to 20, all different"),
        ({"choice": "tree"}, InvalidInput, r"'tree' is none of the options.*did you mean 'trees'\?"),
        ({"reason": " "}, InvalidInput, "a reason is needed"),
        ({"reason": "x" * 1_000_000}, InvalidInput, "1,000,000 characters; expected at most 10,000"),
        ({"run": ["01ZZZZZZZZ"]}, NotFound, "no run '01ZZZZZZZZ'"),
    ],
)
def test_a_decision_needs_options_a_choice_and_a_reason(store: Store, changed, error, said):
    told = {"option": ["trees", "linear"], "choice": "trees", "reason": "better"}
    with pytest.raises(error, match=said):
        ml.decide("delay", "the kind", **(told | changed))
    assert model_id(store, "delay") is None


def test_it_is_shown_with_its_origin_and_without_anybodys_tags(store: Store):
    found = ml.canvas("delay", fields={one.name: BAD for one in BLOCKS} | {"owner": BAD})
    found = ml.decide("delay", BAD, option=[BAD, "b"], choice=BAD, reason=BAD)
    shown = html(found)
    assert "<img" not in shown
    assert "&lt;img" in shown
    for text in (shown, str(found)):
        assert "Machine Learning Canvas v1.1 by OWNML, CC BY-SA 4.0" in text
        assert "https://www.ownml.co" in text
    assert "10/10 blocks" in shown


def test_fields_are_completed(store: Store):
    from mlops_nb.references import complete

    assert complete(store, "canvas field", "success_m") == ["success_metric="]
    assert complete(store, "canvas field", "success_metric=ro") == [
        "success_metric=roc_auc",
        "success_metric=roc_auc_ovr",
    ]
    assert complete(store, "canvas field", "task=r") == ["task=regression"]
    assert complete(store, "canvas field", "owner=") == []


def test_processes_that_save_at_once_lose_nothing_that_they_were_told_is_saved(store: Store):
    ml.canvas("delay", fields={"owner": "Ada"})
    code = """
import sys, mlops_nb as ml
from mlops_nb.errors import Refused
ml.store(sys.argv[1])
saved = 0
for i in range(10):
    try:
        ml.canvas("delay", fields={sys.argv[2]: f"{i}"})
        saved = i + 1
    except Refused as error:
        assert "same moment" in str(error)
print(saved)
"""
    blocks = ("features", "monitoring", "decisions")
    command = [sys.executable, "-c", code, str(store.folder)]
    started = [subprocess.Popen([*command, one], stdout=subprocess.PIPE, text=True) for one in blocks]
    counts = [int(process.communicate(timeout=120)[0]) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    found = ml.canvas("delay")
    assert sum(counts) > 0
    for block, count in zip(blocks, counts, strict=True):
        assert found.blocks[block] == (str(count - 1) if count else "")
