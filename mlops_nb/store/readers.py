"""Read-only connections: one a thread, opened at its first question, closed before a fork."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_nb.store import database, migrating, sickness
from mlops_nb.store.sickness import BUSY_MS

FORK_S = 2.0
_TURN_S = 0.05
# Opening and closing take locks inside SQLite; a child that is forked meanwhile would wait for them for ever. So a fork
# holds this lock, and whoever opens or closes holds it until the connection is known, so that the fork closes that too.
opening = threading.RLock()


class _Held:
    """A connection, the file it reads, and a lock that whoever uses it holds."""

    __slots__ = ("__weakref__", "closed", "connection", "lock", "mark")

    def __init__(self, connection: sqlite3.Connection, mark: object) -> None:
        self.connection, self.mark, self.lock, self.closed = connection, mark, threading.RLock(), False

    def close(self) -> None:
        self.mark = object()  # equal to no file: the next question opens another one
        self.closed = True
        with opening:
            self.connection.close()

    __del__ = close


class Readers:
    """The readers of one store.

    Args:
        path: The database file.
        outdated: Called when the file has an older format than this version reads; brings it up to date.
    """

    def __init__(self, path: Path, outdated: Callable[[], None]) -> None:
        self.path = path
        self._outdated = outdated
        self._here = threading.local()
        self._all: weakref.WeakSet[_Held] = weakref.WeakSet()
        self._locked: list[_Held] = []

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for the length of the block."""
        held: _Held | None = getattr(self._here, "held", None)
        if held is None or held.mark != database.mark(self.path):
            held = self._here.held = self._open()
        held.lock.acquire()
        while held.closed:  # by another thread, which closed them all or forks, just before this one had the lock
            held.lock.release()
            held = self._here.held = self._open()
            held.lock.acquire()
        try:
            yield held.connection
        finally:
            held.lock.release()

    def _open(self) -> _Held:
        # In short turns: while one waits for somebody's lock on the file, others open theirs, and a fork goes ahead.
        end = time.monotonic() + BUSY_MS / 1000
        while True:
            try:
                with opening:
                    held = self._opened()
            except sqlite3.OperationalError as error:
                if not sickness.passes(error) or time.monotonic() > end:
                    raise
                time.sleep(_TURN_S)
            else:
                if held is not None:
                    return held
                self._outdated()

    def _opened(self) -> _Held | None:
        """A connection that others know of, or None when the store has to be brought up to date first."""
        mark = database.mark(self.path)
        connection, lasting = database.connect_reader(self.path, _TURN_S)
        try:
            found = migrating.format_of(connection)
            migrating.refuse_newer(found, self.path)
            if found < migrating.newest():
                connection.close()
                return None
        except BaseException:
            connection.close()
            raise
        held = _Held(connection, mark if lasting else object())
        self._all.add(held)
        return held

    def close(self) -> None:
        """Close all connections; the next question opens another one."""
        with opening:
            for held in list(self._all):
                with held.lock:
                    held.close()

    def pause(self) -> None:
        """Close all connections and keep others from using them, until `resume`."""
        self._locked = [held for held in list(self._all) if held.lock.acquire(timeout=FORK_S)]
        for held in self._locked:
            held.close()

    def resume(self) -> None:
        """In the parent, after the fork."""
        for held in self._locked:
            held.lock.release()
        self._locked = []
