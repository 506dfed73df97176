"""What may finish just after the cell: in one thread, in order, and before the next cell begins."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

_threads: list[threading.Thread] = []


def later(action: Callable[[], None]) -> None:
    """Run `action` in the background, after what was handed in before."""
    before = _threads[-1] if _threads else None

    def run() -> None:
        if before is not None:
            before.join()
        action()

    thread = threading.Thread(target=run, name="mlops_nb-finish", daemon=True)
    _threads.append(thread)
    thread.start()


def wait() -> None:
    """Return when everything handed in is done: the next cell may change what is being saved."""
    while _threads:
        _threads[0].join()
        _threads.pop(0)


def pending() -> bool:
    """Whether something is still being saved."""
    return any(thread.is_alive() for thread in _threads)


atexit.register(wait)
