"""Saved views: a filter, an order and columns under a name."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.references import complete
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store import migrating
from mlops_nb.store.store import Store
from tests.unit.store.world import age

GOLDEN = Path(__file__).parents[2] / "fixtures" / "store_format_1.db"


@pytest.fixture
def runs(store: Store) -> Store:
    for i in range(6):
        with ActiveRun(store, "demo", params={"depth": i, "model": "hgb" if i % 2 else "rf"}) as run:
            run.log_metric("auc", i / 10)
            run.log_metric("val/loss", 1 - i / 10)
    store.writer.flush()
    return store


def aucs(**given: str) -> list[float]:
    return [run.metrics["auc"] for run in ml.runs(given.pop("where", ""), **given)]


def test_a_view_is_used_by_name_and_what_is_given_comes_on_top(runs: Store):
    made = ml.view(" good ones ", "metrics.auc > 0.1 or params.depth = 0", sort="-metrics.auc")
    assert (made.name, made.filter, made.sort) == ("good ones", "metrics.auc > 0.1 or params.depth = 0", "-metrics.auc")
    assert list(ml.views()) == [made]
    assert aucs(view="good ones") == [0.5, 0.4, 0.3, 0.2, 0.0]
    assert aucs(view="good ones", sort="metrics.auc") == [0.0, 0.2, 0.3, 0.4, 0.5]
    assert aucs(view="good ones", where="params.model = 'hgb' or params.depth = 1") == [0.5, 0.3]
    first = ml.runs(view="good ones", limit=2)
    assert [run.metrics["auc"] for run in ml.runs(view="good ones", limit=2, after=first.next_page)] == [0.3, 0.2]


def test_columns_are_shown(runs: Store):
    made = ml.view("narrow", columns='params.depth, metrics."val/loss", started, params.depth')
    assert made.columns == ("params.depth", "metrics.val/loss", "started")
    found = ml.runs(view="narrow")
    assert found.columns == made.columns
    head = str(found).splitlines()[0]
    assert "depth" in head
    assert "val/loss" in head
    assert "auc" not in head


def test_saving_again_replaces_and_is_audited(runs: Store):
    ml.view("mine", "metrics.auc > 0.3")
    ml.view("mine", "metrics.auc < 0.2", sort="started")
    (found,) = ml.views()
    assert (found.filter, found.sort) == ("metrics.auc < 0.2", "started")
    audited = runs.query("SELECT action, subject, detail FROM audit WHERE action = 'view' ORDER BY seq")
    assert [row[:2] for row in audited] == [("view", "view:mine")] * 2
    assert "metrics.auc < 0.2" in audited[1][2]
    assert runs.verify_audit().fault == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"where": "metrics.auc >"}, "--where ends too early"),
        ({"where": "metrics.auc > 'x'"}, "is text"),
        ({"sort": "metrics"}, "unknown field 'metrics'"),
        ({"sort": "dataset"}, "can't order by dataset"),
        ({"columns": "metrics.auc,,"}, "--columns has"),
        ({"columns": "-metrics.auc"}, "--columns has .*fields alone"),
        ({"columns": "min(metrics.auc)"}, "--columns has .*fields alone"),
        ({"columns": ", ".join(f"params.p{i}" for i in range(31))}, "31 fields.*at most 30"),
        ({"where": "x" * 20_000}, "at most"),
        ({}, "a view of nothing"),
    ],
)
def test_what_can_not_be_understood_is_refused_before_anything_is_written(store: Store, given, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        ml.view("mine", **given)
    assert "\n" not in str(caught.value)
    assert not store.exists


@pytest.mark.parametrize("name", ["", "../../x", "<script>", "a" * 129, "x\ny", "\ud800"])
def test_names_are_those_of_things(store: Store, name: str):
    with pytest.raises(InvalidInput, match="not a valid view name"):
        ml.view(name, "metrics.auc > 0")
    assert not store.exists


def test_a_view_that_is_not_there(runs: Store):
    ml.view("good ones", "metrics.auc > 0.1")
    with pytest.raises(NotFound, match="did you mean 'good ones'"):
        ml.runs(view="good one")
    with pytest.raises(InvalidInput, match="--where ends too early"):
        ml.runs("metrics.auc >", view="good ones")


def test_trash_restore_rename_and_purge(runs: Store):
    ml.view("mine", "metrics.auc > 0.1")
    (moved,) = ml.trash("mine")
    assert (moved.kind, moved.now) == ("view", "in the trash")
    assert list(ml.views()) == []
    with pytest.raises(NotFound):
        ml.runs(view="mine")
    assert [one.now for one in ml.restore("mine", kind="view")] == ["restored"]
    moved = ml.rename("mine", "ours", kind="view")
    assert (moved.kind, moved.now) == ("view", "ours")
    assert [view.name for view in ml.views()] == ["ours"]
    ml.view("mine", sort="started")
    with pytest.raises(InvalidInput, match="already"):
        ml.rename("ours", "mine", kind="view")
    ml.trash("ours", kind="view")
    age(runs, 60)
    assert ml.db.gc(days=30).others == 1
    assert runs.query("SELECT name FROM saved_view") == [("mine",)]


def test_saving_over_a_trashed_one_brings_the_name_back(runs: Store):
    ml.view("mine", "metrics.auc > 0.1")
    ml.trash("mine", kind="view")
    ml.view("mine", "metrics.auc > 0.2")
    assert [view.filter for view in ml.views()] == ["metrics.auc > 0.2"]


def test_completion(runs: Store):
    ml.view("good ones", "metrics.auc > 0.1")
    assert complete(runs, "view", "go") == ["good ones"]
    assert complete(runs, "columns", "metrics.auc,params.de") == ["metrics.auc,params.depth"]
    assert complete(runs, "metric", "val") == ["val/loss"]
    assert "good ones" in complete(runs, "anything", "good")


def test_a_store_of_the_first_format_gets_them(store: Store):
    store.folder.mkdir(parents=True)
    shutil.copy(GOLDEN, store.path)
    before = {run.id for run in ml.runs(limit=1_000, trashed=True)}
    assert store.query("PRAGMA user_version") == [(migrating.newest(),)]
    assert list(ml.views()) == []
    ml.view("mine", "metrics.auc > 0.1")
    assert [view.name for view in ml.views()] == ["mine"]
    assert before
    assert {run.id for run in ml.runs(limit=1_000, trashed=True)} == before
    assert ml.db.check().problems == ()
    (backup,) = (store.folder / "backups").iterdir()
    with contextlib.closing(sqlite3.connect(backup)) as connection:
        assert migrating.format_of(connection) == 1
