"""Where a version stands: the way into production, step by step, as somebody goes it."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.standing import Standing, standing
from mlops_nb.store.store import Store

from .making import People, define, rows, version


def stands(store: Store, ref: str = "m/1") -> Standing:
    return standing(store, resolve_version(store, ref))


def framed(target: float, metric: str = "roc_auc") -> None:
    ml.canvas("m", fields={"task": "classification", "success_metric": metric, "success_target": target})


def judged(ref: str = "m/1") -> None:
    ml.evaluate(ref, rows(seed=5), target="late")


def test_every_step_of_the_way_says_the_next(store: Store):
    version()
    found = stands(store)
    assert (found.score, found.reached, found.cell) == (None, None, "%evaluate m/1 DATA --target COLUMN")
    judged()
    assert stands(store).cell == "%canvas m --set success_metric=roc_auc --set success_target=…"
    framed(0.7)
    assert stands(store).cell == "%gates define m production --usual"
    define("metric roc_auc >= 0.7")
    assert stands(store).cell == "%gates run m/1 production"
    ml.gates.run("m/1", "production")
    found = stands(store)
    assert (found.next, found.stale) == (
        "All 4 gates into production pass: move it into staging, and from there into production.",
        False,
    )
    ml.stage("m/1", "staging", reason="x")
    assert stands(store).next == "All 4 gates into production pass: move it into production."
    ml.stage("m/1", "production", reason="x")
    found = stands(store)
    assert (found.next, found.cell, found.reached) == ("", "", True)
    version(seed=2)
    judged("m/2")
    ml.gates.run("m/2", "production")
    ml.stage("m/2", "staging", reason="x")
    assert stands(store, "m/2").next == "All 4 gates into production pass: move it into production instead of m/1."


def asked(gate: str, *others: str) -> None:
    version()
    judged()
    framed(0.7)
    define(gate, *others)
    ml.gates.run("m/1", "production")


def test_a_closed_gate_is_named_with_its_way_out(store: Store):
    asked("size at_most=1b", "approval")
    found = stands(store)
    assert found.next.startswith("3 of 5 gates into production pass. Closed is size at_most=1b: ")
    assert found.next.endswith(", and 1 more.")
    assert not found.waits


def test_an_author_whose_name_nobody_checked_has_to_be_told_apart_first(store: Store):
    asked("approval")
    found = stands(store)
    assert (found.waits, "system's word" in found.next) == (True, True)
    assert found.cell.startswith("mlops-nb people add NAME --system ")


def test_what_only_a_person_can_say_is_asked_of_another(people: People, store: Store):
    people.be("ada")
    asked("approval", "metric roc_auc >= 0.7")
    found = stands(store)
    assert (found.waits, found.next, found.cell) == (
        True,
        "4 of 5 gates into production pass; an approval by somebody other than ada is missing.",
        "%approve m/1 --reason …",
    )
    ml.approve("m/1", reason="x", key=people.secrets["grace"])
    found = stands(store)
    assert found.next.startswith("All gates but the approval passed, and grace approved since: move it into staging")
    ml.reject("m/1", reason="x", key=people.secrets["linus"])
    assert stands(store).cell == "%gates run m/1 production"


@pytest.mark.parametrize("change", ["policy", "evaluation", "canvas", "risk", "champion", "nothing"])
def test_what_changed_since_the_gates_were_asked_makes_their_answer_old(store: Store, change: str):
    version()
    version(seed=2)
    judged()
    framed(0.7)
    define("metric roc_auc >= 0.7")
    ml.gates.run("m/1", "production")
    assert not stands(store).stale
    if change == "policy":
        define("metric roc_auc >= 0.71")
    elif change == "evaluation":
        ml.evaluate("m/1", rows(seed=6), target="late")
    elif change == "canvas":
        framed(0.71)
    elif change == "risk":
        ml.risk("m/1", hazard="h", likelihood="rare", severity="minor", residual="low")
    elif change == "champion":
        judged("m/2")
        ml.stage("m/2", "staging", reason="x")
        ml.stage("m/2", "production", reason="x")
    else:
        ml.explain("m/1", repeats=2, rows=50)  # no gate reads it
        assert not stands(store).stale
        return
    found = stands(store)
    assert (found.stale, found.cell) == (True, "%gates run m/1 production")


def test_a_target_is_reached_by_the_whole_interval_or_not_at_all(store: Store):
    version()
    judged()
    score = ml.evaluations("m/1")[0].scored("roc_auc")
    assert score is not None
    assert None not in (score.low, score.value, score.high)
    for target, reached in ((score.low - 0.001, True), ((score.low + score.value) / 2, None), (score.high, False)):
        framed(target)
        assert stands(store).reached is reached
    error = ml.evaluations("m/1")[0].scored("log_loss")
    for target, reached in ((error.high + 0.001, True), (error.low, False)):
        framed(target, "log_loss")
        assert (stands(store).score.name, stands(store).reached) == ("log_loss", reached)


def test_the_simplest_baseline_of_the_same_metric_stands_beside_it(store: Store):
    version()
    judged()
    framed(0.7)
    found = stands(store)
    assert found.baseline == ("dummy", 0.5)


def test_what_was_replaced_has_no_next_step(store: Store):
    for seed in (1, 2):
        ref = version(seed=seed)
        ml.stage(ref, "production", reason="x")
    assert (stands(store, "m/1").next, stands(store, "m/1").cell) == ("", "")


def test_a_check_is_read_as_it_was_kept(store: Store):
    from mlops_nb.registry.gates.reading import last_check

    version()
    judged()
    define("approval", "metric roc_auc >= 0.99")
    made = ml.gates.run("m/1", "production")
    read = last_check(store, resolve_version(store, "m/1"), "production")
    assert read == made
    assert [one.fix for one in read.results] == [one.fix for one in made.results]
    assert last_check(store, resolve_version(store, "m/1"), "staging") is None
