"""Series: reduced so that no spike is lost, exact when there are few points, and sampled for lists."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.runs.curves import sparks
from mlops_nb.runs.numbers import FAR
from mlops_nb.show import json_document
from mlops_nb.store.store import Store


def logged(store: Store, points: list[tuple[int, float]], name: str = "loss") -> str:
    with ActiveRun(store, "demo") as run:
        for step, value in points:
            run.log_metric(name, value, step)
    store.writer.flush()
    return run.id


def test_few_points_come_exactly(store: Store):
    run = logged(store, [(4, 0.5), (0, 1.0), (2, math.nan), (2, 0.75), (3, math.inf)])
    found = ml.curve(run, "loss")
    assert (found.run, found.metric, found.total, found.direction) == (run, "loss", 5, -1)
    assert (found.first, found.last, found.steps) == (0, 4, (0, 2, 2, 3, 4))
    assert math.isnan(found.values[1])
    assert found.values[:1] + found.values[2:] == (1.0, 0.75, math.inf, 0.5)
    assert repr(found.lows) == repr(found.highs) == repr(found.values)
    assert not found.reduced
    assert list(found.df.columns) == ["step", "value", "low", "high"]
    assert json.loads(json_document(found))["result"]["values"] == [1.0, "nan", 0.75, "inf", 0.5]


def test_no_spike_is_lost_and_zooming_finds_it(store: Store):
    values = [1 / (1 + i / 100) for i in range(20_000)]
    values[7_777] += 2
    values[12_345] -= 2
    run = logged(store, list(enumerate(values)))
    whole = ml.curve(run, "loss", points=100)
    assert (len(whole.steps), whole.total, whole.reduced) == (100, 20_000, True)
    assert max(whole.highs) == max(values)
    assert min(whole.lows) == min(values)
    assert (whole.steps[-1], whole.values[-1]) == (19_999, values[-1])
    near = ml.curve(run, "loss", first=7_700, last=7_799, points=100)
    assert near.values == tuple(values[7_700:7_800])
    assert (near.first, near.last, near.total) == (7_700, 7_799, 100)


def test_nan_is_a_gap(store: Store):
    series = [(i, math.nan if 400 <= i < 800 or i % 7 == 2 else float(i)) for i in range(1_000)]
    found = ml.curve(logged(store, series), "loss", points=10)
    assert [math.isnan(v) for v in found.values] == [False] * 4 + [True] * 4 + [False] * 2
    assert [math.isnan(v) for v in found.lows] == [False] * 4 + [True] * 4 + [False] * 2
    assert (found.lows[0], found.highs[0], found.values[0]) == (0.0, 99.0, 99.0)


def test_refusals(store: Store):
    run = logged(store, [(0, 1.0), (9, 0.5)])
    with pytest.raises(NotFound, match=rf"{run[:10]} has no metric 'los'.*did you mean 'loss'"):
        ml.curve(run, "los")
    with pytest.raises(InvalidInput, match="first is 5 and last is 4"):
        ml.curve(run, "loss", first=5, last=4)
    for points in (1, 5_001, -1, 2.5):
        with pytest.raises(InvalidInput, match="points is"):
            ml.curve(run, "loss", points=points)
    with pytest.raises(InvalidInput, match="first is"):
        ml.curve(run, "loss", first=2**62)
    with pytest.raises(NotFound):
        ml.curve("01ZZZZZZZZ", "loss")


def test_beyond_the_ends_there_is_nothing(store: Store):
    run = logged(store, [(0, 1.0), (9, 0.5)])
    assert ml.curve(run, "loss", first=10).steps == ()
    assert ml.curve(run, "loss", last=-1).steps == ()
    assert ml.curve(run, "loss", first=1, last=8).total == 0
    assert ml.curve(run, "loss", first=-FAR + 1, last=FAR - 1).steps == (0, 9)


def test_steps_as_far_apart_as_a_store_can_hold(store: Store):
    far = [(-FAR + 1 + i, float(i)) for i in range(20)] + [(FAR - 21 + i, float(i)) for i in range(20)]
    run = logged(store, far)
    found = ml.curve(run, "loss", points=7)
    assert (found.total, min(found.lows), max(found.highs)) == (40, 0.0, 19.0)
    # All places but the last lie in the first half of the steps, whose last value is 19.
    assert sparks(store, [run], ["loss"])[run, "loss"] == (0.0, *[19.0] * 23)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    series=st.lists(
        st.tuples(st.integers(-50, 400), st.floats(-10, 10) | st.sampled_from([math.nan, math.inf])), min_size=1
    ),
    points=st.integers(2, 40),
    span=st.tuples(st.integers(-60, 410), st.integers(-60, 410)).map(sorted),
)
def test_a_curve_is_its_points_seen_from_afar(store: Store, series, points, span):
    run = logged(store, series)
    first, last = span
    found = ml.curve(run, "loss", first=first, last=last, points=points)
    inside = sorted([(step, i, value) for i, (step, value) in enumerate(series) if first <= step <= last])
    assert found.total == len(inside)
    assert len(found.steps) <= points
    assert list(found.steps) == sorted(found.steps)
    numbers = [value for _, _, value in inside if not math.isnan(value)]
    highs = [value for value in found.highs if not math.isnan(value)]
    lows = [value for value in found.lows if not math.isnan(value)]
    assert (max(highs, default=None), min(lows, default=None)) == (
        max(numbers, default=None),
        min(numbers, default=None),
    )
    if inside:
        assert found.steps[-1] == inside[-1][0]
        assert repr(found.values[-1]) == repr(inside[-1][2])


def test_sparks_read_a_few_values_of_many_series(store: Store):
    rng = random.Random(7)
    with ActiveRun(store, "demo") as long:
        for i in range(1_000):
            long.log_metric("loss", float(i), i)
            long.log_metric("noise", rng.random(), i)
        for i in range(5):
            long.log_metric("val/loss", [3.0, math.nan, 1.0, math.inf, 0.0][i], 10 * i)
        long.log_metric("auc", 0.9)
        long.log_metric("auc", 0.95)
    short = logged(store, [(9, 9.0), (1, 1.0), (4, 4.0)])
    found = sparks(store, [long.id, short], ["loss", "val/loss", "auc", "nothing", "noise"])
    assert set(found) == {(long.id, "loss"), (long.id, "noise"), (long.id, "val/loss"), (short, "loss")}
    assert len(found[long.id, "loss"]) == 24
    assert (found[long.id, "loss"][0], found[long.id, "loss"][-1]) == (0.0, 999.0)
    assert list(found[long.id, "loss"]) == [float(999 * i // 23) for i in range(24)]
    assert repr(found[long.id, "val/loss"]) == "(3.0, nan, 1.0, inf, 0.0)"
    assert found[short, "loss"] == (1.0, 4.0, 9.0)
    assert sparks(store, [], ["loss"]) == {}
    assert sparks(store, [long.id], []) == {}


def test_sparks_of_one_step_give_the_last_value(store: Store):
    run = logged(store, [(0, float(i)) for i in range(100)])
    assert sparks(store, [run], ["loss"])[run, "loss"] == (99.0,) * 24


def test_the_card_has_the_same_curves(store: Store):
    run = logged(store, [(i, float(i * i)) for i in range(500)])
    (metric,) = ml.show(run).metrics
    assert metric.curve == sparks(store, [run], ["loss"])[run, "loss"]


def test_lists_and_cards_show_the_best_point(store: Store):
    with ActiveRun(store, "demo") as run:
        for value in (0.5, 0.2, 0.4):
            run.log_metric("loss", value)
            run.log_metric("val/auc", value)
            run.log_metric("epochs", value)
            run.log_metric("broken_loss", math.nan)
        run.log_metric("accuracy", 0.9)
    store.writer.flush()
    (listed,) = ml.runs()
    assert listed.best == {"loss": 0.2, "val/auc": 0.5} == ml.show(run.id).run.best
    assert listed.metrics["loss"] == 0.4
