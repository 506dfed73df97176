"""Hazards: named, changed, carried over, accepted by a person, and void after any change."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.risks.model import LIKELIHOODS, SEVERITIES, TABLE, level
from mlops_nb.registry.risks.reading import accepted
from mlops_nb.show import html
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store

WINTER = {"hazard": "winter is not in the data", "likelihood": "likely", "severity": "major"}
BAD = "<script>alert(1)</script>"


@pytest.fixture
def version(store: Store) -> str:
    return registered(1)


def registered(c: float) -> str:
    return ml.register("delay", LogisticRegression(C=c).fit([[0.0], [1.0]], [0, 1])).ref


def says(store: Store, ref: str) -> tuple[str, str, str]:
    return accepted(store, resolve_version(store, ref))


def accept(ref: str, reason: str = "we watch it"):
    with acting("ada", verified="basic auth"):
        return ml.risk(ref, accept=True, reason=reason)


def test_the_level_is_in_the_table_and_never_falls_with_what_is_worse():
    order = ("low", "medium", "high")
    for likelihood in LIKELIHOODS:
        row = [order.index(level(likelihood, severity)) for severity in SEVERITIES]
        assert row == sorted(row)
    for i in range(len(SEVERITIES)):
        column = [order.index(TABLE[likelihood][i]) for likelihood in LIKELIHOODS]
        assert column == sorted(column)
    assert (level("rare", "minor"), level("likely", "severe")) == ("low", "high")


def test_looking_writes_nothing(store: Store, version: str):
    found = ml.risk(version)
    assert (found.hazards, found.accepted, found.void, found.revision, found.residual) == ((), None, False, 0, None)
    assert store.query("SELECT count(*) FROM document") == [(0,)]
    assert says(store, version) == ("insufficient", "no hazard was named", "")


def test_a_hazard_is_named_and_the_same_words_change_it(store: Store, version: str):
    (one,) = ml.risk(version, **WINTER).hazards
    assert (one.level, one.residual, one.mitigation, one.carried) == ("high", "high", "", 0)
    (one,) = ml.risk(version, hazard="winter  is not in the data", severity="minor").hazards
    assert (one.likelihood, one.level, one.residual) == ("likely", "medium", "medium")
    (one,) = ml.risk(version, hazard=WINTER["hazard"], mitigation="a rule in snow", residual="low").hazards
    assert (one.level, one.residual, one.mitigation) == ("medium", "low", "a rule in snow")
    assert len(ml.risk(version, hazard="strikes", likelihood="rare", severity="major").hazards) == 2
    (one,) = ml.risk(version, remove=WINTER["hazard"]).hazards
    assert one.text == "strikes"
    assert [row.action for row in ml.audit(version)][:5] == ["risk"] * 5
    assert "winter" not in str(store.query("SELECT * FROM audit"))


def test_accepted_by_a_person_and_void_after_any_change(store: Store, version: str):
    ml.risk(version, **WINTER)
    assert says(store, version)[:2] == ("fail", "a high risk remains in 1 of 1 hazard, and nobody accepted")
    found = accept(version)
    assert found.accepted is not None
    assert (found.accepted.actor, found.accepted.verified, found.accepted.reason) == (
        "person:ada",
        "basic auth",
        "we watch it",
    )
    assert says(store, version) == ("pass", "1 hazard, accepted by ada", found.digest)
    assert ml.risk(version, **WINTER).accepted is not None  # nothing changed
    ml.risk(version, hazard=WINTER["hazard"], residual="low")
    assert says(store, version)[:2] == ("insufficient", "1 hazard, and the hazards changed since they were accepted")
    assert (ml.risk(version).accepted, ml.risk(version).void) == (None, True)
    ml.risk(version, hazard=WINTER["hazard"], residual="high")
    assert (ml.risk(version).accepted, ml.risk(version).void) == (None, True)  # back as it was: still void
    accept(version)
    ml.risk(version, remove=WINTER["hazard"])
    assert says(store, version)[0] == "insufficient"
    with acting("ada", verified="basic auth"), pytest.raises(Refused, match="has no hazard to accept"):
        ml.risk(version, accept=True, reason="none")


def test_only_a_checked_name_accepts(store: Store, version: str):
    ml.risk(version, **WINTER)
    with pytest.raises(Refused, match="accepting a risk needs a name that was checked"):
        ml.risk(version, accept=True, reason="fine")
    with acting("job:nightly", verified="key"), pytest.raises(Refused, match="accepting a risk"):
        ml.risk(version, accept=True, reason="fine")
    with acting("ada", verified="key"), pytest.raises(InvalidInput, match="a reason is needed"):
        ml.risk(version, accept=True)
    with pytest.raises(Refused, match="the key that was given is nobody's"):
        ml.risk(version, accept=True, reason="fine", key="guessed")
    assert ml.risk(version).accepted is None
    ml.people.add("ada", no_password=True)
    secret = ml.people.key("ada").secret
    assert ml.risk(version, accept=True, reason="fine", key=secret).accepted.verified == "key"


def test_a_new_version_begins_with_the_hazards_of_the_one_before_and_nobody_accepts_them(store: Store, version: str):
    ml.risk(version, **WINTER, mitigation="a rule")
    accept(version)
    second = registered(2)
    found = ml.risk(second)
    assert [(one.text, one.mitigation, one.carried) for one in found.hazards] == [(WINTER["hazard"], "a rule", 1)]
    assert (found.accepted, found.void, found.revision) == (None, False, 0)
    assert says(store, second)[:2] == ("fail", "a high risk remains in 1 of 1 hazard, and nobody accepted")
    assert "carried over from delay/1" in str(found)
    third = registered(3)
    assert ml.risk(third).hazards[0].carried == 1
    ml.risk(second, hazard="strikes", likelihood="rare", severity="minor")
    assert [one.carried for one in ml.risk(second).hazards] == [1, 0]
    assert [one.carried for one in ml.risk(third).hazards] == [2, 2]
    # What was looked at anew for this version is its own.
    changed = ml.risk(third, hazard=WINTER["hazard"], residual="low").hazards
    assert [(one.residual, one.carried) for one in changed] == [("low", 0), ("low", 2)]
    assert accept(third).accepted is not None
    assert [len(ml.risk(ref).hazards) for ref in (version, second, third)] == [1, 2, 2]
    assert ml.risk(version).accepted is not None


@pytest.mark.parametrize(
    ("said", "error", "match"),
    [
        ({"hazard": "new"}, InvalidInput, "a new hazard needs its likelihood and severity; try: --likelihood possible"),
        ({"hazard": "new", "likelihood": "rare"}, InvalidInput, "needs its severity; try: --severity moderate"),
        ({**WINTER, "likelihood": "offen"}, InvalidInput, "'offen' is no likelihood; expected one of rare, possible"),
        ({**WINTER, "severity": "mayor"}, InvalidInput, r"no severity.*did you mean 'major'\?"),
        ({**WINTER, "mitigation": "x" * 10_001}, InvalidInput, "the mitigation has 10,001 characters"),
        ({**WINTER, "hazard": "x" * 201}, InvalidInput, "the hazard has 201 characters; expected at most 200"),
        ({**WINTER, "hazard": "a\u202eb"}, InvalidInput, "the hazard has a control character"),
        ({"remove": "wintre"}, NotFound, "has no hazard 'wintre'"),
        ({"remove": "a", "hazard": "b"}, InvalidInput, "several changes at once"),
        ({"severity": "minor"}, InvalidInput, "--severity of no hazard"),
        ({"reason": "fine"}, InvalidInput, "no --accept"),
    ],
)
def test_what_is_refused_leaves_nothing(store: Store, version: str, said, error, match):
    with pytest.raises(error, match=match):
        ml.risk(version, **said)
    assert store.query("SELECT count(*) FROM document") == [(0,)]


def test_the_gate_lets_in_only_what_was_accepted(store: Store, version: str):
    ml.gates.define("delay", "staging", "risk")
    assert asked(version) == ("insufficient", "no hazard was named")
    ml.risk(version, **WINTER)
    assert asked(version)[0] == "fail"
    found = accept(version)
    assert asked(version) == ("pass", "1 hazard, accepted by ada")
    (result,) = [one for one in ml.gates.run(version, "staging").results if one.gate == "risk"]
    assert result.digest == found.digest
    assert asked(registered(2))[0] == "fail"


def asked(ref: str) -> tuple[str, str]:
    (found,) = [one for one in ml.gates.run(ref, "staging").results if one.gate == "risk"]
    return found.verdict, found.says


def test_it_is_shown_with_the_table_and_without_anybodys_tags(store: Store, version: str):
    found = ml.risk(version, hazard=BAD, likelihood="rare", severity="minor", mitigation=BAD)
    ml.canvas("delay", fields={"unit": BAD, "cost_false_positive": 1})
    shown = html(found)
    assert "<script" not in shown
    assert "&lt;script" in shown
    for severity in SEVERITIES:
        assert severity in shown
    assert "cannot be said" in str(found)
