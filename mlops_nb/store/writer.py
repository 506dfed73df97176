"""One writer thread per process. Callers queue and go on; a batch is kept until its commit returned."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.store import database, sickness
from mlops_nb.store.batch import Operation, Outcome, isolated, settle

T = TypeVar("T")
INTERVAL_S = 0.1
HEARTBEAT_S = 10.0
RETRY_S = 1.0
_FORK_S = 5.0
_WAIT_S = 0.2
_PUT_BACK_MS = 500


class Source(Protocol):
    """Whoever collects metric points between two batches."""

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what was collected. Called inside the transaction."""

    def commit(self) -> None:
        """The transaction is on disk: forget what was written."""

    def rollback(self) -> None:
        """The transaction failed: everything is to be written again."""

    def refuse(self, error: BaseException) -> None:
        """What was collected can't be written, now or ever: forget it, and keep why."""

    def forget(self) -> None:
        """This is a forked child: what was collected is written by its parent."""


class Writer:
    """Batches operations and metric points into transactions.

    Args:
        path: The database file; created, with its folder, at the first write.
        prepare: Called with the new connection before the first batch (migrations).
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self.path = path
        self.failure: MlopsError | None = None
        self.awake = False
        self._prepare = prepare
        self._operations: deque[Operation] = deque()
        self._sources: set[Source] = set()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._starting = threading.RLock()
        self._busy = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._mark: object = None
        self._closing = False
        self._working = False
        self._paused = False
        self._optimize_at = time.monotonic() + 20

    # -- for callers -------------------------------------------------------------------------------------------------

    def submit(self, action: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `action(connection)`; it runs in a transaction of the next batch, and again after a full disk."""
        operation = Operation(action, waited=False)
        self._operations.append(operation)
        self.wake()
        return operation.future

    def write(self, action: Callable[[sqlite3.Connection], T], timeout: float | None = None) -> T:
        """Run `action(connection)` in a transaction and return its result once that is committed.

        Raises:
            MlopsError: The store can't be written, or `action` refused. Nothing was written.
            TimeoutError: It took longer than `timeout` seconds; it may still be written.
        """
        operation = Operation(action, waited=True)
        self._operations.append(operation)
        self._hurry.set()
        self.wake()
        result: T = _wait(operation.future, timeout)
        return result

    def add(self, source: Source) -> None:
        """Ask `source` for its points at every batch from now on."""
        self._sources.add(source)

    def remove(self, source: Source) -> None:
        """Ask `source` no longer."""
        self._sources.discard(source)

    def wake(self) -> None:
        """Tell the thread that there is work; starts it when it does not run."""
        self.awake = True
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._wake.set()

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything queued before is on disk.

        Raises:
            StoreError: It could not be written; what is queued stays and is tried again.
        """
        if self.idle:
            return
        try:
            self.write(_nothing, timeout)
        except TimeoutError:
            raise StoreError(
                f"the store {self.path} did not answer within {timeout:g} s", fix="mlops-nb db check"
            ) from None

    @property
    def idle(self) -> bool:
        """Whether everything queued is on disk."""
        # In this order: the thread sets `_working` before it clears the two others.
        return not (self._operations or self.awake or self._working or self.failure)

    def settle(self, timeout: float = 60.0) -> MlopsError | None:
        """Wait like `flush`, but return why it could not be written instead of raising."""
        try:
            self.flush(timeout)
        except MlopsError as error:
            return error
        return None

    def finish(self) -> MlopsError | None:
        """Write what is left, at the end of the process; returns why something could not be written."""
        # An interrupt may have fallen between a point and the call that wakes the thread.
        if self.idle and not any(source.pending for source in list(self._sources)):
            return None
        self.awake = True
        return self.settle()

    def close(self, timeout: float = 10.0) -> None:
        """Flush and end the thread."""
        try:
            self.flush(timeout)
        finally:
            self._closing = True
            self._hurry.set()
            self._wake.set()
            if self._thread is not None:
                self._thread.join(timeout)

    # -- around a fork -----------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Write what is queued and close the connection: no lock of SQLite survives a fork."""
        # A child would believe that it holds the parent's (sqlite.org/howtocorrupt.html, 2.6).
        self.settle(_FORK_S)
        self._paused = self._busy.acquire(timeout=_FORK_S)
        if self._paused:
            self._disconnect()

    def resume(self) -> None:
        """In the parent, after the fork."""
        if self._paused:
            self._paused = False
            self._busy.release()

    def abandon(self) -> None:
        """In the child, after the fork: the thread is not here, and what is queued belongs to the parent."""
        self.awake = False
        for source in list(self._sources):
            source.forget()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._closing = False
                self._thread = threading.Thread(target=self._loop, name="mlops_nb-writer", daemon=True)
                self._thread.start()

    def _loop(self) -> None:
        while not self._closing:
            self._wake.wait(self._patience())
            # While the store can't be written, points do not hurry it: somebody who waits does.
            self._hurry.wait(RETRY_S if self.failure else INTERVAL_S)
            self._wake.clear()
            self._hurry.clear()
            with self._busy:
                self._work()
        with self._busy:
            self._put_back()
            self._disconnect()
        with self._starting:
            self._thread = None
        if self._operations or self.awake:  # queued while this thread ended
            self.wake()

    def _patience(self) -> float | None:
        if self.failure:
            return RETRY_S
        # Sources keep the heartbeats of open runs: they are asked even when nothing was logged.
        return HEARTBEAT_S if self._sources else None

    def _work(self) -> None:
        self._working = True
        self.awake = False
        operations = [self._operations.popleft() for _ in range(len(self._operations))]
        if not operations and not self._sources:  # woken twice for one operation: the store is none of its business
            self.failure, self._working = None, False
            return
        try:
            outcomes = self._batch(self._connected(), operations)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the thread lives on and tells who waits)
            outcomes = self._fail(error, operations)
        else:
            self.failure = None
        # Before the futures: who is told that all is on disk may ask `idle` at once.
        self._working = False
        for outcome in outcomes:
            settle(outcome)

    def _connected(self) -> sqlite3.Connection:
        # A deleted or replaced file would go on taking writes that nobody can read.
        if self._connection is not None and self._mark != database.mark(self.path):
            self._disconnect()
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = database.connect(self.path)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._mark = connection, database.mark(self.path)
        return self._connection

    def _put_back(self) -> None:
        """Move what is in the write-ahead log into the database: only the last connection's end does it by itself.

        A reader elsewhere may outlive this one, and a read-only one that is last can't: the file that is copied or
        replaced then would not be the whole store.
        """
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute(f"PRAGMA busy_timeout = {_PUT_BACK_MS}")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _batch(self, connection: sqlite3.Connection, operations: list[Operation]) -> list[Outcome]:
        sources = list(self._sources)
        refused: dict[Source, BaseException] = {}
        try:
            sickness.retry_busy(partial(connection.execute, "BEGIN IMMEDIATE"))
            outcomes = [operation.run(connection) for operation in operations if operation.wanted()]
            for source in sources:
                error = isolated(connection, source.write)[1]
                if error is not None:
                    refused[source] = error
            sickness.retry_busy(partial(connection.execute, "COMMIT"))
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
            for source in sources:
                source.rollback()
            raise
        for source in sources:
            if source in refused:
                source.refuse(refused[source])
            else:
                source.commit()
        self._optimize(connection)
        return outcomes

    def _optimize(self, connection: sqlite3.Connection) -> None:
        if time.monotonic() > self._optimize_at:
            self._optimize_at = time.monotonic() + 600
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA analysis_limit = 400")
                connection.execute("PRAGMA optimize")

    def _fail(self, error: BaseException, operations: list[Operation]) -> list[Outcome]:
        """Keep what nobody waits for, to be tried again; returns what those who wait are told."""
        if not sickness.passes(error):
            self._disconnect()
        failure = error if isinstance(error, MlopsError) else sickness.explain(error, self.path)
        self._operations.extendleft(reversed([one for one in operations if not one.waited]))
        left = self._operations or any(source.pending for source in list(self._sources))
        self.failure = failure if left else None
        return [(one, None, failure) for one in operations if one.waited]


def _wait(future: Future[T], timeout: float | None) -> T:
    """The result, in short waits: polars has SIGINT restart system calls, and a long one could not be interrupted."""
    end = None if timeout is None else time.monotonic() + timeout
    while not future.done() and (end is None or time.monotonic() < end):
        with suppress(TimeoutError):
            future.exception(_WAIT_S)
    return future.result(0)


def _nothing(_: sqlite3.Connection) -> None:
    """What `flush` waits for."""
