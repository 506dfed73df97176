"""A version in use can't be trashed, nor what is behind it; gc keeps whatever the history of stages is about."""

from __future__ import annotations

import json
import sqlite3

import pytest

import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.store.store import Store

from .world import World, age, build, everything

FOR_EVER = 40


def place(store: Store, stage: str, number: int = 1) -> None:
    """Rows as `%stage` writes them; the model of this world is no model that opens."""

    def write(c: sqlite3.Connection) -> None:
        if stage in ("staging", "production", "archived"):
            c.execute("INSERT INTO placement VALUES (1, ?, ?, 1)", (number, stage))
        if stage in ("staging", "production"):
            c.execute("INSERT INTO hold VALUES (?, ?)", (f"stage:1/{number}", f"version:1/{number}"))
        move(c, number, stage)

    store.write(write)


def move(c: sqlite3.Connection, number: int, stage: str) -> None:
    c.execute(
        "INSERT INTO transition (model, number, before, after, how, reason, actor, verified, at_us)"
        " VALUES (1, ?, 'none', ?, 'ungated', 'digest', 'person:ada', '', 1)",
        (number, stage),
    )


def evidence(c: sqlite3.Connection, number: int, artifact: str | None = None) -> None:
    """An evaluation, a check of the gates, and what people wrote, of one version."""
    c.execute(
        "INSERT INTO evidence (ulid, kind, model, number, dataset, body, digest, predictions, actor, verified,"
        " created_us) VALUES (?, 'evaluation', 1, ?, 'fp1b:aa', '{}', 'd', ?, 'person:ada', '', 1)",
        (f"E{number}", number, artifact),
    )
    c.execute(
        "INSERT INTO gate_check (ulid, model, number, stage, verdict, digest, actor, verified, at_us)"
        " VALUES (?, 1, ?, 'staging', 'pass', 'd', 'person:ada', '', 1)",
        (f"G{number}", number),
    )
    c.execute(
        "INSERT INTO gate_result (checked, position, gate, verdict, says, took_us)"
        " VALUES (?, 0, 'load', 'pass', '', 1)",
        (f"G{number}",),
    )
    for kind, of in (("card", number), ("risk", number), ("canvas", 0)):
        c.execute(
            "INSERT INTO document (kind, model, number, revision, body, digest, actor, verified, created_us)"
            " VALUES (?, 1, ?, ?, '{}', 'd', 'person:ada', '', 1)",
            (kind, of, number),
        )


def counts(store: Store) -> dict[str, int]:
    tables = ("version", "model", "evidence", "gate_check", "gate_result", "document")
    return {table: int(store.query(f"SELECT count(*) FROM {table}")[0][0]) for table in tables}


@pytest.fixture
def world(store: Store) -> World:
    """The world without its deployment."""
    made = build(store)
    store.write(lambda c: c.execute("DELETE FROM deployment"))
    return made


@pytest.mark.parametrize("stage", ["production", "staging"])
def test_a_version_in_a_stage_and_all_behind_it_stays(store: Store, world: World, stage: str):
    place(store, stage)
    before = everything(store)
    way = "try: %stage delay/1 archived --reason …"
    for name, kind, said in (
        ("delay/1", "version", f"version delay/1 is in {stage}; {way}"),
        ("delay", "model", f"version delay/1 of model delay is in {stage}; {way}"),
        (world.registered.id, "run", f"is needed by version delay/1, which is in {stage}; {way}"),
        ("flights", "experiment", f"is needed by version delay/1, which is in {stage}; {way}"),
        ("train-set", "dataset", f"is needed by version delay/1, which is in {stage}; {way}"),
    ):
        with pytest.raises(Refused) as refusal:
            ml.trash(name, kind=kind)
        assert str(refusal.value).endswith(said)
    assert everything(store) == before


def test_a_version_that_an_alias_points_to_stays(store: Store, world: World):
    ml.pin("delay/1", "the eu")
    with pytest.raises(Refused) as refusal:
        ml.trash("delay/1", kind="version")
    assert str(refusal.value) == 'version delay/1 is delay@the eu; try: %pin delay/1 "the eu" --remove'
    ml.rename("delay", "late", kind="model")
    with pytest.raises(Refused, match='version late/1 of model late is late@the eu; try: %pin late/1 "the eu" --rem'):
        ml.trash("late", kind="model")
    ml.pin("late/1", "the eu", remove=True)
    ml.trash("late/1", kind="version")


def test_several_reasons_are_all_said(store: Store, world: World):
    place(store, "production")
    ml.pin("delay/1", "eu")
    store.write(lambda c: c.execute("INSERT INTO hold VALUES ('deployment:api', 'version:1/1')"))
    with pytest.raises(Refused, match=r"is in production and is delay@eu and is needed by deployment api; try: %stage"):
        ml.trash("delay/1", kind="version")


