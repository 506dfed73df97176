"""`db gc`: what is old in the trash goes, then what nothing refers to; nothing else."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store

from .world import age, build, everything


def _count(store: Store, table: str) -> int:
    return int(store.query(f"SELECT count(*) FROM {table}")[0][0])


def test_nothing_in_the_trash_means_that_only_the_unreferred_goes(store: Store):
    world = build(store)
    age(store, 2)
    assert store.artifacts.put(b"stray") not in (world.model_bytes, world.loose_bytes)
    age(store, 2)
    found = ml.db.gc(days=0)
    assert (found.runs, found.others, found.artifacts, found.texts, found.bytes) == (0, 0, 1, 1, 5)
    assert _count(store, "run") == 2
    assert store.artifacts.names() == sorted([world.model_bytes, world.loose_bytes])
    assert ml.db.check().problems == ()


def test_a_trashed_run_goes_with_all_that_only_it_had(store: Store):
    world = build(store)
    ml.trash(world.loose.id)
    age(store, 31)
    found = ml.db.gc()
    assert (found.runs, found.artifacts, found.texts) == (1, 1, 2)
    for table, left in (
        ("run", 1),
        ("point", 1),
        ("metric", 1),
        ("tag", 0),
        ("run_artifact", 1),
        ("run_dataset", 1),
        ("dataset_version", 1),
        ("dataset_file", 1),
        ("cell", 1),
        ("text", 1),
        ("artifact", 1),
    ):
        assert _count(store, table) == left, table
    assert store.query("SELECT 1 FROM edge WHERE child = ?", (f"run:{world.loose.id}",)) == []
    assert store.artifacts.names() == [world.model_bytes]
    assert ml.db.check().problems == ()
    assert store.query("SELECT action FROM audit ORDER BY seq DESC LIMIT 1") == [("gc",)]


def test_younger_than_the_limit_stays(store: Store):
    world = build(store)
    ml.trash(world.loose.id)
    age(store, 29.9)
    assert ml.db.gc().runs == 0
    assert ml.db.gc(days=30).runs == 0
    assert ml.db.gc(days=29).runs == 1


@pytest.mark.parametrize("days", [0, 30])
def test_dry_changes_nothing_and_says_what_the_real_run_does(store: Store, days: int):
    world = build(store)
    ml.trash(world.loose.id)
    ml.trash("api", kind="deployment")
    ml.trash("delay/1", kind="version")
    ml.trash("train-set", kind="dataset")
    store.artifacts.put(b"stray")
    age(store, 40)
    before = everything(store)
    dry = ml.db.gc(days=days, dry=True)
    assert everything(store) == before
    real = ml.db.gc(days=days)
    assert (dry.runs, dry.others, dry.artifacts, dry.texts, dry.bytes) == (
        real.runs,
        real.others,
        real.artifacts,
        real.texts,
        real.bytes,
    )
    assert real.runs == 1
    assert real.artifacts == 2
    assert ml.db.check().problems == ()


def test_what_a_version_needs_stays_even_when_it_is_in_the_trash(store: Store):
    world = build(store)
    store.write(lambda c: c.execute("UPDATE run SET trashed_us = 1"))
    store.write(lambda c: c.execute("DELETE FROM run_artifact"))
    store.write(lambda c: c.execute("DELETE FROM run_dataset"))
    age(store, 40)
    found = ml.db.gc(days=0)
    assert found.runs == 1
    assert found.kept == (f"run {world.registered.id[:10]} is needed by version delay/1",)
    ml.trash("api", kind="deployment")
    ml.trash("delay/1", kind="version")
    age(store, 40)
    assert (ml.db.gc(dry=True).runs, ml.db.gc(dry=True).kept) == (1, ())
    assert store.artifacts.names() == [world.model_bytes]
    assert store.query("SELECT digest FROM dataset_version") == [("fp1b:aa",)]


def test_a_chain_of_trash_goes_in_order(store: Store):
    world = build(store)
    for name, kind in (("api", "deployment"), ("delay/1", "version"), ("delay", "model")):
        ml.trash(name, kind=kind)
    age(store, 40)
    ml.db.gc()
    for table in ("deployment", "version", "model", "hold"):
        assert _count(store, table) == 0, table
    ml.trash(world.registered.id, world.loose.id)
    ml.trash("train-set", kind="dataset")
    ml.trash("flights", "junk", kind="experiment")
    age(store, 40)
    ml.db.gc()
    for table in (
        "run",
        "experiment",
        "dataset",
        "dataset_name",
        "dataset_version",
        "artifact",
        "text",
        "cell",
        "point",
        "edge",
    ):
        assert _count(store, table) == 0, table
    assert store.artifacts.names() == []
    assert ml.db.check().problems == ()


def test_runs_of_a_trashed_experiment_and_versions_of_a_trashed_model_go_too(store: Store):
    build(store)
    ml.trash("junk", kind="experiment")
    ml.trash("api", kind="deployment")
    ml.trash("delay", kind="model")
    age(store, 40)
    ml.db.gc()
    assert store.query("SELECT name FROM experiment") == [("flights",)]
    assert _count(store, "run") == 1
    assert _count(store, "version") == 0


def test_a_stopped_deployment_keeps_its_version(store: Store):
    build(store)
    store.write(lambda c: c.execute("UPDATE version SET trashed_us = 1"))
    ml.db.gc(days=0)
    assert _count(store, "version") == 1


def test_a_run_that_is_recorded_just_now_does_not_vanish(store: Store):
    run = ActiveRun(store, "a")
    run.log_metric("x", 1.0)
    ml.trash(run.id)
    assert ml.db.gc(days=0).runs == 0
    run.log_metric("x", 2.0)
    run.end("finished")
    assert store.query("SELECT points FROM metric") == [(2,)]
    assert ml.db.gc(days=0).runs == 1


def test_young_files_stay_and_so_does_what_is_put_while_gc_runs(store: Store):
    """Strays a day old are put again, and referred to, by eight threads while gc runs over and over."""
    data = [b"%d" % i for i in range(60)]
    for one in data:
        store.artifacts.put(one)
    age(store, 1)
    stop = threading.Event()
    collected: list[Any] = []

    def collect() -> None:
        while not stop.is_set():
            collected.append(ml.db.gc(days=0))

    thread = threading.Thread(target=collect)
    thread.start()
    run = ActiveRun(store, "a")

    def put(me: int) -> None:
        for i, one in enumerate(data):
            if i % 4 == me:
                run.put_artifact(f"{i}", "file", one, {})

    threads = [threading.Thread(target=put, args=(me,)) for me in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    run.end("finished")
    store.writer.flush()
    stop.set()
    thread.join()
    assert ml.db.check().problems == ()
    assert len(store.artifacts.names()) == 60


def test_refusals(store: Store):
    with pytest.raises(InvalidInput, match="days is -1"):
        ml.db.gc(days=-1)


def test_a_failing_purge_removes_no_file(store: Store):
    build(store)
    store.write(lambda c: c.execute("CREATE TRIGGER stop BEFORE DELETE ON text BEGIN SELECT RAISE(ABORT, 'stop'); END"))
    store.artifacts.put(b"stray")
    age(store, 2)
    with pytest.raises((sqlite3.IntegrityError, Exception), match="stop"):
        ml.db.gc(days=0)
    assert len(store.artifacts.names()) == 3
