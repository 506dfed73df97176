"""One writer thread per process. Callers queue and go on; a batch is kept until its commit returned."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar

from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.store import database

T = TypeVar("T")
INTERVAL_S = 0.1
HEARTBEAT_S = 10.0
_RETRY_S = 1.0


class Source(Protocol):
    """Whoever collects metric points between two batches."""

    def write(self, connection: sqlite3.Connection) -> bool:
        """Write what was collected; True when there was something. Called inside the transaction."""

    def commit(self) -> None:
        """The transaction is on disk: forget what was written."""

    def rollback(self) -> None:
        """The transaction failed: everything is to be written again."""


class _Operation:
    __slots__ = ("action", "future", "waited")

    def __init__(self, action: Callable[[sqlite3.Connection], Any], waited: bool) -> None:
        self.action, self.future, self.waited = action, Future[Any](), waited


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
        self._operations: deque[_Operation] = deque()
        self._sources: set[Source] = set()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._working = False
        self._optimize_at = time.monotonic() + 20

    def submit(self, action: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `action(connection)`; it runs in a transaction of the next batch, and again after a full disk."""
        operation = _Operation(action, waited=False)
        self._operations.append(operation)
        self.wake()
        return operation.future

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run `action(connection)` in a transaction and return its result once that is committed.

        Raises:
            MlopsError: The store can't be written, or `action` refused. Nothing was written.
        """
        operation = _Operation(action, waited=True)
        self._operations.append(operation)
        self._hurry.set()
        self.wake()
        result: T = operation.future.result()
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
        barrier = self.submit(lambda _: None)
        self._hurry.set()
        end = time.monotonic() + timeout
        while not barrier.done():
            if self.failure is not None:
                raise self.failure
            if time.monotonic() > end:
                raise StoreError(f"the store {self.path} did not answer within {timeout:g} s", fix="mlops-nb db check")
            time.sleep(0.0005)

    @property
    def idle(self) -> bool:
        """Whether everything queued is on disk."""
        return not (self._operations or self.awake or self._working or self.failure)

    def settle(self) -> MlopsError | None:
        """Wait like `flush`, but return why it could not be written instead of raising."""
        try:
            self.flush()
        except MlopsError as error:
            return error
        return None

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

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._closing = False
                self._thread = threading.Thread(target=self._loop, name="mlops_nb-writer", daemon=True)
                self._thread.start()

    def _loop(self) -> None:
        connection: sqlite3.Connection | None = None
        while not self._closing:
            # Sources keep the heartbeats of open runs: they are asked even when nothing was logged.
            self._wake.wait(HEARTBEAT_S if self._sources else None)
            self._hurry.wait(INTERVAL_S)
            self._wake.clear()
            self._hurry.clear()
            self._working = True
            self.awake = False
            try:
                connection = connection or self._open()
                self._batch(connection)
                self.failure = None
            except (MlopsError, sqlite3.Error, OSError) as error:
                self._fail(error)
                if not isinstance(error, sqlite3.OperationalError):
                    connection = None
            finally:
                self._working = False
        if connection is not None:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = database.connect(self.path)
        self._prepare(connection)
        return connection

    def _batch(self, connection: sqlite3.Connection) -> None:
        operations = [self._operations.popleft() for _ in range(len(self._operations))]
        sources = list(self._sources)
        outcomes: list[tuple[_Operation, Any, BaseException | None]] = []
        try:
            database.retry_busy(lambda: connection.execute("BEGIN IMMEDIATE"))
            outcomes = [_run(connection, operation) for operation in operations]
            for source in sources:
                source.write(connection)
            database.retry_busy(lambda: connection.execute("COMMIT"))
        except BaseException:
            _abandon(connection)
            for source in sources:
                source.rollback()
            self._operations.extendleft(reversed(operations))
            raise
        for source in sources:
            source.commit()
        for operation, result, error in outcomes:
            _settle(operation.future, result, error)
        self._optimize(connection)

    def _optimize(self, connection: sqlite3.Connection) -> None:
        if time.monotonic() > self._optimize_at:
            self._optimize_at = time.monotonic() + 600
            connection.execute("PRAGMA optimize")

    def _fail(self, error: Exception) -> None:
        self.failure = error if isinstance(error, MlopsError) else database.explain(error, self.path)
        kept: list[_Operation] = []
        while self._operations:
            operation = self._operations.popleft()
            if operation.waited:
                _settle(operation.future, None, self.failure)
            else:
                kept.append(operation)
        self._operations.extendleft(reversed(kept))
        # Whoever waits in `flush` is told now; what was not waited for is tried again while the process lives.
        timer = threading.Timer(_RETRY_S, self._wake.set)
        timer.daemon = True
        timer.start()


def _run(connection: sqlite3.Connection, operation: _Operation) -> tuple[_Operation, Any, BaseException | None]:
    """One operation in a savepoint: a refusal undoes that operation alone, a sick store the whole batch."""
    connection.execute("SAVEPOINT operation")
    try:
        result = operation.action(connection)
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
            raise
        failure: BaseException = error
    except Exception as error:  # noqa: BLE001 (handed to whoever waits for it)
        failure = error
    else:
        connection.execute("RELEASE operation")
        return operation, result, None
    connection.execute("ROLLBACK TO operation")
    connection.execute("RELEASE operation")
    return operation, None, failure


def _abandon(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _settle(future: Future[Any], result: Any, error: BaseException | None) -> None:
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
