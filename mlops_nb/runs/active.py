"""Which run is active: the one of this context, else the one that started this thread, else the cell's.

A ContextVar alone loses threads, and leaks into later cells; a global "last run" would take what is not its own. So a
context carries its run, threads and executor jobs carry the run that was active where they were started, and a stack
holds the runs of the cells that execute now.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput

if TYPE_CHECKING:
    from mlops_nb.runs.active_run import ActiveRun

_context: contextvars.ContextVar[ActiveRun | None] = contextvars.ContextVar("mlops_nb_run", default=None)
_cells: list[ActiveRun] = []
_opened = 0
_lock = threading.Lock()
_restore: list[Callable[[], None]] = []
_pooling = threading.local()


def find() -> ActiveRun | None:
    """The active run, or None."""
    run = _context.get()
    if run is not None:
        return run
    thread = threading.current_thread()
    started_by: ActiveRun | None = getattr(thread, "_mlops_nb_run", None)
    if started_by is not None:
        return started_by
    return _cells[-1] if _cells and thread is threading.main_thread() else None


def require(what: str) -> ActiveRun:
    """The active run.

    Raises:
        InvalidInput: There is none.
    """
    run = find()
    if run is None:
        raise InvalidInput(
            f"{what} found no active run", fix="%%track on top of the cell, or `with ml.track('experiment'):`"
        )
    return run


def enter(run: ActiveRun, cell: bool) -> contextvars.Token[ActiveRun | None]:
    """Make `run` the active one of this context (and, for a cell, of this kernel's main thread)."""
    if cell:
        _cells.append(run)
    _attach_threads(+1)
    return _context.set(run)


def leave(run: ActiveRun, token: contextvars.Token[ActiveRun | None]) -> None:
    """Undo `enter`. A cell with `await` may end in another context than it began in."""
    if run in _cells:
        _cells.remove(run)
    _attach_threads(-1)
    try:
        _context.reset(token)
    except ValueError:
        _context.set(None)


def new_cell() -> None:
    """A cell begins: the run of a cell that has ended is not its own, whatever context it was given."""
    run = _context.get()
    if run is not None and run.origin == "cell" and run not in _cells:
        _context.set(None)


def _attach_threads(change: int) -> None:
    """While a run is open, threads and executor jobs remember the run that was active where they were started."""
    global _opened
    with _lock:
        before, _opened = _opened, _opened + change
        if before == 0 and _opened == 1:
            _replace(threading.Thread, "start", _starting(threading.Thread.start))
            _replace(ThreadPoolExecutor, "submit", _submitting(ThreadPoolExecutor.submit))
        elif before == 1 and _opened == 0:
            while _restore:
                _restore.pop()()


def _replace(owner: type, name: str, ours: Callable[..., Any]) -> None:
    theirs = vars(owner)[name]
    setattr(owner, name, ours)
    # Whoever wrapped ours in the meantime (a debugger, a tracer) keeps it: alone, it does nothing.
    _restore.append(lambda: setattr(owner, name, theirs) if vars(owner)[name] is ours else None)


def _starting(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        # A pool's thread outlives the run: its jobs are attached one by one.
        if not getattr(_pooling, "on", False):
            self._mlops_nb_run = find()  # type: ignore[attr-defined]
        original(self)

    return start


def _submitting(original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @functools.wraps(original)
    def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        run = find()
        job = fn if run is None else _attached(fn, run)
        before, _pooling.on = getattr(_pooling, "on", False), True
        try:
            return original(self, job, *args, **kwargs)
        finally:
            _pooling.on = before

    return submit


def _attached(function: Callable[..., Any], run: ActiveRun) -> Callable[..., Any]:
    def attached(*args: Any, **kwargs: Any) -> Any:
        token = _context.set(run)
        try:
            return function(*args, **kwargs)
        finally:
            _context.reset(token)

    return attached