def test_after_it_is_archived_it_may_be_trashed_and_its_name_is_kept_for_ever(store: Store, world: World):
    place(store, "archived")
    store.write(lambda c: evidence(c, 1, world.loose_bytes))
    ml.trash("delay/1", kind="version")
    ml.trash("delay", kind="model")
    ml.trash(world.registered.id)
    before = counts(store)
    age(store, FOR_EVER)
    dry = ml.db.gc(dry=True)
    found = ml.db.gc()
    assert dry.kept == found.kept
    assert found.kept == (
        f"run {world.registered.id[:10]} is needed by version delay/1",
        "version delay/1 is on record: it stood in a stage or was decided on",
    )
    assert (found.runs, counts(store)) == (0, before)
    assert world.model_bytes in store.artifacts.names()
    assert store.query("SELECT digest FROM dataset_version WHERE digest = 'fp1b:aa'") == [("fp1b:aa",)]
    assert ml.db.check().problems == ()
    ml.restore("delay", kind="model")
    ml.restore("delay/1", kind="version")
    assert ml.stages("delay").standings[0].stage == "archived"


def test_what_was_decided_on_is_kept_for_ever(store: Store, world: World):
    store.write(
        lambda c: c.execute(
            "INSERT INTO approval (model, number, stage, verdict, reason, actor, verified, at_us)"
            " VALUES (1, 1, 'production', 'reject', 'digest', 'person:grace', 'key', 1)"
        )
    )
    ml.trash("delay", kind="model")
    age(store, FOR_EVER)
    assert ml.db.gc().kept == ("version delay/1 is on record: it stood in a stage or was decided on",)
    assert (counts(store)["version"], counts(store)["model"]) == (1, 1)


def test_what_never_stood_anywhere_goes_with_all_that_was_found_about_it(store: Store, world: World):
    store.write(lambda c: evidence(c, 1, world.loose_bytes))
    store.write(lambda c: c.execute("INSERT INTO reason VALUES ('r', 's', 'why')"))
    ml.trash("delay/1", kind="version")
    age(store, FOR_EVER)
    ml.db.gc()
    assert counts(store) == {"version": 0, "model": 1, "evidence": 0, "gate_check": 0, "gate_result": 0, "document": 1}
    assert store.query("SELECT kind FROM document") == [("canvas",)]
    assert store.query("SELECT body FROM reason") == [("why",)]
    ml.trash("delay", kind="model")
    age(store, FOR_EVER)
    ml.db.gc()
    assert set(counts(store).values()) == {0}
    assert ml.db.check().problems == ()


def test_of_two_versions_the_one_on_record_stays_with_its_evidence(store: Store, world: World):
    columns = "run, artifact, format, signature, trusted, framework, actor, created_us"
    store.write(
        lambda c: c.execute(f"INSERT INTO version (model, number, {columns}) SELECT 1, 2, {columns} FROM version")
    )
    for number in (1, 2):
        store.write(lambda c, n=number: evidence(c, n))
    place(store, "archived", 2)
    ml.trash("delay", kind="model")
    age(store, FOR_EVER)
    assert ml.db.gc().kept == ("version delay/2 is on record: it stood in a stage or was decided on",)
    assert store.query("SELECT number FROM version") == [(2,)]
    assert store.query("SELECT number FROM evidence") == store.query("SELECT number FROM gate_check") == [(2,)]
    assert store.query("SELECT checked FROM gate_result") == [("G2",)]
    assert store.query("SELECT kind, number FROM document ORDER BY id") == [
        ("canvas", 0),
        ("card", 2),
        ("risk", 2),
        ("canvas", 0),
    ]


@pytest.mark.parametrize("column", ["predictions", "sample"])
def test_the_rows_that_evidence_rests_on_stay(store: Store, world: World, column: str):
    ml.trash(world.loose.id)
    store.write(lambda c: evidence(c, 1))
    kept = store.artifacts.put(json.dumps([column]).encode())
    store.write(lambda c: c.execute("INSERT INTO artifact VALUES (?, 1, 1)", (kept,)))
    store.write(lambda c: c.execute("DROP TRIGGER evidence_no_update"))
    store.write(lambda c: c.execute(f"UPDATE evidence SET {column} = ?", (kept,)))
    age(store, FOR_EVER)
    found = ml.db.gc()
    assert (found.runs, found.artifacts) == (1, 1)
    assert store.artifacts.names() == sorted([world.model_bytes, kept])
    assert ml.db.check().problems == ()
