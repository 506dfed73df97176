"""Watch calls of other people's functions for a while, through every alias, and undo it without a trace.

Rebinding a module attribute misses `from sklearn.metrics import f1_score as f`. A decorated function keeps the real one
in a closure cell, and a plain function keeps its code in an attribute: changing either reaches every alias.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import itertools
import sys
import threading
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any, Protocol

Function = Callable[..., Any]
_depth = threading.local()
_numbers = itertools.count()
_swapped: dict[int, Function] = {}


class Watcher(Protocol):
    """Who is told about watched calls. It must not raise."""

    def before(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Called before the outermost watched call; what it returns is given to `after`; None: not interested."""

    def after(self, noted: Any, result: Any) -> None:
        """Called when the call returned."""


def watched(function: Function, kind: str, name: str, watcher: Watcher) -> Function:
    """`function`, telling `watcher` about its outermost calls in each thread."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if getattr(_depth, "inside", False):
            return function(*args, **kwargs)
        noted = watcher.before(kind, name, args, kwargs)
        _depth.inside = True
        try:
            result = function(*args, **kwargs)
        finally:
            _depth.inside = False
        if noted is not None:
            watcher.after(noted, result)
        return result

    return call


class Patches:
    """What was changed, undone in reverse order by `undo`."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def undo(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()

    def function(self, function: Function, wrap: Callable[[Function], Function]) -> None:
        """Replace a function in place, for every alias of it. Builtins are left alone."""
        if not isinstance(function, FunctionType):
            return
        cell = _inner_cell(function)
        if cell is not None:
            original = cell.cell_contents
            cell.cell_contents = wrap(original)
            self._undo.append(lambda: setattr(cell, "cell_contents", original))
        elif function.__closure__ is None:
            self._swap_code(function, wrap)

    def attribute(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute in `owner`'s own dictionary, or replace it."""
        missing = object()
        before = vars(owner).get(name, missing)
        setattr(owner, name, value)
        self._undo.append(lambda: delattr(owner, name) if before is missing else setattr(owner, name, before))

    def method(self, owner: type, name: str, wrap: Callable[[Function], Function]) -> None:
        """Replace a method that `owner` itself defines, also behind scikit-learn's `available_if`."""
        found = vars(owner).get(name)
        if isinstance(found, FunctionType):
            self.attribute(owner, name, wrap(found))
        elif found is not None and isinstance(getattr(found, "fn", None), FunctionType):
            self.attribute(found, "fn", wrap(found.fn))

    def when_imported(self, name: str, action: Callable[[ModuleType], None]) -> None:
        """Call `action(module)` now if `name` is imported, else as soon as it has been."""
        module = sys.modules.get(name)
        if module is not None:
            action(module)
            return
        finder = _Finder(name, action)
        sys.meta_path.insert(0, finder)
        self._undo.append(lambda: sys.meta_path.remove(finder) if finder in sys.meta_path else None)

    def _swap_code(self, function: FunctionType, wrap: Callable[[Function], Function]) -> None:
        code, number = function.__code__, next(_numbers)
        original = FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
        original.__kwdefaults__ = function.__kwdefaults__
        original.__annotations__ = function.__annotations__
        _swapped[number] = wrap(original)
        function.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        # The defaults stay: code without named parameters never looks at them, so the change is one assignment.
        function.__code__ = _trampoline(function.__name__, number)

        def undo() -> None:
            function.__code__ = code
            del function.__signature__  # type: ignore[attr-defined]
            # A call that is under way in another thread may still look its number up.
            _swapped[number] = original

        self._undo.append(undo)


def dispatch(number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Where a function whose code was swapped goes."""
    return _swapped[number](*args, **kwargs)


def _trampoline(name: str, number: int) -> CodeType:
    source = f"def {name}(*args, **kwargs):\n from mlops_nb.adapters.patching import dispatch\n return dispatch({number}, args, kwargs)\n"
    scope: dict[str, Any] = {}
    exec(source, scope)  # noqa: S102 (our own two lines)
    code: CodeType = scope[name].__code__
    return code


def _inner_cell(function: FunctionType) -> Any:
    inner = getattr(function, "__wrapped__", None)
    if inner is None:
        return None
    for cell in function.__closure__ or ():
        if cell.cell_contents is inner:
            return cell
    return None


class _Finder(importlib.abc.MetaPathFinder):
    """Waits for one module, lets the others find it, and acts when it has been executed."""

    def __init__(self, name: str, action: Callable[[ModuleType], None]) -> None:
        self.name, self.action = name, action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's own spec, with a loader that acts after execution."""
        if fullname != self.name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self.action)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: Any, action: Callable[[ModuleType], None]) -> None:
        self.inner, self.action = inner, action

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.inner.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        # The module must look as if it had been found without us.
        if module.__spec__ is not None:
            module.__spec__.loader = self.inner
        module.__loader__ = self.inner
        self.inner.exec_module(module)
        self.action(module)
