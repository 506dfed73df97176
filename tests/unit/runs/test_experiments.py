"""Experiments: counts, the headline metric, its best run and its trend."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys

import pytest

import mlops_nb as ml
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store


def run(store: Store, experiment: str, **metrics: float) -> str:
    with ActiveRun(store, experiment) as opened:
        opened.log_metrics(metrics)
    store.writer.flush()
    return opened.id


def test_an_empty_store_says_how_to_begin(store: Store):
    found = ml.experiments()
    assert list(found) == []
    assert "%%track" in str(found)


def test_counts_best_and_trend(store: Store):
    values = [0.5, 0.9, math.nan, 0.7, 0.9]
    made = [run(store, "flights", auc=value) for value in values]
    with pytest.raises(ZeroDivisionError), ActiveRun(store, "flights") as broken:
        broken.log_metric("auc", 1.0 + (broken.log_metric("auc", 1.0) or 1) / 0)
    ml.trash(run(store, "flights", auc=2.0))
    other = run(store, "churn", loss=0.3)
    run(store, "gone", auc=1.0)
    ml.trash("gone", kind="experiment")
    churn, flights = ml.experiments()
    assert (churn.name, churn.runs, churn.metric, churn.best, churn.best_run) == ("churn", 1, "loss", 0.3, other)
    assert (flights.name, flights.runs, flights.running, flights.failed) == ("flights", 6, 0, 1)
    assert (flights.metric, flights.best, flights.best_run) == ("auc", 0.9, made[1])
    assert flights.trend == (0.5, 0.9, 0.7, 0.9)
    assert flights.last_run == broken.id
    assert flights.last_us == store.query("SELECT ended_us FROM run WHERE ulid = ?", (broken.id,))[0][0]


def test_less_is_better_for_a_loss(store: Store):
    made = [run(store, "a", loss=value) for value in (0.5, 0.1, 0.3)]
    (found,) = ml.experiments()
    assert (found.best, found.best_run) == (0.1, made[1])


def test_the_headline_is_known_used_and_not_of_training(store: Store):
    for _ in range(3):
        run(store, "a", train_auc=0.99, epochs=3.0, rmse=0.5)
    run(store, "a", auc=0.5, rmse=0.4)
    store.write(
        lambda c: c.execute(
            "INSERT INTO metric(run, key, last, step, points, role, direction) "
            "SELECT r.id, (SELECT id FROM key WHERE name = 'auc'), 1.0, 0, 1, 'train', 1 FROM run r WHERE r.id < 4"
        )
    )
    (found,) = ml.experiments()
    assert (found.metric, found.best) == ("rmse", 0.4)
    for _ in range(2):
        run(store, "b", epochs=1.0)
    nothing = ml.experiments()[0]
    assert (nothing.name, nothing.metric, nothing.best, nothing.best_run, nothing.trend) == ("b", "", None, "", ())


def test_only_the_newest_runs_choose_the_headline(store: Store):
    for i in range(60):
        run(store, "a", mae=float(i))
    for _ in range(50):
        run(store, "a", f1=0.5)
    (found,) = ml.experiments()
    assert found.metric == "f1"
    assert len(found.trend) == 30


def test_the_best_is_found_far_from_the_best_of_all(store: Store):
    low = [run(store, "low", auc=value) for value in (0.1, 0.2, 0.2)]
    for i in range(100):
        run(store, "high", auc=0.9 + i / 10_000)
    found = {experiment.name: experiment for experiment in ml.experiments()}
    assert (found["low"].best, found["low"].best_run) == (0.2, low[1])
    assert found["high"].best == 0.9 + 99 / 10_000


def test_the_best_is_found_when_many_runs_have_its_very_value(store: Store):
    for _ in range(260):
        run(store, "many", auc=0.5)
    few = [run(store, "few", auc=0.5) for _ in range(2)]
    for i in range(80):
        run(store, "high", auc=0.9 + i / 10_000)
    found = {experiment.name: experiment for experiment in ml.experiments()}
    assert (found["few"].best, found["few"].best_run) == (0.5, few[0])


HANGS = """
import sys, time
import mlops_nb as ml
ml.store(sys.argv[1])
with ml.track("live"):
    ml.log_metric("auc", 0.5)
    ml.store().writer.flush()
    print("go", flush=True)
    time.sleep(60)
"""


def test_a_run_whose_process_died_is_not_running(store: Store):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, str(store.folder)], env=environment, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    (alive,) = ml.experiments()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (dead,) = ml.experiments()
    assert (alive.runs, alive.running, dead.runs, dead.running) == (1, 1, 1, 0)
    assert dead.best is None


def test_two_hundred_experiments_take_no_walk_each(store: Store):
    """What one more experiment costs is a few lookups: the plans name an index wherever rows are many."""
    from mlops_nb.runs import experiments

    run(store, "a", auc=0.5)
    for sql, values in (
        (experiments._COUNTS, ()),
        (experiments._ALL, ()),
        (experiments._USED, ()),
        (experiments._TRENDS, (1, 1)),
        (experiments._TOP.format(order="DESC"), (1, 20)),
        (experiments._OF_VALUE, (1, 0.5, 1)),
        (experiments._IN_EXPERIMENT, (1, 1, 0.5)),
    ):
        plan = [row[3] for row in store.query(f"EXPLAIN QUERY PLAN {sql}", values)]
        scans = [step for step in plan if step.startswith("SCAN")]
        assert all(step.split()[1] in ("e", "n", "t") or "COVERING INDEX" in step for step in scans), plan


def test_shown_as_a_table(store: Store):
    for value in (0.5, 0.6, 0.7):
        run(store, "demo", auc=value)
    found = ml.experiments()
    assert str(found).splitlines()[0].split("  ")[0] == "experiment"
    assert "▁" in str(found)
    html = found._repr_html_()
    assert "<svg" in html
    assert "auc of the newest 3 finished runs: 0.5000 to 0.7000" in html
    assert "demo" in str(found[0])
