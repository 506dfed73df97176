"""Micro-batches: requests that are there together are predicted together, and each is answered for itself.

Who comes alone is predicted at once. Who comes while the model works waits for that, and so do the others that come
meanwhile: a batch grows with the load, and nobody waits for a clock. The model works in one thread of its own, so that
the loop goes on reading, and answers in time what the model does not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.registry.predictor import ModelFailure

MOST_ROWS = 1_024
_SWEEP_S = 0.05
# A batch that takes so many deadlines will not end.
_HUNG = 3

Found = Mapping[str, Any]


class Busy(MlopsError):  # noqa: N818 (read as a sentence)
    """As many requests wait as may."""


class TooLate(MlopsError):  # noqa: N818 (read as a sentence)
    """The model did not answer in time."""


@dataclass(slots=True, eq=False)
class Asked:
    """One request. Times are `perf_counter` seconds.

    Attributes:
        cast: What the model takes, `rows` of it.
        rows: See `cast`.
        outputs: The outputs to give.
        answer: Becomes the outputs by name.
        came: When it joined the queue.
        began: When the model began with its batch, and `ended` when that was done.
    """

    cast: Any
    rows: int
    outputs: tuple[str, ...]
    answer: asyncio.Future[Found]
    came: float
    began: float = 0.0
    ended: float = 0.0


class Batcher:
    """The queue before one model, on the event loop that runs now.

    Args:
        predict: The model: outputs by name of what it takes, as `Predictor.predict`.
        most_waiting: Requests that may wait.
        deadline_s: Seconds after which a request is given up.
        hung: Called from the loop when a batch will not end; the model's thread is lost then.
        most_rows: Rows of a batch; a larger request is one by itself.
    """

    def __init__(
        self,
        predict: Callable[[Any, Sequence[str]], Found],
        *,
        most_waiting: int,
        deadline_s: float,
        hung: Callable[[], None],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self.most_waiting, self.most_rows, self.deadline_s = most_waiting, most_rows, deadline_s
        self._predict, self._hung = predict, hung
        self._waiting: list[Asked] = []
        self._batch: list[Asked] = []
        self._starting = False
        self._orders: SimpleQueue[list[Asked]] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP_S, self._sweep)
        threading.Thread(target=self._work, name="mlops_nb-model", daemon=True).start()

    def ask(self, cast: Any, rows: int, outputs: tuple[str, ...]) -> Asked:
        """Put a request into the queue; await its `answer`.

        Raises:
            Busy: The queue is full.
        """
        if len(self._waiting) >= self.most_waiting:
            raise Busy(f"{len(self._waiting):,} requests wait already", fix="again in a second")
        one = Asked(cast, rows, outputs, self._loop.create_future(), time.perf_counter())
        self._waiting.append(one)
        if not self._batch and not self._starting:
            # Not at once: whoever else is read in this turn of the loop joins.
            self._starting = True
            self._loop.call_soon(self._start)
        return one

    def close(self) -> None:
        """End the model's thread, once it is done with its batch. Nothing may be asked any more."""
        self._timer.cancel()
        self._orders.put([])

    def _start(self) -> None:
        self._starting = False
        rows = count = 0
        for one in self._waiting:
            if count and rows + one.rows > self.most_rows:
                break
            rows, count = rows + one.rows, count + 1
        self._batch, self._waiting = self._waiting[:count], self._waiting[count:]
        if self._batch:
            self._orders.put(self._batch)

    def _work(self) -> None:
        while batch := self._orders.get():
            answers = self._answers(batch)
            try:
                self._loop.call_soon_threadsafe(self._done, batch, answers)
            except RuntimeError:  # the loop was closed: nobody waits any more
                return

    def _answers(self, batch: Sequence[Asked]) -> list[Found | BaseException]:
        began = time.perf_counter()
        outputs = tuple(dict.fromkeys(name for one in batch for name in one.outputs))
        try:
            found = self._predict(joined([one.cast for one in batch]), outputs)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is an answer, and the thread goes on)
            if len(batch) > 1:  # one of them is to blame, or they don't go together: each is answered by itself
                return [answer for one in batch for answer in self._answers([one])]
            return [_told(error)]
        finally:
            for one in batch:
                one.began, one.ended = began, time.perf_counter()
        return parts(found, batch)

    def _done(self, batch: list[Asked], answers: list[Found | BaseException]) -> None:
        self._batch = []
        self._start()
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.done():  # given up meanwhile
                continue
            if isinstance(answer, BaseException):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)

    def _sweep(self) -> None:
        """Give up what is too late. One timer for all: one a request would cost more than the request."""
        now = time.perf_counter()
        late = now - self.deadline_s
        for one in (*self._batch, *self._waiting):
            if one.came < late and not one.answer.done():
                one.answer.set_exception(TooLate(f"the model did not answer within {self.deadline_s:g} s"))
        self._waiting = [one for one in self._waiting if not one.answer.done()]
        if self._batch and max(one.came for one in self._batch) < now - _HUNG * self.deadline_s:
            self._hung()
        self._timer = self._loop.call_later(_SWEEP_S, self._sweep)


def joined(casts: Sequence[Any]) -> Any:
    """What the model takes, of several requests as of one: arrays, frames, or lists of texts.

    Raises:
        ValueError: They can't be joined: a category that only one of them has makes another type of the column.
    """
    first = casts[0]
    if len(casts) == 1:
        return first
    if isinstance(first, list):
        return [value for cast in casts for value in cast]
    library = type(first).__module__.partition(".")[0]
    if library == "pandas":
        import pandas as pd

        if not all(cast.dtypes.equals(first.dtypes) for cast in casts):
            raise ValueError("frames of unlike types")
        return pd.concat(casts, ignore_index=True)
    if library == "polars":
        import polars as pl

        return pl.concat(casts)
    import numpy as np

    return np.concatenate(casts)


def parts(found: Found, batch: Sequence[Asked]) -> list[Found | BaseException]:
    """Each request's own rows of its own outputs."""
    answers: list[Found | BaseException] = []
    at = 0
    for one in batch:
        answers.append({name: found[name][at : at + one.rows] for name in one.outputs})
        at += one.rows
    return answers


def _told(error: Exception) -> MlopsError:
    if isinstance(error, MlopsError):
        return error
    if isinstance(error, MemoryError):
        return ModelFailure("there is not memory enough for these rows", fix="send fewer rows at once")
    return InvalidInput(f"these rows can't be predicted: {type(error).__name__}: {error}")
