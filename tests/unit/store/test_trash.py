"""Trash, restore and rename, for every noun."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store

from .world import build, everything


def _trashed(store: Store, table: str) -> int:
    return int(store.query(f"SELECT count(*) FROM {table} WHERE trashed_us IS NOT NULL")[0][0])


@pytest.mark.parametrize(("kind", "name"), [("experiment", "junk"), ("deployment", "api"), ("run", "")])
def test_there_and_back(store: Store, kind: str, name: str):
    world = build(store)
    name = name or world.loose.id
    (moved,) = ml.trash(name, kind=kind)
    assert (moved.kind, moved.now) == (kind, "in the trash")
    assert _trashed(store, kind) == 1
    (back,) = ml.restore(name, kind=kind)
    assert back.now == "restored"
    assert _trashed(store, kind) == 0
    assert [a for (a,) in store.query("SELECT action FROM audit ORDER BY seq DESC LIMIT 2")] == ["restore", "trash"]
    with pytest.raises(InvalidInput, match="not in the trash"):
        ml.restore(name, kind=kind)


def test_nouns_that_depend_on_each_other(store: Store):
    build(store)
    ml.trash("api", kind="deployment")
    ml.trash("delay/1", kind="version")
    ml.trash("delay", kind="model")
    for name, kind in (("delay", "model"), ("delay/1", "version"), ("api", "deployment")):
        ml.restore(name, kind=kind)
        assert _trashed(store, kind) == 0


@pytest.mark.parametrize(
    ("kind", "needed_by"),
    [
        ("run", "version delay/1"),
        ("experiment", "version delay/1"),
        ("dataset", "version delay/1"),
        ("model", "deployment api"),
        ("version", "deployment api"),
    ],
)
def test_what_is_needed_is_refused_and_says_by_whom(store: Store, kind: str, needed_by: str):
    world = build(store)
    name = {
        "run": world.registered.id,
        "experiment": "flights",
        "dataset": "train-set",
        "model": "delay",
        "version": "delay/1",
    }[kind]
    before = everything(store)
    with pytest.raises(Refused, match=rf"is needed by {needed_by}.*try:") as caught:
        ml.trash(name, kind=kind)
    assert "\n" not in str(caught.value)
    assert everything(store) == before
    with pytest.raises(Refused):
        ml.trash(world.loose.id, name) if kind == "run" else ml.trash(name)
    assert everything(store) == before


def test_a_deployment_that_serves_is_refused(store: Store):
    build(store)
    store.write(lambda c: c.execute("UPDATE deployment SET wanted = 1"))
    with pytest.raises(Refused, match=r"serving.*undeploy api"):
        ml.trash("api")
    with pytest.raises(InvalidInput, match="serving"):
        ml.rename("api", "other")


def test_junk_by_a_filter(store: Store):
    for i in range(6):
        with ActiveRun(store, "sweep", params={"i": i}) as run:
            run.log_metric("auc", i / 10)
    store.writer.flush()
    moved = ml.trash(where="metrics.auc < 0.3")
    assert len(moved) == 3
    assert len(ml.runs()) == 3
    assert len(ml.trash(where="metrics.auc < 0.3")) == 0
    assert len(ml.restore(where="metrics.auc < 0.15")) == 2
    assert len(ml.runs()) == 5
    with pytest.raises(InvalidInput, match="nothing was named"):
        ml.trash()


@pytest.mark.parametrize(
    ("kind", "old"), [("experiment", "junk"), ("dataset", "train-set"), ("model", "delay"), ("deployment", "api")]
)
def test_rename_every_noun_that_has_a_name(store: Store, kind: str, old: str):
    build(store)
    moved = ml.rename(old, "  new name ", kind=kind)
    assert (moved.kind, moved.name, moved.now) == (kind, old, "new name")
    assert store.query(f"SELECT count(*) FROM {kind} WHERE name = 'new name'") == [(1,)]
    with pytest.raises(NotFound):
        ml.rename(old, "again", kind=kind)
    for bad in ("../../x", "", "a" * 200, "<script>"):
        with pytest.raises(InvalidInput, match=f"not a valid {kind} name"):
            ml.rename("new name", bad, kind=kind)
    with pytest.raises(InvalidInput, match="already"):
        ml.rename("new name", "new name", kind=kind)
    assert store.verify_audit().fault == ""


def test_rename_follows_through(store: Store):
    world = build(store)
    ml.rename("junk", "treasure", kind="experiment")
    assert [r.experiment for r in ml.runs("experiment = 'treasure'")] == ["treasure"]
    with pytest.raises(InvalidInput, match=r"has no name of its own.*%note"):
        ml.rename(world.loose.id, "x")
    with pytest.raises(InvalidInput, match="has no name of its own"):
        ml.rename("delay/1", "x", kind="version")


def test_refusals_are_one_line(store: Store):
    build(store)
    with pytest.raises(NotFound, match="did you mean 'junk'"):
        ml.trash("junkk")
    with pytest.raises(InvalidInput, match="there is no kind"):
        ml.trash("junk", kind="elephant")  # type: ignore[arg-type]
    with ActiveRun(store, "delay"):
        pass
    store.writer.flush()
    with pytest.raises(InvalidInput, match=r"name of a experiment and model.*--kind"):
        ml.trash("delay")
    for hostile in ("../../x", "'; DROP TABLE run; --", "<script>", "\ud800", "a" * 1_000_000, "\x00"):
        with pytest.raises((NotFound, InvalidInput)) as caught:
            ml.trash(hostile)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1000
