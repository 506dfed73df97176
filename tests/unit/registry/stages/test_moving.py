"""Versions go from stage to stage: who may, whom they replace, and what is on record afterwards."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.store.store import Store

from .making import moves, stands, versions

WHY = {"reason": "it is better"}


def test_a_version_walks_through_all_stages_and_every_step_is_on_record(store: Store):
    versions("m", 1)
    for stage in ("staging", "production", "archived", "staging", "none"):
        move = ml.stage("m/1", stage, reason=f"to {stage}")
        assert (move.ref, move.after, move.reason) == ("m/1", stage, f"to {stage}")
        assert stands(store) == {"m/1": stage}
    assert moves(store) == [
        (1, "none", "staging", "ungated"),
        (1, "staging", "production", "ungated"),
        (1, "production", "archived", "free"),
        (1, "archived", "staging", "ungated"),
        (1, "staging", "none", "free"),
    ]
    rows = ml.audit("m/1")
    assert [row.why for row in rows if row.action == "stage"] == [
        f"to {stage}" for stage in ("none", "staging", "archived", "production", "staging")
    ]
    assert store.verify_audit().fault == ""


def test_the_champion_is_replaced_in_one_step(store: Store):
    versions("m", 2)
    ml.stage("m/1", "production", **WHY)
    move = ml.stage("m/2", "production", reason="it costs less")
    assert (move.before, move.after, move.how, move.replaced) == ("none", "production", "ungated", 1)
    assert stands(store) == {"m/1": "archived", "m/2": "production"}
    assert moves(store)[-2:] == [(1, "production", "archived", "replaced"), (2, "none", "production", "ungated")]
    times = store.query("SELECT at_us FROM transition ORDER BY id DESC LIMIT 2")
    assert times[0] == times[1]
    assert ml.stages("m").production.reason == "it costs less"
    assert [row.about for row in ml.audit("m/1") if row.action == "stage"] == ["version m/2", "version m/1"]
    (audited,) = [row for row in ml.audit("m/2") if row.action == "stage"]
    assert (audited.detail["from"], audited.detail["to"], audited.detail["replaced"]) == ("none", "production", 1)
    assert "it costs less" not in store.query("SELECT detail FROM audit ORDER BY seq DESC LIMIT 1")[0][0]


def test_what_the_gates_said_comes_along(store: Store):
    versions("m", 1)
    move = ml.stage("m/1", "production", **WHY)
    assert move.check is not None
    assert (move.check.verdict, move.check.policy, move.checked) == ("pass", None, move.check.id)
    (found,) = ml.versions("m")
    assert (found.stage, found.how, found.mark) == ("production", "ungated", "ungated")
    (model,) = ml.models()
    assert (model.production, model.production_us, model.mark) == (1, found.since_us, "ungated")


def test_a_policy_wants_staging_first_and_every_gate_to_pass(store: Store):
    versions("m", 2)
    ml.gates.define("m", "production", "size at_most=1B", reason="small")
    with pytest.raises(Refused, match=r"m has a policy.*from staging; try: %stage m/1 staging --reason"):
        ml.stage("m/1", "production", **WHY)
    ml.stage("m/1", "staging", **WHY)
    with pytest.raises(
        Refused, match=r"may not enter production: 1 of 4 gates does not pass \(size at_most=1B: "
    ) as said:
        ml.stage("m/1", "production", **WHY)
    assert "\n" not in str(said.value)
    assert stands(store) == {"m/1": "staging", "m/2": "none"}
    move = ml.stage("m/1", "production", reason="we must", override=True)
    assert (move.how, ml.versions("m")[-1].mark) == ("overridden", "overridden")
    assert ml.audit("m/1")[0].detail["how"] == "overridden"
    ml.gates.define("m", "production", "size at_most=50MB", reason="as large as it is")
    ml.stage("m/2", "staging", **WHY)
    assert (ml.stage("m/2", "production", **WHY).how, ml.versions("m")[0].mark) == ("gated", "")


def test_a_policy_that_changes_between_the_gates_and_the_move_lets_nobody_in(store: Store, monkeypatch):
    from mlops_nb.registry.stages import moving

    versions("m", 1)
    real = moving._checked

    def and_then_somebody_defines(*args):
        found = real(*args)
        ml.gates.define("m", "production", "size at_most=1B", reason="small")
        return found

    monkeypatch.setattr(moving, "_checked", and_then_somebody_defines)
    with pytest.raises(Refused, match=r"the gates before production were changed meanwhile"):
        ml.stage("m/1", "production", **WHY)
    assert (stands(store), moves(store)) == ({"m/1": "none"}, [])


@pytest.mark.parametrize(
    ("ref", "stage", "words", "said", "kind"),
    [
        ("m/1", "prodction", WHY, "did you mean 'production'", InvalidInput),
        ("m/1", "none", WHY, "m/1 is in none already", InvalidInput),
        ("m/1", "staging", {}, "a reason is needed", InvalidInput),
        ("m/1", "staging", {"reason": "  \n "}, "a reason is needed", InvalidInput),
        ("m/1", "staging", {"reason": "x" * 1_000_000}, "the reason has 1,000,000 characters", InvalidInput),
        ("m/1", "staging", {"reason": "a\x00b"}, "control character", InvalidInput),
        ("m/9", "staging", WHY, "no version 9", NotFound),
        ("x/1", "staging", WHY, "no model 'x'", NotFound),
        ("m@production", "archived", WHY, "no version of 'm' is in production", NotFound),
        ("m@eu", "archived", WHY, "has no alias 'eu'", NotFound),
        ("m/one", "archived", WHY, "not a reference", InvalidInput),
        ("m", "production", WHY, "'m' names no one version; expected NAME/NUMBER; try: m/1", InvalidInput),
    ],
)
def test_refusals_are_one_line_and_nothing_is_written(store: Store, ref, stage, words, said, kind):
    versions("m", 1)
    before = store.query("SELECT count(*) FROM audit")
    with pytest.raises(kind, match=said) as refusal:
        ml.stage(ref, stage, **words)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500
    assert moves(store) == []
    assert store.query("SELECT count(*) FROM audit") == before
    assert store.query("SELECT count(*) FROM reason") == [(0,)]


def test_the_order_of_stages_is_kept(store: Store):
    versions("m", 1)
    ml.stage("m/1", "production", **WHY)
    for stage in ("staging", "none"):
        with pytest.raises(Refused, match=f"m/1 is in production; {stage} is entered from"):
            ml.stage("m/1", stage, **WHY)
    ml.stage("m/1", "archived", **WHY)
    with pytest.raises(Refused, match="m/1 is in archived; none is entered from staging"):
        ml.stage("m/1", "none", **WHY)


def test_an_index_holds_one_champion_against_whoever_goes_around_the_code(store: Store):
    versions("m", 2)
    ml.stage("m/1", "production", **WHY)
    with pytest.raises(Exception, match=r"UNIQUE constraint failed: placement\.model"):
        store.write(lambda c: c.execute("INSERT INTO placement VALUES (1, 2, 'production', 0)"))


def test_ten_is_more_than_nine(store: Store):
    versions("m", 10)
    for number in (9, 10):
        ml.stage(f"m/{number}", "production", **WHY)
    assert [v.version for v in ml.versions("m")] == list(range(10, 0, -1))
    assert [s.version for s in ml.stages("m").standings] == list(range(10, 0, -1))
    assert ml.load("m").C == 10
    assert ml.rollback("m").ref == "m/9"
    assert ml.rollback("m", to="10").ref == "m/10"


def test_references_complete_by_number_stage_and_alias(store: Store):
    from mlops_nb.references import complete

    versions("m", 2)
    ml.stage("m/1", "production", **WHY)
    ml.pin("m/2", "challenger")
    assert complete(store, "version", "m") == ["m@challenger", "m@production", "m/2", "m/1"]
    assert complete(store, "version", "m@p") == ["m@production"]
    assert ml.load("m@champion").C == 1
    assert ml.load("m@challenger").C == 2
