"""What a person accepts or changes is what they looked at; lists, revisions, and a rule that looks at nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, Refused
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.risks.listing import counts
from mlops_nb.registry.risks.reading import changes
from mlops_nb.registry.risks.saving import ChangedMeanwhile
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store

WINTER = {"hazard": "winter is not in the data", "likelihood": "likely", "severity": "major"}


def registered(name: str = "delay", c: float = 1.0) -> str:
    return ml.register(name, LogisticRegression(C=c).fit([[0.0], [1.0]], [0, 1])).ref


def accept(ref: str, seen: str = ""):
    with acting("ada", verified="key"):
        return ml.risk(ref, accept=True, reason="we watch it", seen=seen)


def test_only_what_was_looked_at_is_accepted(store: Store):
    ref = registered()
    seen = ml.risk(ref, **WINTER).seen
    with acting("bob", verified="key"):
        ml.risk(ref, hazard="strikes", likelihood="rare", severity="severe")
    with pytest.raises(ChangedMeanwhile, match="the hazards of delay/1 changed meanwhile: bob saved revision 2"):
        accept(ref, seen)
    assert ml.risk(ref).accepted is None
    assert accept(ref, ml.risk(ref).seen).accepted is not None


def test_also_of_hazards_that_were_carried_over(store: Store):
    first, second = registered(), registered(c=2)
    ml.risk(first, **WINTER)
    seen = ml.risk(second).seen
    ml.risk(first, hazard=WINTER["hazard"], residual="low")
    with pytest.raises(ChangedMeanwhile, match="the hazards of delay/2 changed meanwhile;"):
        accept(second, seen)


def test_a_hazard_that_somebody_changed_or_removed_is_not_changed_unseen(store: Store):
    ref = registered()
    (before,) = ml.risk(ref, **WINTER).hazards
    ml.risk(ref, hazard="strikes", likelihood="rare", severity="severe")
    # Another hazard is none of this one's.
    (now, _) = ml.risk(ref, hazard=before.text, mitigation="a rule", seen=before.digest).hazards
    for change in ({"hazard": before.text, "residual": "low"}, {"remove": before.text}):
        with pytest.raises(ChangedMeanwhile, match="this hazard of delay/1 changed meanwhile"):
            ml.risk(ref, **change, seen=before.digest)
    assert ml.risk(ref).hazards[0] == now
    ml.risk(ref, remove=before.text, seen=now.digest)
    with pytest.raises(ChangedMeanwhile, match="the hazards of delay/1"):
        ml.risk(ref, **WINTER, seen=now.digest)
    with pytest.raises(Refused):
        ml.risk(ref, hazard=before.text, likelihood="rare", severity="minor", seen="nonsense")


def test_what_is_left_can_follow_the_level_again(store: Store):
    ref = registered()
    assert ml.risk(ref, **WINTER, residual="low").hazards[0].residual == "low"
    assert ml.risk(ref, hazard=WINTER["hazard"], residual="").hazards[0].residual == "high"


def test_who_changed_what(store: Store):
    first = registered()
    ml.risk(first, **WINTER)
    second = registered(c=2)
    version = resolve_version(store, second)
    assert changes(store, version, 10) == ()
    with acting("bob", verified="key"):
        ml.risk(second, hazard="strikes", likelihood="rare", severity="severe")
        ml.risk(second, hazard=WINTER["hazard"], residual="low")
    accept(second)
    ml.risk(second, remove="strikes")
    found = changes(store, version, 10)
    assert [(one.added, one.changed, one.removed, one.accepted) for one in found] == [
        ((), (), ("strikes",), False),
        ((), (), (), True),
        ((), (WINTER["hazard"],), (), False),
        (("strikes",), (), (), False),
    ]
    assert (found[-1].actor, found[-1].verified) == ("person:bob", "key")
    assert changes(store, version, 2) == found[:2]


def test_lists_what_somebody_has_to_look_at_first(store: Store):
    assert (list(ml.risks()), counts(store)) == ([], (0, 0, 0))
    registered("quiet")
    for c in (1.0, 2.0, 3.0):
        ref = registered("delay", c)
    ml.risk("delay/1", **WINTER)
    accept("delay/1")
    ml.risk("delay/2", hazard=WINTER["hazard"], residual="low")
    ml.stage("delay/2", "archived", reason="old")
    ml.stage("delay/3", "production", reason="now")
    found = ml.risks()
    assert [(one.ref, one.stage, one.open) for one in found] == [
        (ref, "production", True),
        ("quiet/1", "none", True),
        ("delay/1", "none", False),
        ("delay/2", "archived", False),
    ]
    assert found[0].mark == "ungated"
    assert (counts(store), found.total) == ((4, 2, 1), 4)
    page = ml.risks(limit=3)
    assert [one.ref for one in ml.risks(limit=3, after=page.next_page)] == ["delay/2"]
    ml.trash("quiet", kind="model")
    assert len(ml.risks()) == 3
    with pytest.raises(InvalidInput):
        ml.risks(limit=101)


def test_the_cheaper_rule_that_looks_at_nothing(store: Store):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=400)})
    frame = frame.assign(late=np.where(frame.a + random.normal(size=400) > 0.7, "late", "in time"))
    ml.register("delay", LogisticRegression().fit(frame[["a"]], frame.late), example=frame[["a"]])
    ml.evaluate("delay/1", frame, target="late")
    late = int((frame.late == "late").sum())
    ml.canvas("delay", fields={"cost_false_positive": 2, "cost_false_negative": 5})
    found = ml.risk("delay/1").expected
    costs = {"in time": 5 * late, "late": 2 * (400 - late)}
    answer = min(costs, key=lambda name: costs[name])
    assert (found.answer, found.rule.value) == (answer, pytest.approx(1000 * costs[answer] / 400))
    assert found.rule.low < found.rule.value < found.rule.high
    ml.canvas("delay", fields={"cost_false_positive": 2, "cost_false_negative": 500})
    found = ml.risk("delay/1").expected
    assert (found.answer, found.rule.value) == ("late", pytest.approx(1000 * 2 * (400 - late) / 400))
    assert "always answering late would cost" in str(ml.risk("delay/1"))
