"""What may finish just after the cell: in one thread, in order, and before the next cell begins."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable

_threads: list[threading.Thread] = []
_waited_for = threading.Event()
# Two threads take turns of 5 ms: the kernel shall first send its answer.
_PAUSE_S = 0.02


def later(action: Callable[[], None], *, at_once: bool = False) -> None:
    """Run `action` in the background, once `begin` is called; or `at_once`, before this returns.

    A runner that shuts its kernel down after the last cell grants it five seconds: what could take longer must not
    be left for later.
    """
    before = _threads[-1] if _threads else None

    def run() -> None:
        _waited_for.wait(_PAUSE_S)
        if before is not None:
            before.join()
        try:
            action()
        except BaseException as error:  # noqa: BLE001 (a traceback out of nowhere, under another cell, helps nobody)
            sys.stderr.write(f"mlops_nb: not everything could be saved: {type(error).__name__}: {error}\n")

    thread = threading.Thread(target=run, name="mlops_nb-finish", daemon=True)
    _threads.append(thread)
    if at_once:
        wait()


def begin() -> None:
    """Start on what was handed in, when the cell's line has been shown."""
    for thread in _threads:
        if thread.ident is None:
            thread.start()


def wait() -> None:
    """Return when everything handed in is done: the next cell may change what is being saved."""
    begin()
    _waited_for.set()
    try:
        while _threads:
            thread = _threads[0]
            thread.join()
            if thread in _threads:
                _threads.remove(thread)
    finally:
        _waited_for.clear()


def pending() -> bool:
    """Whether something is still being saved."""
    return any(thread.ident is None or thread.is_alive() for thread in _threads)


atexit.register(wait)
