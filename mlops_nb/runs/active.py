"""Which run is active: the one named, else the context's, else the one that started this thread, else the cell's.

A ContextVar alone loses threads, and leaks into later cells; a global "last run" would take what is not its own. So a
context carries its run, threads and executor jobs carry the run that was active where they were started, and a stack
holds the runs of the cells that execute now.
"""

from __future__ import annotations

import contextvars
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
_originals: dict[str, Any] = {}


def find() -> ActiveRun | None:
    """The active run, or None."""
    run = _context.get()
    if run is not None:
        return run
    started_by: ActiveRun | None = getattr(threading.current_thread(), "_mlops_nb_run", None)
    if started_by is not None:
        return started_by
    return _cells[-1] if _cells and threading.current_thread() is threading.main_thread() else None


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


def _attach_threads(change: int) -> None:
    """While a run is open, threads and executor jobs remember the run that was active where they were started."""
    global _opened
    with _lock:
        before, _opened = _opened, _opened + change
        if before == 0 and _opened == 1:
            _originals.update(start=threading.Thread.start, submit=ThreadPoolExecutor.submit)
            threading.Thread.start = _start  # type: ignore[method-assign]
            ThreadPoolExecutor.submit = _submit  # type: ignore[method-assign,assignment]
        elif before == 1 and _opened == 0:
            threading.Thread.start = _originals["start"]  # type: ignore[method-assign]
            ThreadPoolExecutor.submit = _originals["submit"]  # type: ignore[method-assign]


def _start(thread: threading.Thread) -> None:
    thread._mlops_nb_run = find()  # type: ignore[attr-defined]
    _originals["start"](thread)


def _submit(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    run = find()

    def attached(*args: Any, **kwargs: Any) -> Any:
        token = _context.set(run)
        try:
            return function(*args, **kwargs)
        finally:
            _context.reset(token)

    future: Future[Any] = _originals["submit"](pool, attached if run is not None else function, *args, **kwargs)
    return future
