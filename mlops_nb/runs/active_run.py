"""A run while it is recorded: what `ml.track()` gives and what a tracked cell opens."""

from __future__ import annotations

import contextvars
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_nb.errors import MlopsError, StoreError, brief
from mlops_nb.results import Result
from mlops_nb.runs import active, cost, queries, recording
from mlops_nb.runs.numbers import FAR, kind, number, whole
from mlops_nb.runs.series import Points
from mlops_nb.services import process
from mlops_nb.store import names
from mlops_nb.store.actor import identify
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.masking import mask
from mlops_nb.store.store import ends_abruptly

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.runs.capture.observer import Observer
    from mlops_nb.store.store import Store

T = TypeVar("T")
_HEARTBEAT_US = 5_000_000
_ROW = "SELECT id FROM run WHERE ulid = ?"


class ActiveRun(Result):
    """A run being recorded. Use as a context manager, or pass it to threads: `run.log_metric(…)`.

    Args:
        store: Where it is kept.
        experiment: The group it belongs to.
        params: Params typed by the caller.
        tags: Labels.
        note: Free text.
        parent: ULID of the run that this one is part of.
        origin: 'cell' or 'script'.
    """

    def __init__(
        self,
        store: Store,
        experiment: str,
        *,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        note: str = "",
        parent: str | None = None,
        origin: str = "script",
    ) -> None:
        self.store, self.experiment, self.parent, self.origin = (
            store,
            names.name(experiment, "experiment"),
            parent,
            origin,
        )
        self.id = new_ulid()
        self.status = "running"
        self.capture_s = 0.0
        self.rows_read: int | None = None
        self.unsaved: MlopsError | None = None
        self.observer: Observer | None = None
        self._row = 0
        self._pid = os.getpid()
        self._points = Points()
        self._series = self._points.series
        self._writer = store.writer
        self._meter = cost.Meter()
        self._beat_us = self.started_us = now_us()
        self._token: contextvars.Token[ActiveRun | None] | None = None
        self._begin(
            recording.check_params(params or {}),
            recording.check_tags(tags or {}),
            mask(recording.storable(note, "the note")[0]),
        )

    def _begin(self, params: list[tuple[str, str, float | None]], tags: list[tuple[str, str]], note: str) -> None:
        me = process.this()
        where = (me.host, me.pid, me.started_us, identify(self.store.folder).actor, note)

        def begin(connection: sqlite3.Connection) -> None:
            connection.execute(queries.EXPERIMENT_ADD, (self.experiment, self.started_us))
            experiment = connection.execute(queries.EXPERIMENT_ID, (self.experiment,)).fetchone()[0]
            values = (self.id, experiment, self.parent, self.started_us, self.started_us, self.origin)
            self._row = connection.execute(queries.RUN_ADD, (*values, *where)).fetchone()[0]
            recording.put_params(connection, self._row, params, "typed")
            recording.put_tags(connection, self._row, tags)

        self._writer.add(self)
        self.store.submit(begin).add_done_callback(self._note_failure)

    # -- what a person logs ------------------------------------------------------------------------------------------

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Add one point of a metric; returns at once, and is on disk within a second.

        Args:
            name: Any printable text up to 250 characters ('val/loss').
            value: One number; NaN and the infinities are kept as such.
            step: Its place in the series; by default one more than the last.

        Raises:
            InvalidInput: `name` is not a valid key or `value` not a number.
        """
        series = self._series.get(name) or self._points.new(name)
        if type(value) is not float:
            value = number(value, f"metric {brief(name)}")
        if step is None:
            step = next(series.steps)
        else:
            if type(step) is not int or not -FAR < step < FAR:
                step = whole(step, f"the step of metric {brief(name)}")
            series.steps = count(step + 1)
        series.waiting.append((step, value, time.time_ns()))
        # The writer asks an ended run no longer, unless a thread that outlives it logs once more.
        if not self._writer.awake or self.status != "running":
            self._wake()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add one point of each metric."""
        for name, value in metrics.items():
            self.log_metric(name, value, step)

    def log_params(self, params: Mapping[str, object] | None = None, /, **more: object) -> None:
        """Add params: `log_params({"depth": 8})` or `log_params(depth=8)`. A later value replaces an earlier one."""
        checked = recording.check_params({**(params or {}), **more})
        self.record(lambda connection: recording.put_params(connection, self._row, checked, "logged"))

    def set_tags(self, tags: Mapping[str, object] | None = None, /, **more: object) -> None:
        """Add labels. A later value replaces an earlier one."""
        checked = recording.check_tags({**(tags or {}), **more})
        self.record(lambda connection: recording.put_tags(connection, self._row, checked))

    def log_artifact(self, source: object, name: str | None = None) -> str:
        """Keep a file (by path) or bytes; returns the digest.

        Raises:
            NotFound: There is no such file.
            StoreError: It can't be written.
        """
        from mlops_nb.runs.logged import artifact_bytes

        data, called = artifact_bytes(source, name)
        return self.put_artifact(called, "file", data, {})

    def log_figure(self, figure: object, name: str = "figure") -> str:
        """Keep a figure (matplotlib, or anything with `_repr_png_`) as PNG; returns the digest."""
        from mlops_nb.runs.logged import figure_png

        return self.put_artifact(f"{name}.png", "figure", figure_png(figure), {"media": "image/png"})

    def log_table(self, table: object, name: str = "table") -> str:
        """Keep a table (pandas, polars, pyarrow, list of dicts) as Parquet; returns the digest."""
        from mlops_nb.runs.logged import table_parquet

        data, rows, columns = table_parquet(table)
        return self.put_artifact(f"{name}.parquet", "table", data, {"rows": rows, "columns": columns})

    # -- what the house writes ---------------------------------------------------------------------------------------

    def record(self, action: Callable[[sqlite3.Connection], object]) -> None:
        """Queue a write that belongs to this run; what is refused is noted in `unsaved` and as a problem of the run."""

        def found(connection: sqlite3.Connection) -> None:
            self._find(connection)
            action(connection)

        self.store.submit(found).add_done_callback(self._note_failure)

    @property
    def row(self) -> int:
        """The run's number in the store; known in the writer thread once the run is written."""
        return self._row

    def put_params(self, params: Mapping[str, object], source: str) -> None:
        """Params that capture found."""
        checked = recording.check_params(params)
        self.record(lambda connection: recording.put_params(connection, self._row, checked, source))

    def put_values(self, values: Mapping[str, float]) -> None:
        """Scalars that the cell computed and that are not metrics."""

        def put(connection: sqlite3.Connection) -> None:
            for name, value in values.items():
                key = recording.key_id(connection, names.key(name, "value"))
                connection.execute(queries.VALUE_PUT, (self._row, key, value, kind(value)))

        self.record(put)

    def put_artifact(self, name: str, kind: str, data: bytes, detail: Mapping[str, object]) -> str:
        """Keep bytes under a name in this run."""
        key = names.key(name, "artifact")
        digest = self.store.artifacts.put(data)
        self.record(
            lambda connection: recording.put_artifact(connection, self._row, key, kind, digest, len(data), detail)
        )
        return digest

    def describe_metric(self, name: str, role: str | None, provenance: str | None, better: int | None) -> None:
        """Say where a metric comes from, before its points are logged."""
        series = self._points.new(name)
        series.role, series.provenance = role, provenance and recording.clean(provenance)
        if better is not None:
            series.direction = better

    def problem(self, what: str) -> None:
        """Record that capture could not do something."""
        self.record(lambda connection: recording.put_problem(connection, self._row, what))

    def _wake(self) -> None:
        self._writer = self.store.writer  # another one after a fork
        self._writer.add(self)
        self._writer.wake()

    def _find(self, connection: sqlite3.Connection) -> None:
        """Where the run is now: the file may have been replaced, or this process forked before the run was written."""
        row = connection.execute(_ROW, (self.id,)).fetchone()
        if row is None:
            raise StoreError(f"run {self.id[:10]} is no longer in the store {self.store.path}")
        self._row = row[0]

    def _note_failure(self, future: Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._could_not(error)

    def _could_not(self, error: BaseException) -> None:
        first, self.unsaved = self.unsaved is None, self.store.explain(error)
        if first:  # once: writing this down may fail as well
            self.problem(f"not everything could be saved: {self.unsaved.line()}")

    # -- Source of the writer ----------------------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether a point waits to be written."""
        return self._points.pending

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the points that wait, and the heartbeat."""
        now = now_us()
        beats = self.status == "running" and now - self._beat_us > _HEARTBEAT_US
        if beats or self._points.pending:
            self._find(connection)
            self._points.write(connection, self._row)
        if beats:
            self._beat_us = now
            connection.execute(queries.RUN_HEARTBEAT, (now, self._row))

    def commit(self) -> None:
        """The points are on disk."""
        self._points.done()
        if self.status != "running":
            self._writer.remove(self)
            if self._points.pending:  # logged by another thread since
                self._wake()

    def rollback(self) -> None:
        """The points wait again."""
        self._points.rollback()

    def refuse(self, error: BaseException) -> None:
        """The points can't be written, now or ever."""
        self._points.done()
        self._could_not(error)

    def forget(self) -> None:
        """In a forked child: what waits here is written by the parent."""
        self._points.forget()

    # -- begin and end -----------------------------------------------------------------------------------------------

    def activate(self, cell: bool = False) -> None:
        """Make this the active run."""
        self._token = active.enter(self, cell)

    def end(self, status: str, error: str | None = None) -> None:
        """Close the run: `finished`, `failed` or `interrupted`."""
        if self.status != "running":
            return
        if os.getpid() != self._pid:  # a forked child leaves its parent's run open
            self.store.writer.settle()
            return
        if self._token is not None:
            active.leave(self, self._token)
        spent = self._meter.stop()
        self.status = status
        text = recording.masked(error) if error else None

        def close(connection: sqlite3.Connection) -> None:
            # The points go into the same transaction: whoever sees the run finished sees all of it.
            ended, captured = self.started_us + spent.wall_us, int(self.capture_s * 1e6)
            costs = (spent.wall_us, spent.cpu_us, spent.peak_bytes, self.rows_read, captured)
            connection.execute(queries.RUN_END, (status, ended, text, *costs, self._row))

        self.record(close)
        if ends_abruptly():
            self.store.writer.settle()

    def __enter__(self) -> ActiveRun:
        self.activate()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.observer is not None:
            self.observer.close()
        if kind is None:
            self.end("finished")
        else:
            stopped = issubclass(kind, KeyboardInterrupt | SystemExit | GeneratorExit)
            self.end("interrupted" if stopped else "failed", describe(error))


def describe(error: Any) -> str:
    """An exception as one line: `ValueError: …`."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 (a stranger's __str__ may raise anything)
        text = "(its text can't be shown)"
    return f"{type(error).__name__}: {text}".split("\n", 1)[0]
