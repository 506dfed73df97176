"""Micro-batches: what is there together is predicted together, and nobody suffers from a neighbour."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.predictor import ModelFailure
from mlops_nb.serving.batching import Batcher, Busy, TooLate, joined


class Model:
    """Doubles numbers; refuses NaN; can be held back."""

    def __init__(self) -> None:
        self.goes_on, self.began = threading.Event(), threading.Event()
        self.goes_on.set()
        self.sizes: list[int] = []
        self.asked: list[tuple[str, ...]] = []

    def predict(self, cast: Any, outputs: Sequence[str]) -> dict[str, Any]:
        self.began.set()
        self.goes_on.wait()
        self.sizes.append(len(cast))
        self.asked.append(tuple(outputs))
        if np.isnan(cast).any():
            raise InvalidInput("NaN is not taken")
        return {name: cast * {"double": 2, "triple": 3}[name] for name in outputs}


def run(test: Callable[[Batcher, Model], Coroutine[Any, Any, None]], **more: Any) -> list[str]:
    """Run a test with a batcher before a model; what the batcher gave up on."""
    model, hung = Model(), list[str]()

    async def whole() -> None:
        given_ = {"most_waiting": 100, "deadline_s": 30.0, **more}
        batcher = Batcher(model.predict, hung=lambda: hung.append("hung"), **given_)
        try:
            await test(batcher, model)
        finally:
            model.goes_on.set()
            batcher.close()

    asyncio.run(whole())
    return hung


def ask(batcher: Batcher, *values: float, outputs: tuple[str, ...] = ("double",)) -> asyncio.Future[Any]:
    return batcher.ask(np.array(values), len(values), outputs).answer


async def held(batcher: Batcher, model: Model) -> asyncio.Future[Any]:
    """A first request, with which the model is busy."""
    model.goes_on.clear()
    first = ask(batcher, 0.0)
    while not model.began.is_set():
        await asyncio.sleep(0.001)
    return first


def test_who_comes_alone_is_answered_alone():
    async def test(batcher: Batcher, model: Model) -> None:
        assert (await ask(batcher, 1.0, 2.0))["double"].tolist() == [2.0, 4.0]
        assert (await ask(batcher, 3.0))["double"].tolist() == [6.0]
        assert model.sizes == [2, 1]

    assert run(test) == []


def test_who_is_there_together_goes_together():
    async def test(batcher: Batcher, model: Model) -> None:
        found = await asyncio.gather(*(ask(batcher, float(i)) for i in range(20)))
        assert [one["double"].tolist() for one in found] == [[2.0 * i] for i in range(20)]
        assert model.sizes == [20]

    run(test)


def test_who_comes_while_the_model_works_is_the_next_batch():
    async def test(batcher: Batcher, model: Model) -> None:
        first = await held(batcher, model)
        others = [ask(batcher, float(i)) for i in range(5)]
        await asyncio.sleep(0.05)
        assert model.sizes == []
        model.goes_on.set()
        await asyncio.gather(first, *others)
        assert model.sizes == [1, 5]

    run(test)


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7), min_size=1, max_size=30))
def test_everybody_gets_their_own_rows(requests: list[list[float]]):
    async def test(batcher: Batcher, model: Model) -> None:
        answers = await asyncio.gather(*(ask(batcher, *values) for values in requests))
        assert [one["double"].tolist() for one in answers] == [[2 * value for value in values] for values in requests]
        assert sum(model.sizes) == sum(map(len, requests))
        assert all(size <= 10 or size in map(len, requests) for size in model.sizes)

    run(test, most_rows=10)


def test_everybody_gets_their_own_outputs_and_no_other_is_computed():
    async def test(batcher: Batcher, model: Model) -> None:
        one, two, both = await asyncio.gather(
            ask(batcher, 1.0),
            ask(batcher, 1.0, outputs=("triple",)),
            ask(batcher, 2.0, outputs=("triple", "double")),
        )
        assert (one, two) == ({"double": [2.0]}, {"triple": [3.0]})
        assert list(both) == ["triple", "double"]
        await ask(batcher, 1.0, outputs=("triple",))
        assert model.asked == [("double", "triple"), ("triple",)]

    run(test)


def test_a_bad_request_is_its_own_answer_only():
    async def test(batcher: Batcher, model: Model) -> None:
        good, bad, last = (ask(batcher, value) for value in (1.0, float("nan"), 3.0))
        with pytest.raises(InvalidInput, match="NaN is not taken"):
            await bad
        assert ((await good)["double"], (await last)["double"]) == ([2.0], [6.0])

    run(test)


def test_what_is_too_late_is_told_so_and_the_others_are_answered():
    async def test(batcher: Batcher, model: Model) -> None:
        first = await held(batcher, model)
        with pytest.raises(TooLate, match=r"within 0\.2 s"):
            await first
        second = ask(batcher, 1.0)
        model.goes_on.set()
        assert (await second)["double"] == [2.0]

    assert run(test, deadline_s=0.2) == []


def test_a_model_that_never_comes_back_is_noticed():
    async def test(batcher: Batcher, model: Model) -> None:
        first = await held(batcher, model)
        with pytest.raises(TooLate):
            await first
        await asyncio.sleep(0.5)

    assert set(run(test, deadline_s=0.1)) == {"hung"}


def test_a_full_queue_sends_away_and_takes_again():
    async def test(batcher: Batcher, model: Model) -> None:
        first = await held(batcher, model)
        others = [ask(batcher, float(i)) for i in range(3)]
        with pytest.raises(Busy, match="3 requests wait already"):
            ask(batcher, 9.0)
        model.goes_on.set()
        await asyncio.gather(first, *others)
        assert (await ask(batcher, 9.0))["double"] == [18.0]

    run(test, most_waiting=3)


def test_whatever_the_model_raises_is_an_answer():
    async def test(batcher: Batcher, model: Model) -> None:
        for error, kind in ((MemoryError(), ModelFailure), (OSError("gone"), InvalidInput)):

            def fails(cast: Any, outputs: Sequence[str], error: Exception = error) -> dict[str, Any]:
                raise error

            batcher._predict = fails
            with pytest.raises(kind):
                await ask(batcher, 1.0)
        batcher._predict = model.predict
        assert (await ask(batcher, 1.0))["double"] == [2.0]

    run(test)


def test_what_models_take_is_joined_as_it_is():
    assert joined([["a"], ["b", "c"]]) == ["a", "b", "c"]
    assert joined([np.ones((1, 2)), np.zeros((2, 2))]).shape == (3, 2)
    frames = [pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [2]})]
    assert joined(frames).to_dict("list") == {"x": [1, 2]}
    assert joined([pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [2]})])["x"].to_list() == [1, 2]
    known = pd.DataFrame({"c": pd.Categorical(["a"], categories=["a", "b"])})
    unseen = pd.DataFrame({"c": pd.Categorical(["z"], categories=["a", "b", "z"])})
    assert joined([known, known])["c"].dtype == known["c"].dtype
    with pytest.raises(ValueError, match="unlike types"):
        joined([known, unseen])
