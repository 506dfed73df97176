"""A run while it is recorded: what is logged is what is stored."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.runs import active_run
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.runs.cost import Meter
from mlops_nb.store import writer
from mlops_nb.store.store import Store


def _series(store: Store, name: str) -> list[tuple[int, float | None, int]]:
    return store.query(
        "SELECT step, value, p.kind FROM point p JOIN key k ON k.id = p.key WHERE k.name = ? ORDER BY step, seq",
        (name,),
    )


def _metric(store: Store, name: str) -> tuple[Any, ...]:
    return store.query("SELECT value, least, greatest, step, points FROM metrics WHERE metric = ?", (name,))[0]


def test_steps_count_on_from_the_last(store: Store):
    with ActiveRun(store, "a") as run:
        for step in (None, None, 10, None, 3, None):
            run.log_metric("x", 1.0, step)
        run.log_metric("numpy", 1.0, step=np.int64(7))  # type: ignore[arg-type]
        run.log_metric("numpy", 1.0, step=8.0)  # type: ignore[arg-type]
        run.log_metric("numpy", 1.0)
        run.log_metric("edge", 1.0, step=2**62 - 1)
        run.log_metric("edge", 1.0, step=-(2**62 - 1))
    assert [s for s, _, _ in _series(store, "x")] == [0, 1, 3, 4, 10, 11]
    assert [s for s, _, _ in _series(store, "numpy")] == [7, 8, 9]
    assert [s for s, _, _ in _series(store, "edge")] == [-(2**62 - 1), 2**62 - 1]


@pytest.mark.parametrize("step", [2**62, -(2**62), 2.5, math.nan, math.inf, "3", [1], 1j])
def test_steps_that_are_refused(store: Store, step: Any):
    with ActiveRun(store, "a") as run, pytest.raises(InvalidInput, match=r"step of metric 'x' is .*expected"):
        run.log_metric("x", 1.0, step)
    assert store.query("SELECT count(*) FROM point") == [(0,)]


def test_counting_on_after_the_last_step_hurts_no_other_metric(store: Store):
    with ActiveRun(store, "a") as run:
        run.log_metric("x", 1.0, step=2**62 - 1)
        run.log_metric("x", 2.0)
        run.log_metric("y", 3.0)
    assert _metric(store, "y")[0] == 3.0


def test_nan_and_the_infinities_are_kept_and_do_not_spoil_least_and_greatest(store: Store):
    values = [math.nan, 2.0, math.inf, -math.inf, 1.0, math.nan]
    with ActiveRun(store, "a") as run:
        for value in values:
            run.log_metric("together", value)
        for value in values:
            run.log_metric("apart", value)
            store.writer.flush()
        run.log_metric("none", math.nan)
        run.log_metric("then", math.nan)
        store.writer.flush()
        run.log_metric("then", 5.0)
    for name in ("together", "apart"):
        assert [k for _, _, k in _series(store, name)] == [1, 0, 2, 3, 0, 1]
        assert _metric(store, name) == (None, -math.inf, math.inf, 5, 6)
    assert _metric(store, "none") == (None, None, None, 0, 1)
    assert _metric(store, "then") == (5.0, 5.0, 5.0, 1, 2)
    (found,) = ml.runs()
    assert math.isnan(found.metrics["none"])
    assert math.isnan(found.metrics["together"])


def test_least_and_greatest_over_many_batches(store: Store):
    with ActiveRun(store, "a") as run:
        for value in (3.0, 5.0, 1.0, 4.0):
            run.log_metric("x", value)
            store.writer.flush()
    assert _metric(store, "x") == (4.0, 1.0, 5.0, 3, 4)


@pytest.mark.parametrize(
    "value",
    [
        1,
        True,
        np.float32(1),
        np.float64(1),
        np.int8(1),
        np.bool_(True),
        np.array(1.0),
        np.array([1.0]),
        np.array([[1]]),
        Decimal(1),
        Fraction(1, 1),
        np.longdouble(1),
    ],
)
def test_numbers_of_all_kinds_are_metrics(store: Store, value: Any):
    with ActiveRun(store, "a") as run:
        run.log_metric("x", value)
    assert _metric(store, "x")[0] == 1.0


@pytest.mark.parametrize(
    "value", ["1", b"1", None, [1], np.array([1.0, 2.0]), 1j, np.complex128(1), 10**400, {}, object(), Decimal("sNaN")]
)
def test_what_is_no_number_is_refused_in_one_line(store: Store, value: Any):
    with (
        ActiveRun(store, "a") as run,
        pytest.raises(InvalidInput, match=r"metric 'x' is .*expected one number") as caught,
    ):
        run.log_metric("x", value)
    assert "\n" not in str(caught.value)


def test_params_come_back_as_what_they_were(store: Store):
    params = {
        "int": 8,
        "big": 2**60,
        "float": 0.1,
        "tiny": 5e-324,
        "bool": True,
        "none": None,
        "text": "hgb",
        "digits": "007",
        "inf": math.inf,
        "minus": -math.inf,
        "emoji": "🦜" * 100,
    }
    with ActiveRun(store, "a", params=params) as run:
        run.log_params({"nan": math.nan})
    (found,) = ml.runs()
    nan = found.params["nan"]
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert {k: v for k, v in found.params.items() if k != "nan"} == params
    assert all(type(found.params[k]) is type(v) for k, v in params.items())


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (np.float64(0.1), "0.1", 0.1),
        (np.float32(0.1), "0.1", 0.1),
        (np.int64(5), "5", 5.0),
        (np.bool_(False), "False", 0.0),
        (np.array(3), "3", 3.0),
        (np.str_("a"), "a", None),
        (Decimal("0.10"), "0.10", 0.1),
        (Decimal("NaN"), "NaN", None),
        (Fraction(1, 4), "1/4", 0.25),
        (10**400, str(10**400), None),
        ([1, 2], "[1, 2]", None),
        ("a\x00b", "a\ufffdb", None),
        ("a\ud800b", "a?b", None),
    ],
)
def test_params_of_other_libraries(store: Store, value: Any, text: str, number: float | None):
    with ActiveRun(store, "a", params={"x": value}):
        pass
    assert ml.sql("SELECT value, number FROM params").rows == ((text, number),)


def test_params_that_have_no_text_are_refused(store: Store):
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError("no\ntext")

    for value, told in (
        (Rude(), "can't be written as text"),
        ("x" * 4001, "4,001 characters"),
        (10**5000, "can't be written as text"),
    ):
        with pytest.raises(InvalidInput, match=told) as caught:
            ActiveRun(store, "a", params={"x": value})
        assert "\n" not in str(caught.value)
    assert not store.exists


def test_a_later_param_or_tag_replaces_an_earlier_one(store: Store):
    with ActiveRun(store, "a", params={"depth": 8, "kind": "x"}, tags={"team": "ops"}) as run:
        run.log_params(depth=9)
        run.log_params({"kind": 3})
        run.set_tags(team="ml", stage="test")
    (found,) = ml.runs()
    assert found.params == {"depth": 9, "kind": 3}
    assert found.tags == {"team": "ml", "stage": "test"}


def test_all_or_nothing_of_one_call(store: Store):
    with ActiveRun(store, "a") as run:
        with pytest.raises(InvalidInput):
            run.log_params({"good": 1, "bad\n": 2})
        with pytest.raises(InvalidInput):
            run.set_tags({"good": 1, "bad": "x" * 5000})
    (found,) = ml.runs()
    assert (found.params, found.tags) == ({}, {})


def test_a_thread_that_outlives_the_run_loses_nothing(store: Store):
    logged = 0
    for _ in range(10):
        go = threading.Event()
        with ActiveRun(store, "a") as run:

            def late(run: ActiveRun = run, go: threading.Event = go) -> None:
                go.wait()
                for i in range(300):
                    run.log_metric("late", float(i))
                    if i % 50 == 0:
                        time.sleep(0.002)

            thread = threading.Thread(target=late)
            thread.start()
            run.log_metric("early", 1.0)
            go.set()
        store.writer.flush()
        thread.join()
        logged += 300
    store.writer.flush()
    assert store.query("SELECT sum(points) FROM metrics WHERE metric = 'late'") == [(logged,)]
    assert store.query("SELECT count(*) FROM point p JOIN key k ON k.id = p.key WHERE k.name = 'late'") == [(logged,)]
    run.log_metric("later still", 1.0)
    store.writer.flush()
    assert _metric(store, "later still")[4] == 1


def test_an_ended_run_is_asked_no_longer(store: Store):
    for _ in range(5):
        with ActiveRun(store, "a") as run:
            run.log_metric("x", 1.0)
    store.writer.flush()
    assert store.writer._sources == set()


def test_a_finished_run_has_all_its_points(store: Store):
    """Whoever sees `finished` sees every point: they are one transaction."""
    seen: list[tuple[str, int]] = []
    stop = threading.Event()
    other = sqlite3.connect(":memory:")
    other.close()

    def watch() -> None:
        with store._readers.reading() as connection:  # not `query`, which would wait for the writer
            while not stop.is_set():
                seen.extend(
                    connection.execute(
                        "SELECT r.status, coalesce(m.points, 0) FROM run r LEFT JOIN metric m ON m.run = r.id"
                    )
                )

    store.write(lambda _: None)
    thread = threading.Thread(target=watch)
    thread.start()
    for _ in range(20):
        with ActiveRun(store, "a") as run:
            for i in range(50):
                run.log_metric("x", float(i))
        store.writer.flush()
    stop.set()
    thread.join()
    assert {points for status, points in seen if status == "finished"} == {50}


def test_how_a_run_ends(store: Store):
    with ActiveRun(store, "ok"):
        pass
    with pytest.raises(ValueError, match="bad"), ActiveRun(store, "failed"):
        raise ValueError("bad\nsecond line \ud800\x00")
    with pytest.raises(KeyboardInterrupt), ActiveRun(store, "stopped"):
        raise KeyboardInterrupt
    run = ActiveRun(store, "twice")
    run.end("finished")
    run.end("failed", "no")
    rows = store.query(
        "SELECT e.name, r.status, r.error FROM run r JOIN experiment e ON e.id = r.experiment ORDER BY r.id"
    )
    assert rows == [
        ("ok", "finished", None),
        ("failed", "failed", "ValueError: bad"),
        ("stopped", "interrupted", "KeyboardInterrupt: "),
        ("twice", "finished", None),
    ]


@pytest.mark.parametrize("text", ["\ud800", "\x00", "x" * 3_000_000, "🦜\n" * 10_000, ""])
def test_errors_with_hostile_texts_still_end_the_run(store: Store, text: str):
    with pytest.raises(ValueError), ActiveRun(store, "a"):  # noqa: PT011
        raise ValueError(text)
    ((status, error),) = store.query("SELECT status, error FROM run")
    assert status == "failed"
    assert error.startswith("ValueError: ")
    assert len(error) <= 4000


def test_an_error_whose_text_raises_still_ends_the_run(store: Store):
    class Rude(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(Rude), ActiveRun(store, "a"):
        raise Rude
    assert store.query("SELECT status FROM run") == [("failed",)]


def test_a_refused_note_writes_nothing(store: Store):
    with pytest.raises(InvalidInput, match="the note has 5,000 characters"):
        ActiveRun(store, "a", note="x" * 5000)
    with ActiveRun(store, "a", note="half \ud800"):
        pass
    assert store.query("SELECT note FROM run") == [("half ?",)]


def test_artifacts_figures_and_tables(store: Store):
    matplotlib = pytest.importorskip("matplotlib.figure")
    figure = matplotlib.Figure()
    figure.subplots().plot([1, 2])
    with ActiveRun(store, "a") as run:
        one = run.log_artifact(b"bytes", "b")
        two = run.log_figure(figure)
        three = run.log_table([{"a": 1}, {"a": 2}], "t")
        assert run.log_artifact(b"other", "b") != one
    store.writer.flush()
    card = ml.show(run.id)
    assert sorted((a.name, a.kind) for a in card.artifacts) == [
        ("b", "file"),
        ("figure.png", "figure"),
        ("t.parquet", "table"),
    ]
    assert store.artifacts.get(two).startswith(b"\x89PNG")
    assert store.artifacts.get(three).startswith(b"PAR1")


def test_a_heartbeat_is_written_while_nothing_is_logged(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(active_run, "_HEARTBEAT_US", 100_000)
    run = ActiveRun(store, "a")
    first = store.query("SELECT heartbeat_us FROM run")[0][0]
    time.sleep(1.2)
    assert store.query("SELECT heartbeat_us FROM run")[0][0] > first + 500_000
    run.end("finished")


def test_describe_metric_and_values(store: Store):
    with ActiveRun(store, "a") as run:
        run.describe_metric("auc", "test", "line 7: roc_auc_score(y, p) \ud800", 1)
        run.log_metric("auc", 0.9)
        run.put_values({"n": 3.0, "bad": math.nan})
        run.problem("capture could not read \x00 password='hunter22'")
    (metric,) = ml.show(run.id).metrics
    assert (metric.role, metric.provenance, metric.direction) == ("test", "line 7: roc_auc_score(y, p) ?", 1)
    assert store.query("SELECT what FROM problem") == [("capture could not read \ufffd password='••••••'",)]
    assert store.query("SELECT count(*) FROM value") == [(2,)]


def test_what_is_refused_inside_the_writer_is_noted(store: Store):
    with ActiveRun(store, "a") as run:
        run.put_values({"bad\nkey": 1.0})
        run.log_metric("x", 1.0)
    store.writer.flush()
    store.writer.flush()
    assert run.unsaved is not None
    assert "not a valid value key" in run.unsaved.line()
    assert [w for (w,) in store.query("SELECT what FROM problem")] == [
        f"not everything could be saved: {run.unsaved.line()}"
    ]
    assert _metric(store, "x")[0] == 1.0


def test_a_metric_that_was_dropped_can_be_logged_again(store: Store):
    with ActiveRun(store, "a") as run:
        run.log_metric("x", 1.0)
        run.log_metric("x", 2.0)
        ml.untrack(run.id, "metrics.x")
        run.log_metric("x", 3.0)
    assert _metric(store, "x") == (3.0, 3.0, 3.0, 2, 1)


def test_the_meter_measures_this_run_and_not_the_process():
    big = bytearray(200_000_000)
    big[::4096] = b"x" * len(big[::4096])
    del big
    outer = Meter()
    middle = bytearray(120_000_000)
    middle[::4096] = b"x" * len(middle[::4096])
    inner_before = Meter()
    del middle
    inner = Meter()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    small, large = inner.stop(), outer.stop()
    inner_before.stop()
    assert small.wall_us > 0
    assert small.cpu_us >= 45_000
    assert large.cpu_us >= small.cpu_us
    assert small.peak_bytes is not None
    assert large.peak_bytes is not None
    if inner._ours:
        assert large.peak_bytes - small.peak_bytes > 60_000_000


def test_logging_is_quick_for_the_caller(store: Store):
    run = ActiveRun(store, "a")
    best = math.inf
    for _ in range(5):
        begun = time.perf_counter()
        for i in range(5000):
            run.log_metric("x", 0.5, step=i)
        best = min(best, (time.perf_counter() - begun) / 5000)
        store.writer.flush()
    run.end("finished")
    assert best < 20e-6  # 0.7 µs on an idle machine


def test_a_child_process_waits_for_the_first_row_of_its_parent(store):
    """A spawned child can be quicker than the first write into a new store."""
    from mlops_nb.store.ids import new_ulid

    with ml.track("older"):
        pass
    parent = new_ulid()

    def late():
        time.sleep(0.4)
        store.write(lambda connection: connection.execute("UPDATE run SET ulid = ?", (parent,)))

    writer = threading.Thread(target=late)
    writer.start()
    with ml.track("child", parent=parent) as run:
        pass
    writer.join()
    assert ml.show(run.id).run.parent == parent
