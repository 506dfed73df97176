"""Models, versions and moves, one page at a time: each once, and the same as the verbs say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import mlops_nb as ml
from mlops_nb.registry.paging import (
    NOW,
    aliases_at,
    champion_at,
    gate_check,
    models_page,
    moves_page,
    newest_version,
    standings_page,
)
from mlops_nb.registry.resolving import model_row
from mlops_nb.store.store import Store

from .making import versions


@pytest.fixture
def moved(store: Store) -> int:
    """`m` with six versions, of which some were champions, one was rolled back, one trashed; its row."""
    versions("m", 6)
    for number in (1, 2, 3):
        ml.stage(f"m/{number}", "production", reason=f"turn {number}")
    ml.rollback("m", reason="no")
    ml.pin("m/4", "challenger")
    ml.pin("m/5", "challenger", reason="better")
    ml.gates.define("m", "production", "size at_most=1B")
    ml.stage("m/5", "staging", reason="a candidate")
    ml.stage("m/5", "production", reason="the fair", override=True)
    ml.trash("m/6")
    return model_row(store, "m")[0]


def test_where_versions_stand_is_what_the_verb_says(store: Store, moved: int):
    now = ml.stages("m")
    assert standings_page(store, "m", moved) == now.standings
    assert champion_at(store, "m", moved) == now.production
    assert now.production is not None
    assert now.production.mark == "overridden"
    assert aliases_at(store, moved) == {"challenger": 5}
    assert tuple(one.move for one in moves_page(store, moved)) == now.history


def test_where_they_stood_at_each_moment_too(store: Store, moved: int):
    for move in ml.stages("m").history:
        at = datetime.fromtimestamp(move.at_us // 1_000_000, UTC).replace(microsecond=move.at_us % 1_000_000)
        then = ml.stages("m", at=at.isoformat())
        stood = {one.ref: one for one in standings_page(store, "m", moved, move.at_us)}
        assert {one.ref: one for one in then.standings}.items() <= stood.items()
        # A version that was trashed since was there then.
        assert stood.keys() - {one.ref for one in then.standings} <= {"m/6"}
        assert champion_at(store, "m", moved, move.at_us) == then.production
        assert tuple(one.move for one in moves_page(store, moved, move.at_us)) == then.history
    assert champion_at(store, "m", moved, 1) is None
    assert standings_page(store, "m", moved, 1) == ()


def test_pages_have_each_once(store: Store, moved: int):
    seen, before = list[int](), NOW
    while page := standings_page(store, "m", moved, before=before, limit=2):
        seen += [one.version for one in page]
        before = page[-1].version
    assert seen == [5, 4, 3, 2, 1]
    ids, last = list[int](), NOW
    while found := moves_page(store, moved, before=last, limit=3):
        ids += [one.id for one in found]
        last = found[-1].id
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(ml.stages("m").history)


def test_moves_of_one_version_and_the_gates_behind_them(store: Store, moved: int):
    found = moves_page(store, moved, number=5)
    assert {one.move.version for one in found} == {5}
    last = found[0]
    assert (last.asked, last.passed, last.judged) == (4, 3, 5)
    assert last.move.checked is not None
    check = gate_check(store, last.move.checked)
    assert check is not None
    assert (check.ref, check.verdict, len(check.results)) == ("m/5", "fail", 4)
    # Whom it replaced left because of its gates.
    (left,) = (one for one in moves_page(store, moved, number=2, limit=1))
    assert (left.move.how, left.judged) == ("replaced", 5)
    assert gate_check(store, "nobody") is None


def test_models_by_name_and_by_what_there_is_to_say(store: Store, moved: int):
    versions("100_done", 1)
    ml.canvas("framed", fields={"owner": "ada"})

    def names(find: str = "", show: str = "", waiting: tuple[str, ...] = ()) -> list[str]:
        rows, total = models_page(store, find, show, waiting, limit=10, offset=0)
        assert total == len(rows)
        return sorted(row.name for row in rows)

    assert names() == ["100_done", "framed", "m"]
    assert names("M") == ["framed", "m"]
    assert names("_") == ["100_done"]
    assert names("%") == names("!") == []
    assert names(show="production") == ["m"]
    assert names(show="marked") == ["m"]
    assert names(show="waiting") == []
    assert names(show="waiting", waiting=("m", "nobody")) == ["m"]
    rows, total = models_page(store, "", "", (), limit=1, offset=2)
    assert (len(rows), total) == (1, 3)
    assert newest_version(store) == "100_done/1"
    (row,) = models_page(store, "m", "production", (), limit=10, offset=0)[0]
    assert (row.versions, row.latest, row.production, row.staging, row.staged) == (5, 5, 5, (), 0)


def test_no_store_has_no_models(tmp_path):
    found = Store(tmp_path / ".mlops")
    assert models_page(found, "", "", (), limit=10, offset=0) == ([], 0)
    assert newest_version(found) == ""
    assert not found.exists
