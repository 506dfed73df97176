"""Watching other libraries while at least one observed run is open, and not one call longer."""

from __future__ import annotations

import threading
from typing import Any

from mlops_nb.adapters import readers, sklearn
from mlops_nb.adapters.patching import Patches
from mlops_nb.runs import active

_lock = threading.Lock()
_open = 0


def _failed(error: Exception) -> None:
    run = active.find()
    if run is not None:
        run.problem(f"capture: {type(error).__name__}: {error}")


_patches = Patches(_failed)


class _Dispatcher:
    """Hands each watched call to the observer of the run that is active where it happens."""

    def before(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        run = active.find()
        observer = run.observer if run is not None else None
        if observer is None:
            return None
        noted = observer.before(kind, name, args, kwargs)
        return None if noted is None else (observer, noted)

    def after(self, noted: Any, result: Any) -> None:
        observer, call = noted
        observer.after(call, result)


_dispatcher = _Dispatcher()


def acquire() -> None:
    """Begin to watch, unless somebody does already."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            sklearn.install(_patches, _dispatcher)
            readers.install(_patches, _dispatcher)


def release() -> None:
    """Stop watching when the last observed run has ended."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            _patches.undo()
