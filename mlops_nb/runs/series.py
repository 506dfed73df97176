"""Metric points between the caller and the writer thread: an append for the one, a batch for the other."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from mlops_nb.runs import queries
from mlops_nb.runs.directions import direction
from mlops_nb.runs.numbers import NAN, kind
from mlops_nb.runs.recording import key_id
from mlops_nb.store import names

if TYPE_CHECKING:
    import sqlite3

Point: TypeAlias = tuple[int, float, int]


class Series:
    """The points of one metric of one run: (step, value, nanoseconds UTC), in the order they were logged."""

    __slots__ = ("_taken", "direction", "name", "provenance", "role", "steps", "waiting")

    def __init__(self, name: str) -> None:
        self.name, self.direction = name, direction(name)
        self.waiting: deque[Point] = deque()
        # `next` on it is atomic: eight threads that leave the step out get eight steps.
        self.steps = count()
        self.role: str | None = None
        self.provenance: str | None = None
        self._taken: list[Point] = []

    def write(self, connection: sqlite3.Connection, run: int) -> None:
        """Write what waits. Called in the writer thread, inside its transaction."""
        waiting = self.waiting
        taken = [waiting.popleft() for _ in range(len(waiting))]
        self._taken += taken
        key = key_id(connection, self.name)
        seq = (connection.execute(queries.POINTS, (run, key)).fetchone() or (0,))[0]
        # A finite number minus itself is 0: calling `kind` for each would cost as much as the insert.
        rows = [
            (run, key, step, at, value, 0 if value - value == 0.0 else kind(value), ns // 1000)
            for at, (step, value, ns) in enumerate(taken, seq)
        ]
        connection.executemany(queries.POINT_ADD, rows)
        numbers = [row[4] for row in rows if row[5] != NAN]
        least, greatest = (min(numbers), max(numbers)) if numbers else (None, None)
        last = rows[-1]
        connection.execute(
            queries.METRIC_PUT,
            (run, key, last[4], last[5], last[2], least, greatest, len(rows), *self._facts()),
        )

    def _facts(self) -> tuple[str | None, str | None, int]:
        return self.role, self.provenance, self.direction

    def done(self) -> None:
        """What was taken is on disk, or will never be."""
        if self._taken:
            self._taken = []

    def rollback(self) -> None:
        """What was taken waits again, in front of what came since."""
        self.waiting.extendleft(reversed(self._taken))
        self._taken = []

    def forget(self) -> None:
        """Drop what waits: somebody else writes it, or nobody can."""
        self._taken = []
        self.waiting.clear()


class Points:
    """All series of one run."""

    __slots__ = ("series",)

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}

    def new(self, name: object) -> Series:
        """The series of a metric, made when there is none.

        Raises:
            InvalidInput: `name` is not a valid key.
        """
        key = names.key(name, "metric")
        # `setdefault` is atomic: two threads must not get two series.
        return self.series.get(key) or self.series.setdefault(key, Series(key))

    @property
    def pending(self) -> bool:
        """Whether a point waits to be written."""
        return any(series.waiting for series in self._all())

    def write(self, connection: sqlite3.Connection, run: int) -> None:
        """Write what waits in every series."""
        for series in self._all():
            if series.waiting:
                series.write(connection, run)

    def done(self) -> None:
        """What was taken is on disk, or will never be."""
        for series in self._all():
            series.done()

    def rollback(self) -> None:
        """What was taken waits again."""
        for series in self._all():
            series.rollback()

    def forget(self) -> None:
        """Drop what waits."""
        for series in self._all():
            series.forget()

    def _all(self) -> list[Series]:
        # A copy: other threads begin new series meanwhile.
        return list(self.series.values())
