"""The gate `fairness`: it reads what was found or finds it, and only a whole interval opens it."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.store.store import Store
from tests.unit.registry.fairness.making import classifier, regressor, rows

from .making import define, one


def says(gate: str, ref: str = "m/1"):
    define(gate)
    return one(ref, "fairness")


@pytest.fixture
def judged(store: Store) -> Store:
    classifier()
    ml.evaluate("m/1", rows({"a": 3000, "b": 3000}, {"b": 0.36}), target="late", slices=["g"])
    return store


def test_a_version_that_was_not_evaluated_is_not_fair(store: Store):
    classifier()
    found = says("fairness by=g")
    assert (found.verdict, found.says, found.fix) == ("insufficient", "it was not evaluated", "%evaluate m/1 DATA")


def test_it_finds_what_nobody_looked_for_and_reads_what_is_on_record(judged: Store):
    gate = "fairness demographic_parity_ratio by=g"
    computed = says(gate)
    evaluation = ml.evaluations("m/1")[0]
    assert (computed.evidence, computed.digest, computed.dataset) == (
        evaluation.id,
        evaluation.digest,
        evaluation.dataset,
    )
    recorded = ml.fairness("m/1", by="g")
    read = says(gate)
    assert (read.evidence, read.digest, read.dataset) == (recorded.id, recorded.digest, evaluation.dataset)
    numbers = [(r.verdict, r.value, r.low, r.high, r.threshold, r.n, r.says) for r in (computed, read)]
    assert numbers[0] == numbers[1]
    assert (read.threshold, read.n) == (0.8, 6000)
    # Other words than those on record are asked anew.
    assert says("fairness demographic_parity_ratio by=g least=40").evidence == evaluation.id
    # What rests on an older evaluation is not read.
    later = ml.evaluate("m/1", rows({"a": 3000, "b": 3000}, {}, seed=9), target="late", slices=["g"])
    assert says(gate).evidence == later.id


def test_it_passes_with_the_whole_interval_only(judged: Store):
    found = says("fairness demographic_parity_ratio by=g")
    low, value, high = found.low, found.value, found.high
    assert low < value < high < 1
    for end, verdict in (
        (low - 1e-9, "pass"),
        ((low + value) / 2, "insufficient"),
        ((value + high) / 2, "insufficient"),
        (high + 1e-9, "fail"),
    ):
        assert says(f"fairness demographic_parity_ratio >= {end!r} by=g").verdict == verdict
    found = says("fairness demographic_parity_difference by=g")
    for end, verdict in ((found.high + 1e-9, "pass"), (found.value, "insufficient"), (found.low - 1e-9, "fail")):
        assert says(f"fairness demographic_parity_difference <= {end!r} by=g").verdict == verdict


def test_without_a_measure_all_must_pass(judged: Store):
    assert says("fairness by=g ratio=0.5 within=0.5").verdict == "pass"
    found = says("fairness by=g ratio=0.95 within=0.5")
    assert (found.verdict, found.says.startswith("g: demographic_parity_ratio")) == ("fail", True)
    assert says("fairness by=g,x ratio=0.5 within=0.5").verdict == "fail"  # whoever has a small x is never selected


def test_small_groups_keep_it_closed(judged: Store):
    ml.evaluate("m/1", rows({"a": 3000, "b": 3000, "z": 5}, {}), target="late", slices=["g"])
    found = says("fairness by=g ratio=0.5 within=0.5")
    assert found.verdict == "insufficient"
    assert "z (5 rows, at least 30 are needed)" in found.says
    found = says("fairness by=g ratio=0.5 within=0.5 share=2%")
    assert (found.verdict, "not judged: g=z" in found.says) == ("pass", True)
    assert found.evidence  # named, so that anybody can look


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("fairness demographic_parity_ratio <= 0.8 by=g", "the threshold fits no measure"),
        ("fairness >= 0.8 by=g", "the threshold fits no measure"),
        ("fairness accuracy_difference by=g", "a binary task has no accuracy_difference"),
        ("fairness by=gg", "did you mean 'g'"),
        ("fairness by=g least=2", "groups of 2 rows say nothing"),
        ("fairness by=g ratio=7", "a ratio of 7"),
    ],
)
def test_what_makes_no_sense_is_closed(judged: Store, gate: str, said: str):
    found = says(gate)
    assert (found.verdict, said in found.says) == ("insufficient", True), found.says


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("fairness", "says no by"),
        ("fairness parity by=g", "there is no measure 'parity'"),
        ("fairness equalised_odds_difference by=g", "did you mean 'equalized_odds_difference'"),
        ("fairness by=g within=much", "within is 'much'; expected a number"),
        ("fairness by=g lest=3", "did you mean 'least'"),
    ],
)
def test_what_is_mistyped_is_refused_when_it_is_defined(judged: Store, gate: str, said: str):
    with pytest.raises((InvalidInput, NotFound), match=said):
        define(gate)


def test_a_regression(store: Store):
    regressor()
    data = rows({"a": 500, "b": 500}, {})
    ml.evaluate("m/1", data.assign(late=data.x + 1.0 * (data.g == "b")), target="late", slices=["g"])
    found = says("fairness mean_error_difference <= 0.5 by=g")
    assert (found.verdict, found.value) == ("fail", pytest.approx(1.0))
    assert says("fairness mean_error_difference <= 1.5 by=g").verdict == "pass"
