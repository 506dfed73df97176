"""Checking the whole log and all that must agree with it: one at a time in this process, kept for all visitors."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.pages.watching import WATCH
from mlops_nb.store.audit import following, verifying
from mlops_nb.store.audit.model import Verdict
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

# Who comes to a store that changed has it checked anew, but it must not take more than a fiftieth of the time.
_ANEW_S, _REST, _JUST_NOW_S = 5.0, 50.0, 2.0
_POOL = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlops_nb-audit")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of everything found, and when it was done, microseconds UTC."""

    verdict: Verdict
    at_us: int


@dataclass(slots=True)
class _State:
    last: Checked | None = None
    running: Future[Checked] | None = None
    changes: int = -1
    ended: float = 0.0
    took: float = 0.0


_lock = threading.Lock()
_states: dict[Path, _State] = {}


def checked(store: Store, patience_s: float) -> tuple[Checked | None, Future[Checked] | None]:
    """What the last check found, and the one that is under way.

    Args:
        store: Whose log; it must exist.
        patience_s: So long to wait for a check that was begun because there was none, or the store changed since.
    """
    state = _states.setdefault(store.folder, _State())
    rested = time.monotonic() - state.ended > max(_ANEW_S, _REST * state.took)
    if state.last is None or (state.changes != WATCH.changes and rested):
        waited = begin(store)
        # A failure is told by whoever waits for the check itself.
        done = threading.Event()
        waited.add_done_callback(lambda _: done.set())
        done.wait(patience_s)
        if waited.done():
            waited.result()
    return state.last, state.running


def begin(store: Store) -> Future[Checked]:
    """Check everything now; the one that is under way, or was done a moment ago, will do."""
    state = _states.setdefault(store.folder, _State())
    with _lock:
        if state.running is not None:
            return state.running
        if state.last is not None and time.monotonic() - state.ended < _JUST_NOW_S:
            done: Future[Checked] = Future()
            done.set_result(state.last)
            return done
        state.running = _POOL.submit(_check, store, state)
        return state.running


def _check(store: Store, state: _State) -> Checked:
    begun, changes = time.monotonic(), WATCH.changes
    try:
        verdict = verifying.compared(store, following.look(store, whole=True).verdict)
        state.last, state.changes = Checked(verdict, now_us()), changes
        return state.last
    finally:
        state.ended, state.running = time.monotonic(), None
        state.took = state.ended - begun
