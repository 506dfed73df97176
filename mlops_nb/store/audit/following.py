"""What is proved of a log, kept in this process: most looks walk along what was added since the last one.

What was walked along may be altered afterwards; so all of it is walked along again from time to time, more seldom the
longer that takes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.store import database
from mlops_nb.store.audit.model import Verdict
from mlops_nb.store.audit.verifying import Walk, walk_on
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

# At most a hundredth of the time goes into it.
_WHOLE_EVERY_S, _REST = 30.0, 100.0


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a log.

    Attributes:
        verdict: What was found.
        at_us: When its newest rows were looked at, microseconds UTC.
        whole_us: When all of it was.
    """

    verdict: Verdict
    at_us: int
    whole_us: int


@dataclass(slots=True)
class _Known:
    lock: threading.Lock = field(default_factory=threading.Lock)
    mark: object = None
    walk: Walk = field(default_factory=Walk)
    look: Look | None = None
    next_whole: float = 0.0


_known: dict[Path, _Known] = {}


def look(store: Store, *, whole: bool = False) -> Look:
    """Look at a log, along with whoever else in this process does.

    Args:
        store: Whose log; it must exist.
        whole: Walk along all of it, whenever that was done last.

    Raises:
        StoreError: The store can't be read.
    """
    known = _known.setdefault(store.folder, _Known())
    with known.lock:
        known.look = _look(store, known, whole)
        return known.look


def seen(store: Store) -> Look | None:
    """What the last look found; None before the first one."""
    known = _known.get(store.folder)
    return known.look if known is not None else None


def _look(store: Store, known: _Known, whole: bool) -> Look:
    mark, begun = database.mark(store.path), time.monotonic()
    last = known.look
    due = whole or last is None or bool(last.verdict.fault) or begun >= known.next_whole
    goes_on = not due and mark == known.mark
    with store.reading() as connection:
        verdict, walk = walk_on(connection, store.anchor, known.walk if goes_on else Walk())
    at = now_us()
    if not goes_on:
        known.next_whole = time.monotonic() + max(_WHOLE_EVERY_S, _REST * (time.monotonic() - begun))
    known.mark, known.walk = mark, walk
    return Look(verdict, at, last.whole_us if goes_on and last is not None else at)
