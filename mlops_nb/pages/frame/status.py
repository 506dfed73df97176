"""The status line: which store, and what its audit log proved. Kept for all visitors until the store changed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from typing import NamedTuple

from mlops_nb.errors import MlopsError
from mlops_nb.pages.threads import begun
from mlops_nb.pages.watching import WATCH
from mlops_nb.store.audit.following import look
from mlops_nb.store.describe import facts
from mlops_nb.store.store import Store, current

# Not at each change of a busy store.
_ANEW_EVERY_S, _CHANGED_EVERY_S = 30.0, 3.0
_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line says.

    `verdict`: 'good', 'bad' or '' when there is nothing to verify yet.
    """

    project: str
    folder: str
    audit: str = ""
    verdict: str = ""


class _Known(NamedTuple):
    changes: int
    at: float
    status: Status


_lock = threading.Lock()
_last: _Known | None = None


def status() -> Status:
    """The status of the current store."""
    global _last
    store = current()
    folder, changes = str(store.folder), WATCH.changes
    # Whoever looks at a long log for the first time takes seconds; the others say what is known.
    if not _lock.acquire(timeout=_PATIENCE_S):
        return _so_far(store)
    try:
        if _last is not None and _last.status.folder == folder:
            patience = _ANEW_EVERY_S if changes == _last.changes else _CHANGED_EVERY_S
            if time.monotonic() - _last.at < patience:
                return _last.status
        _last = _Known(changes, time.monotonic(), _read(store))
        return _last.status
    finally:
        _lock.release()


def known() -> Status:
    """The status as far as it is known in a moment: a store that is locked must not hold up all visitors."""
    asked: Future[Status] = begun(status)
    try:
        return asked.result(_PATIENCE_S)
    except TooSlow:
        return _so_far(current())


def _so_far(store: Store) -> Status:
    last = _last
    return last.status if last is not None and last.status.folder == str(store.folder) else _unread(store)


def _unread(store: Store) -> Status:
    return Status(store.folder.parent.name, str(store.folder))


def _read(store: Store) -> Status:
    folder = str(store.folder)
    if not store.exists:
        return _unread(store)
    try:
        project = facts(store).project
        looked = look(store)
    except MlopsError as error:
        return Status(store.folder.parent.name, folder, error.line(), "bad")
    verdict = looked.verdict
    if verdict.fault:
        return Status(project, folder, verdict.fault, "bad")
    rows = f"{verdict.rows:,} row{'' if verdict.rows == 1 else 's'}"
    return Status(project, folder, f"audit verified, {rows}", "good")
