"""People decide: who may, whose word counts, and for how long."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.store.actor import acting, user
from mlops_nb.store.store import Store

from .making import KEY, People, audit, define, one, rows, version


@pytest.fixture
def by_ada(people: People) -> People:
    """m/1 of Ada, registered with her key; production asks for an approval."""
    people.be("ada")
    version()
    define("approval")
    return people


def approve(people: People, name: str, ref: str = "m/1", **more: str) -> object:
    people.be(name)
    return ml.approve(ref, reason=more.pop("reason", "looks right"), **more)


def test_another_approver_opens_it(by_ada: People, store: Store):
    found = one("m/1", "approval")
    assert (found.verdict, found.says, found.fix) == (
        "insufficient",
        "0 of 1 approvals",
        "%approve m/1 --stage production --reason …",
    )
    said = approve(by_ada, "grace")
    assert (said.actor, said.verified, said.verdict, said.reason) == ("person:grace", "key", "approve", "looks right")
    assert one("m/1", "approval").verdict == "pass"
    action, about = audit(store)[-2]
    assert (action, about["stage"]) == ("approve", "production")
    assert "looks right" not in str(audit(store))
    ml.stage("m/1", "staging", reason="x")
    assert ml.stage("m/1", "production", reason="x").how == "gated"


def test_the_author_does_not(by_ada: People):
    with pytest.raises(Refused, match="ada can't decide about m/1: who registered it does not approve it"):
        approve(by_ada, "ada")
    with pytest.raises(Refused, match="does not approve it"):
        ml.approve("m/1", reason="x", key=by_ada.secrets["ada"])
    assert one("m/1", "approval").verdict == "insufficient"


def test_nobody_whose_name_was_not_checked_does(by_ada: People, monkeypatch: pytest.MonkeyPatch):
    by_ada.be()
    with pytest.raises(Refused, match="needs a name that was checked"):
        ml.approve("m/1", reason="x")
    monkeypatch.setenv("MLOPS_NB_ACTOR", "person:grace")
    with pytest.raises(Refused, match="needs a name that was checked"):
        ml.approve("m/1", reason="x")
    monkeypatch.setenv(KEY, "mlops-nb-nonsense")
    with pytest.raises(Refused, match="needs a name that was checked") as said:
        ml.approve("m/1", reason="x")
    assert "nonsense" not in str(said.value)
    with pytest.raises(Refused, match="the key that was given is nobody's"):
        ml.approve("m/1", reason="x", key="nonsense")
    with acting("job:nightly", "key"), pytest.raises(Refused, match="needs a name that was checked"):
        ml.approve("m/1", reason="x")


def test_who_is_no_approver_does_not_and_who_was_one_does_not_count(by_ada: People):
    by_ada.add("eve", "editor")
    with pytest.raises(Refused, match="eve is no approver of this project"):
        approve(by_ada, "eve")
    approve(by_ada, "grace")
    assert one("m/1", "approval").verdict == "pass"
    ml.people.add("grace", role="editor")
    found = one("m/1", "approval")
    assert (found.verdict, "grace is no approver" in found.says) == ("insufficient", True)
    ml.people.add("grace", role="approver")
    assert one("m/1", "approval").verdict == "pass"
    ml.people.remove("grace")
    assert one("m/1", "approval").verdict == "insufficient"


def test_an_author_who_is_only_the_systems_word_can_not_be_told_from_anybody(people: People):
    version()
    define("approval")
    found = one("m/1", "approval")
    assert (found.verdict, "only the system's word" in found.says) == ("insufficient", True)
    assert found.fix == f"mlops-nb people add NAME --system {user()}, or register with a key"
    with pytest.raises(Refused, match=f"{user()} of this system registered it, and approves under another name"):
        approve(people, "grace")
    with acting("grace", "basic auth"):  # on the dashboard: no process of the author's
        ml.approve("m/1", reason="x")
    assert one("m/1", "approval").verdict == "insufficient"
    ml.people.add("ada", system=(user(),))
    assert one("m/1", "approval").verdict == "pass"
    with acting("ada", "basic auth"), pytest.raises(Refused, match="who registered it"):
        ml.approve("m/1", reason="x")


def test_a_name_from_the_environment_hides_no_author(people: People, monkeypatch: pytest.MonkeyPatch):
    for i, name in enumerate(("person:zoe", "job:nightly", "service:x", "gate:y", "person:"), 1):
        people.be()
        monkeypatch.setenv("MLOPS_NB_ACTOR", name)
        version(c=i)
        define("approval", f"approval count={i + 1}")
        people.be()
        with acting("ada", "basic auth"):
            ml.approve(f"m/{i}", reason="I made it myself")
        found = one(f"m/{i}", "approval")
        assert found.verdict == "insufficient", name
        assert "only" in found.says


def test_neither_does_the_name_of_a_user_of_the_system_who_is_somebody_else(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    ml.people.add("linus", system=("linus",))
    ml.people.add("ada", system=(user(),))
    for i, name in enumerate(("person:linus", "person:ada", "job:nightly"), 1):
        people.be()
        monkeypatch.setenv("MLOPS_NB_ACTOR", name)
        version(c=i)
        people.be()
        define("approval", f"approval count={i + 1}")
        with acting("ada", "basic auth"), pytest.raises(Refused, match="who registered it does not approve it"):
            ml.approve(f"m/{i}", reason="I made it myself")
        assert one(f"m/{i}", "approval").verdict == "insufficient"
        with acting("grace", "basic auth"):
            ml.approve(f"m/{i}", reason="she made it, I looked")
        assert one(f"m/{i}", "approval").verdict == "pass"


def test_of_a_version_from_before_the_systems_user_was_kept_a_name_is_only_that(people: People, store: Store):
    ml.people.add("ada", system=(user(),))
    version()
    define("approval")
    for actor, system in ((f"person:{user()}", True), ("job:nightly", False), ("person:zoe", False)):
        sql = "UPDATE version SET system = '', actor = ?"
        store.change(lambda c, actor=actor: c.execute(sql, (actor,)), "as before", "x")  # noqa: B023
        with acting("grace", "basic auth"):
            ml.approve("m/1", reason="x")
        assert (one("m/1", "approval").verdict == "pass") == system


def test_two_are_two_people(by_ada: People):
    define("approval count=2")
    approve(by_ada, "grace")
    approve(by_ada, "grace", reason="again")
    found = one("m/1", "approval")
    assert (found.verdict, found.says, found.value) == ("insufficient", "1 of 2 approvals", 1)
    approve(by_ada, "linus")
    assert (one("m/1", "approval").verdict, one("m/1", "approval").n) == ("pass", 2)


def test_only_those_who_are_asked(by_ada: People):
    define("approval by=linus")
    with pytest.raises(Refused, match="the policy asks for linus"):
        approve(by_ada, "grace")
    define("approval by=linus", "approval by=grace")
    approve(by_ada, "grace")
    assert ml.gates.run("m/1").results[-1].verdict == "pass"
    assert one("m/1", "approval by=linus").verdict == "insufficient"
    approve(by_ada, "linus")
    assert ml.gates.run("m/1").verdict == "pass"
    define("approval by=ada")
    assert one("m/1", "approval").verdict == "insufficient"


def test_a_no_closes_until_the_same_person_says_yes(by_ada: People):
    approve(by_ada, "linus")
    by_ada.be("grace")
    ml.reject("m/1", reason="not yet")
    found = one("m/1", "approval")
    assert (found.verdict, found.says) == ("fail", "grace rejected it")
    approve(by_ada, "linus")
    assert one("m/1", "approval").verdict == "fail"
    approve(by_ada, "grace")
    assert one("m/1", "approval").verdict == "pass"


def test_a_yes_is_to_what_was_seen(by_ada: People):
    approve(by_ada, "grace")
    ml.evaluate("m/1", rows(), target="late")
    found = one("m/1", "approval")
    assert (found.verdict, "it was evaluated again since" in found.says) == ("insufficient", True)
    assert approve(by_ada, "grace").evaluation == ml.evaluations("m/1")[0].id
    assert one("m/1", "approval").verdict == "pass"


def test_a_yes_is_for_one_stage_of_one_version(by_ada: People):
    define("approval", stage="staging")
    approve(by_ada, "grace", stage="staging")
    assert one("m/1", "approval", "staging").verdict == "pass"
    assert one("m/1", "approval").verdict == "insufficient"
    by_ada.be("ada")
    version(c=2)
    assert one("m/2", "approval", "staging").verdict == "insufficient"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1_000_000])
def test_it_needs_a_reason_of_a_size(by_ada: People, reason: str, store: Store):
    before = store.query("SELECT count(*) FROM audit")
    with pytest.raises(InvalidInput):
        approve(by_ada, "grace", reason=reason)
    with pytest.raises(InvalidInput):
        ml.reject("m/1", reason=reason)
    assert store.query("SELECT count(*) FROM audit") == before


def test_refusals(by_ada: People):
    by_ada.be("grace")
    with pytest.raises(NotFound, match="has no version 9"):
        ml.approve("m/9", reason="x")
    with pytest.raises(InvalidInput, match="there is no stage 'prod'"):
        ml.approve("m/1", stage="prod", reason="x")
    with pytest.raises(InvalidInput, match="nobody is asked before archived"):
        ml.approve("m/1", stage="archived", reason="x")


def test_what_waits_for_whom(by_ada: People):
    assert len(ml.review(all=True)) == 0  # nobody asked for the stage yet
    ml.evaluate("m/1", rows(), target="late")
    define("approval by=grace", "metric auc >= 0.99")
    ml.gates.run("m/1")
    by_ada.be("grace")
    (mine,) = ml.review()
    assert (mine.ref, mine.stage, mine.mine, mine.others, mine.author) == (
        "m/1",
        "production",
        True,
        "fail",
        "person:ada",
    )
    for name, why in (("linus", "the policy asks for grace"), ("ada", "who registered it does not approve it")):
        by_ada.be(name)
        assert len(ml.review()) == 0
        assert [one.why for one in ml.review(all=True)] == [why]
    by_ada.be()
    assert [one.why for one in ml.review(all=True)] == ["sign in, or set MLOPS_NB_KEY"]
    approve(by_ada, "grace")
    assert len(ml.review()) == 0
    ml.gates.run("m/1")
    assert len(ml.review(all=True)) == 0


def test_a_no_waits_for_nobody_and_neither_does_what_stands_there(by_ada: People):
    ml.gates.run("m/1")
    ml.stage("m/1", "staging", reason="x")
    ml.stage("m/1", "production", reason="x", override=True)
    assert len(ml.review(all=True)) == 0
    assert "nothing waits" in ml.review(all=True).note
