"""Metric points between the caller and the writer thread: an append for the one, a batch for the other."""

from __future__ import annotations

import math
import sqlite3
from collections import deque
from typing import TypeAlias

from mlops_nb.runs import queries
from mlops_nb.runs.numbers import kind
from mlops_nb.runs.recording import key_id

Point: TypeAlias = tuple[int, float, int]


class Series:
    """The points of one metric of one run: (step, value, nanoseconds UTC), in the order they were logged."""

    __slots__ = (
        "_taken",
        "direction",
        "greatest",
        "key",
        "least",
        "name",
        "next_step",
        "points",
        "provenance",
        "role",
        "waiting",
    )

    def __init__(self, name: str, direction: int) -> None:
        self.name, self.direction = name, direction
        self.waiting: deque[Point] = deque()
        self.next_step = 0
        self.key = 0
        self.points = 0
        self.least: float | None = None
        self.greatest: float | None = None
        self.role: str | None = None
        self.provenance: str | None = None
        self._taken: list[Point] = []

    def write(self, connection: sqlite3.Connection, run: int) -> None:
        """Write what waits. Called in the writer thread, inside its transaction."""
        waiting = self.waiting
        taken = self._taken = [waiting.popleft() for _ in range(len(waiting))]
        if not taken:
            return
        self.key = self.key or key_id(connection, self.name)
        key, seq = self.key, self.points
        connection.executemany(
            queries.POINT_ADD,
            [(run, key, step, seq + i, value, kind(value), ns // 1000) for i, (step, value, ns) in enumerate(taken)],
        )
        finite = [value for _, value, _ in taken if not math.isnan(value)]
        least, greatest = self._range(finite)
        step, last, _ = taken[-1]
        connection.execute(
            queries.METRIC_PUT,
            (
                run,
                key,
                last,
                kind(last),
                step,
                least,
                greatest,
                seq + len(taken),
                self.role,
                self.provenance,
                self.direction,
            ),
        )

    def _range(self, values: list[float]) -> tuple[float | None, float | None]:
        if not values:
            return self.least, self.greatest
        least, greatest = min(values), max(values)
        return (
            least if self.least is None else min(self.least, least),
            greatest if self.greatest is None else max(self.greatest, greatest),
        )

    def commit(self) -> None:
        """What was taken is on disk."""
        if self._taken:
            self.least, self.greatest = self._range([v for _, v, _ in self._taken if not math.isnan(v)])
            self.points += len(self._taken)
            self._taken = []

    def rollback(self) -> None:
        """What was taken waits again, in front of what came since."""
        self.waiting.extendleft(reversed(self._taken))
        self._taken = []
        self.key = 0
