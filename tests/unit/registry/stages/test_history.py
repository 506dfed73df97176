"""What was in production at a moment, and the aliases with it."""

from __future__ import annotations

import time

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.show import html
from mlops_nb.store import reasons
from mlops_nb.store.ids import now_us
from mlops_nb.store.store import Store

from .making import versions

HOUR = 3_600_000_000


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch):
    """The zone of this machine, chosen by the test."""

    def choose(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Sets the clock that stages and versions are stamped by."""

    def put(text: str) -> int:
        moment = _us(text)
        for where in ("registering", "stages.moving", "stages.aliases"):
            monkeypatch.setattr(f"mlops_nb.registry.{where}.now_us", lambda: moment)
        return moment

    return put


def _us(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def champion(at: str) -> str:
    found = ml.stages("m", at=at).production
    return found.ref if found else ""


def test_one_question_answers_what_was_in_production(store: Store, clock):
    for number, day in ((1, "2026-05-01T10:00+00:00"), (2, "2026-05-03T14:00+00:00"), (3, "2026-05-04T09:30+00:00")):
        clock(day)
        versions("m", number)
        ml.stage(f"m/{number}", "production", reason="better")
    assert champion("2026-04-30T00:00Z") == ""
    assert champion("2026-05-01T09:59:59.999999Z") == ""
    assert champion("2026-05-01T10:00Z") == "m/1"
    assert champion("2026-05-03T13:59:59.999999Z") == "m/1"
    assert champion("2026-05-03T14:00:00Z") == "m/2"
    assert champion("2026-05-03T16:00+02:00") == "m/2"
    assert champion("2026-05-03T15:59+02:00") == "m/1"
    assert champion("") == champion("2030-01-01") == "m/3"
    before = ml.stages("m", at="2026-04-30T00:00Z")
    assert (before.standings, before.history) == ((), ())
    assert "no version was registered yet" in str(before)
    then = ml.stages("m", at="2026-05-03T20:00Z")
    assert [(s.ref, s.stage) for s in then.standings] == [("m/2", "production"), ("m/1", "archived")]
    assert [(t.version, t.after) for t in then.history] == [(2, "production"), (1, "archived"), (1, "production")]


def test_in_the_zone_of_this_machine_and_where_the_clocks_change(store: Store, clock, zone):
    zone("Europe/Berlin")
    clock("2026-10-25T00:45+00:00")  # 02:45 summer time, the first of two
    versions("m", 2)
    ml.stage("m/1", "production", reason="better")
    clock("2026-10-25T01:15+00:00")  # 02:15 winter time
    ml.stage("m/2", "production", reason="better")
    with pytest.raises(InvalidInput, match="came twice in this machine's zone") as said:
        ml.stages("m", at="2026-10-25T02:30")
    assert "2026-10-25T00:30:00+00:00 or 2026-10-25T01:30:00+00:00" in str(said.value)
    assert champion("2026-10-25T02:50+02:00") == "m/1"
    assert champion("2026-10-25T02:30+01:00") == "m/2"
    assert champion("2026-10-25T01:59") == ""
    assert champion("2026-10-25T03:00") == "m/2"
    with pytest.raises(InvalidInput, match="never came in this machine's zone"):
        ml.stages("m", at="2026-03-29T02:30")
    zone("America/New_York")
    assert champion("2026-10-24T20:50") == "m/1"
    assert champion("2026-10-24T21:15") == "m/2"


def test_a_clock_that_goes_back_leaves_one_answer(store: Store, clock):
    late = clock("2026-05-03T14:00+00:00")
    versions("m", 2)
    ml.stage("m/1", "production", reason="better")
    clock("2026-05-03T12:00+00:00")
    ml.stage("m/2", "production", reason="the clock went back")
    ml.pin("m/2", "eu")
    times = [at for (at,) in store.query("SELECT at_us FROM transition ORDER BY id")]
    assert times == [late, late + 1, late + 1, late + 2]
    assert champion("2026-05-03T14:00:00Z") == "m/1"
    assert champion("2026-05-03T14:00:00.000001Z") == "m/2"
    assert champion("2026-05-03T13:00Z") == ""


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "2026-05-03T25:00", "x" * 1_000_000, "\x00", "🦜", "1"])
def test_no_moment_is_refused_in_one_line(store: Store, at: str):
    versions("m", 1)
    with pytest.raises(InvalidInput, match="is no moment") as said:
        ml.stages("m", at=at)
    assert "\n" not in str(said.value)
    assert len(str(said.value)) < 300


@pytest.mark.parametrize("at", ["0001-01-01", "9999-12-31T23:59:59"])
def test_the_ends_of_time_are_answered_or_refused(store: Store, at: str):
    versions("m", 1)
    try:
        found = ml.stages("m", at=at)
    except InvalidInput as error:
        assert "no moment of our time" in str(error)  # noqa: PT017 (either is right, by the zone of this machine)
    else:
        assert len(found.standings) == (at > "2")


def test_the_history_follows_a_new_name(store: Store):
    versions("m", 1)
    ml.stage("m/1", "production", reason="better")
    ml.pin("m/1", "eu")
    ml.rename("m", "n", kind="model")
    found = ml.stages("n")
    assert [(t.ref, t.after) for t in found.history] == [("n/1", "1"), ("n/1", "production")]
    assert (found.production.ref, found.production.aliases) == ("n/1", ("eu",))
    assert ml.load("n@production").C == ml.load("n@eu").C == 1
    with pytest.raises(NotFound, match="no model 'm'"):
        ml.stages("m")


def test_a_version_in_the_trash_stays_in_the_history(store: Store):
    versions("m", 2)
    for number in (1, 2):
        ml.stage(f"m/{number}", "production", reason="better")
    ml.trash("m/1", kind="version")
    found = ml.stages("m")
    assert [(s.ref, s.stage) for s in found.standings] == [("m/2", "production"), ("m/1", "archived")]
    assert len(found.history) == 3


def test_a_reason_that_was_erased_says_so(store: Store):
    versions("m", 1)
    ml.stage("m/1", "production", reason="Ada asked for it")
    store.write(lambda c: c.execute("DELETE FROM reason"))
    assert ml.stages("m").history[0].reason == reasons.ERASED
    assert "Ada" not in str(ml.stages("m"))
    assert store.verify_audit().fault == ""


def test_nobody_writes_the_history_anew(store: Store):
    versions("m", 1)
    ml.stage("m/1", "production", reason="better")
    for sql in ("UPDATE transition SET actor = 'person:eve'", "DELETE FROM transition"):
        with pytest.raises(Exception, match="append-only"):
            store.write(lambda c, sql=sql: c.execute(sql))


def test_as_a_frame(store: Store):
    versions("m", 2)
    for number in (1, 2):
        ml.stage(f"m/{number}", "production", reason="better")
    frame = ml.stages("m").df
    assert list(frame["after"]) == ["production", "archived", "production"]
    assert list(frame["version"]) == [2, 1, 1]


def test_aliases_move_and_every_move_is_on_record(store: Store):
    versions("m", 2)
    first = ml.pin("m/1", "eu", reason="for Europe")
    assert (first.alias, first.before, first.after, first.ref) == ("eu", "", "1", "m/1")
    between = now_us()
    second = ml.pin("m/2", "eu")
    assert (second.before, second.after) == ("1", "2")
    assert store.query("SELECT holder, held FROM hold WHERE holder LIKE 'alias:%'") == [("alias:1/eu", "version:1/2")]
    assert [v.aliases for v in ml.versions("m")] == [("eu",), ()]
    with pytest.raises(InvalidInput, match="m/1 has no alias 'eu': it is at m/2"):
        ml.pin("m/1", "eu", remove=True)
    with pytest.raises(InvalidInput, match="m/2 has the alias 'eu' already"):
        ml.pin("m/2", "eu")
    gone = ml.pin("m/2", "eu", remove=True)
    assert (gone.before, gone.after) == ("2", "")
    with pytest.raises(InvalidInput, match="m/2 has no alias 'eu': nothing has it"):
        ml.pin("m/2", "eu", remove=True)
    assert store.query("SELECT * FROM hold WHERE holder LIKE 'alias:%'") == []
    from datetime import UTC, datetime

    then = ml.stages("m", at=datetime.fromtimestamp(between / 1e6, UTC).isoformat())
    assert {s.ref: s.aliases for s in then.standings} == {"m/2": (), "m/1": ("eu",)}
    assert [row.action for row in ml.audit("m/2")][:2] == ["unpin", "pin"]


@pytest.mark.parametrize("alias", ["production", "Champion", "latest", "none", "archived", "staging"])
def test_an_alias_is_no_stage(store: Store, alias: str):
    versions("m", 1)
    with pytest.raises(InvalidInput, match="is no alias to pin"):
        ml.pin("m/1", alias)


@pytest.mark.parametrize("alias", ["", "a/b", "../../x", "<script>", "a@b", "x" * 200, "a\x00b", "'; DROP TABLE alias"])
def test_hostile_aliases_are_refused(store: Store, alias: str):
    versions("m", 1)
    with pytest.raises(InvalidInput) as said:
        ml.pin("m/1", alias)
    assert "\n" not in str(said.value)
    assert store.query("SELECT * FROM alias") == store.query("SELECT * FROM transition") == []


def test_a_model_gets_no_alias(store: Store):
    versions("m", 2)
    with pytest.raises(InvalidInput, match="'m' names no one version; expected NAME/NUMBER; try: m/2"):
        ml.pin("m", "eu")


def test_a_version_in_the_trash_gets_no_alias(store: Store, monkeypatch):
    from mlops_nb.registry.stages import aliases

    versions("m", 1)
    real = aliases.identify

    def and_somebody_trashes_it(folder):
        ml.trash("m/1", kind="version")
        return real(folder)

    monkeypatch.setattr(aliases, "identify", and_somebody_trashes_it)
    with pytest.raises(Refused, match="m/1 is in the trash; try: %restore m/1"):
        ml.pin("m/1", "eu")


def test_what_is_shown_is_escaped_and_says_all(store: Store):
    versions("m", 2)
    ml.stage("m/1", "production", reason="better")
    move = ml.stage("m/2", "production", reason="<script>alert(1)</script>")
    line = str(move).splitlines()[0]
    assert line == "m/2  none → production  ▲ ungated: 3 of 3 gates  replaced m/1"
    assert "the system's word" in str(move)
    shown = html(move) + html(ml.stages("m"))
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<details" in html(move)
    listed = str(ml.stages("m")).splitlines()
    assert listed[0] == "m now: m/2 in production"
    assert listed[2].split()[:4] == ["m/2", "●", "production", "▲"]
    assert "● production ▲ ungated" in str(ml.versions("m"))
    assert "m/2 ▲ ungated" in str(ml.models())
    assert "▲ ungated since" in str(ml.versions("m")[0])
    assert "ungated" in html(ml.versions("m")[0])
