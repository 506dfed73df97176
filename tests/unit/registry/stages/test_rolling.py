"""Back to the champion before."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import Corrupt, InvalidInput, NotFound, Refused
from mlops_nb.store.store import Store

from .making import moves, stands, versions


def promoted(count: int) -> None:
    """So many champions, one after the other."""
    versions("m", count)
    for number in range(1, count + 1):
        ml.stage(f"m/{number}", "production", reason="better")


def test_back_in_one_step(store: Store):
    promoted(2)
    move = ml.rollback("m", reason="it errs at night")
    assert (move.ref, move.before, move.after, move.how, move.replaced) == (
        "m/1",
        "archived",
        "production",
        "rollback",
        2,
    )
    assert move.reason == "it errs at night"
    assert stands(store) == {"m/1": "production", "m/2": "archived"}
    assert moves(store)[-2:] == [(2, "production", "archived", "replaced"), (1, "archived", "production", "rollback")]
    assert (ml.versions("m")[1].how, ml.versions("m")[1].mark) == ("rollback", "ungated")
    assert ml.stages("m").production.mark == ml.models()[0].mark == "ungated"


def test_what_was_let_in_against_the_gates_stays_marked_after_a_rollback(store: Store):
    versions("m", 2)
    ml.gates.define("m", "production", "size at_most=1B", reason="small")
    for number in (1, 2):
        ml.stage(f"m/{number}", "staging", reason="on its way")
    ml.stage("m/1", "production", reason="we must", override=True)
    ml.gates.define("m", "production", "size at_most=1MB", reason="larger")
    ml.stage("m/2", "production", reason="it may")
    assert [v.mark for v in ml.versions("m")] == ["", ""]
    ml.rollback("m")
    assert [v.mark for v in ml.versions("m")] == ["", "overridden"]
    assert "● production ▲ overridden" in str(ml.stages("m"))
    ml.rollback("m", to="2")
    assert ml.versions("m")[0].mark == ""


def test_twice_goes_two_steps_and_no_further(store: Store):
    promoted(3)
    assert [ml.rollback("m").ref for _ in range(2)] == ["m/2", "m/1"]
    with pytest.raises(Refused, match="no version of 'm' was in production before m/1; try: %stages m"):
        ml.rollback("m")
    ml.stage("m/3", "production", reason="mended")
    assert ml.rollback("m").ref == "m/1"


def test_to_a_named_one(store: Store):
    promoted(3)
    versions("m", 4)
    assert ml.rollback("m", to="m/1").ref == "m/1"
    with pytest.raises(Refused, match=r"m/4 never was in production.*%stage m/4 production"):
        ml.rollback("m", to="4")
    with pytest.raises(InvalidInput, match="m/1 is in production already"):
        ml.rollback("m", to="1")
    with pytest.raises(NotFound, match="no version 9"):
        ml.rollback("m", to="9")


def test_when_nobody_is_in_production_the_last_champion_comes_back(store: Store):
    promoted(2)
    ml.stage("m/2", "archived", reason="it errs")
    assert ml.rollback("m").ref == "m/2"
    assert ml.rollback("m").ref == "m/1"


def test_there_is_nothing_to_go_back_to(store: Store):
    versions("m", 1)
    with pytest.raises(Refused, match="no version of 'm' was in production; try: %stages m"):
        ml.rollback("m")
    with pytest.raises(NotFound, match="no model 'x'"):
        ml.rollback("x")
    assert moves(store) == []


@pytest.mark.parametrize("to", ["../1", "m/x", "-1", "1.0", "production"])
def test_to_what_is_no_number_is_refused(store: Store, to: str):
    promoted(2)
    with pytest.raises(InvalidInput, match="is no version of 'm'; expected its number"):
        ml.rollback("m", to=to)
    assert stands(store) == {"m/1": "archived", "m/2": "production"}


def test_a_champion_whose_file_was_swapped_is_no_way_out(store: Store):
    promoted(2)
    before = moves(store)
    path = store.artifacts.path(ml.versions("m")[1].artifact)
    path.chmod(0o600)
    path.write_bytes(store.artifacts.get(ml.versions("m")[0].artifact))
    with pytest.raises(Corrupt, match="the file of m/1 is damaged"):
        ml.rollback("m")
    path.unlink()
    with pytest.raises(NotFound, match="the file of m/1 is missing"):
        ml.rollback("m")
    assert (stands(store), moves(store)) == ({"m/1": "archived", "m/2": "production"}, before)


def test_a_champion_in_the_trash_is_said_to_be_there(store: Store):
    promoted(3)
    ml.trash("m/2", kind="version")
    with pytest.raises(Refused, match=r"the champion before, m/2, is in the trash; try: %restore m/2, or --to 1"):
        ml.rollback("m")
    assert ml.rollback("m", to="1").ref == "m/1"
