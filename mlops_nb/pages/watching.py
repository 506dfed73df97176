"""The change signal: one thread a process asks the store whether anything changed; pages compare numbers."""

from __future__ import annotations

import threading
import time

from mlops_nb.errors import MlopsError
from mlops_nb.store.store import Store, current

_EVERY_S = 0.5


class Watch:
    """Counts the changes of the store that is current, by whoever wrote them.

    It asks for `PRAGMA data_version`, which costs microseconds, and never reads rows.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._seen: object = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Watch from now on; once a process, however many pages are open."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="mlops_nb-watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            seen = _signal(current())
            if seen != self._seen:
                self._seen = seen
                self.changes += 1
            time.sleep(_EVERY_S)


def _signal(store: Store) -> object:
    """Equal as long as nothing changed; a store that can't be read has its trouble for a signal."""
    try:
        return store.signal()
    except MlopsError as error:
        return error.line()


WATCH = Watch()
