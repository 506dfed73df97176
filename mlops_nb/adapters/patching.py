"""Watch calls of other people's functions for a while, through every alias, and undo it without a trace.

Rebinding a module attribute misses `from sklearn.metrics import f1_score as f`. A decorated function keeps the real one
in a closure cell, and a plain function keeps its code in an attribute: changing either reaches every alias.
"""

from __future__ import annotations

import copy
import functools
import importlib.abc
import importlib.machinery
import inspect
import itertools
import operator
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol

Function = Callable[..., Any]
_depth = threading.local()
_numbers = itertools.count()
_swapped: dict[int, Function] = {}
_MISSING: Any = object()


class Watcher(Hashable, Protocol):
    """Who is told about watched calls. It must not raise."""

    def before(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Called before the outermost watched call; what it returns is given to `after`; None: not interested."""

    def after(self, noted: Any, result: Any) -> None:
        """Called when the call returned."""


class _Watch:
    """Hands the outermost calls of each thread to a watcher."""

    def __init__(self, kind: str, name: str, watcher: Watcher) -> None:
        self.kind, self.name, self.watcher = kind, name, watcher

    def __call__(self, function: Function) -> Function:
        return function if getattr(_depth, "inside", False) else functools.partial(self._call, function)

    def __reduce__(self) -> tuple[Any, ...]:
        # cloudpickle sends a class that was defined in a cell to joblib's processes, wrapped methods and all. There
        # this is `copy.copy`, which returns a function as it is: nothing is watched, nothing of ours is needed.
        return operator.attrgetter("copy"), (copy,)

    def _call(self, function: Function, /, *args: Any, **kwargs: Any) -> Any:
        noted = self.watcher.before(self.kind, self.name, args, kwargs)
        _depth.inside = True
        try:
            result = function(*args, **kwargs)
        finally:
            _depth.inside = False
        if noted is not None:
            self.watcher.after(noted, result)
        return result


def watched(function: Function, kind: str, name: str, watcher: Watcher) -> Function:
    """`function`, telling `watcher` about its outermost calls in each thread."""
    watch = _Watch(kind, name, watcher)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return watch(function)(*args, **kwargs)  # no globals: see `_Watch.__reduce__`

    return call


class Attribute:
    """A change of an attribute in `owner`'s own dictionary."""

    __slots__ = ("before", "name", "ours", "owner")

    def __init__(self, owner: Any, name: str, ours: Any) -> None:
        self.owner, self.name, self.ours = owner, name, ours
        self.before = vars(owner).get(name, _MISSING)

    def apply(self) -> None:
        """Make the change, unless somebody else has changed it since."""
        if vars(self.owner).get(self.name, _MISSING) is self.before:
            setattr(self.owner, self.name, self.ours)

    def undo(self) -> None:
        """Take it back, unless somebody else has replaced ours in the meantime."""
        if vars(self.owner).get(self.name) is not self.ours:
            return
        if self.before is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)


class Cell:
    """A change of what a closure holds."""

    __slots__ = ("before", "cell", "ours")

    def __init__(self, cell: CellType, ours: Function) -> None:
        self.cell, self.ours, self.before = cell, ours, cell.cell_contents

    def apply(self) -> None:
        """Make the change."""
        if self.cell.cell_contents is self.before:
            self.cell.cell_contents = self.ours

    def undo(self) -> None:
        """Take it back."""
        if self.cell.cell_contents is self.ours:
            self.cell.cell_contents = self.before


class Code:
    """A change of a plain function's code: it goes on to `ours`, which can reach the original."""

    __slots__ = ("before", "function", "number", "original", "ours", "signature", "trampoline")

    def __init__(self, function: FunctionType, wrap: Callable[[Function], Function]) -> None:
        self.function, self.before, self.number = function, function.__code__, next(_numbers)
        original = FunctionType(self.before, function.__globals__, function.__name__, function.__defaults__)
        original.__kwdefaults__ = function.__kwdefaults__
        original.__annotations__ = function.__annotations__
        self.original, self.ours, self.signature = original, wrap(original), inspect.signature(original)
        self.trampoline = _trampoline(function.__name__, self.number)

    def apply(self) -> None:
        """Make the change."""
        if self.function.__code__ is not self.before:
            return
        _swapped[self.number] = self.ours
        self.function.__signature__ = self.signature  # type: ignore[attr-defined]
        # The defaults stay: code without named parameters never looks at them, so the change is one assignment.
        self.function.__code__ = self.trampoline

    def undo(self) -> None:
        """Take it back."""
        if self.function.__code__ is not self.trampoline:
            return
        self.function.__code__ = self.before
        del self.function.__signature__  # type: ignore[attr-defined]
        # A call that is under way in another thread may still look its number up.
        _swapped[self.number] = self.original


Change = Attribute | Cell | Code


def of_function(function: Any, wrap: Callable[[Function], Function]) -> list[Change]:
    """What has to change so that every alias of a function is wrapped; nothing for builtins."""
    if not isinstance(function, FunctionType):
        return []
    cell = _inner_cell(function)
    if cell is not None:
        return [Cell(cell, wrap(cell.cell_contents))]
    return [Code(function, wrap)] if function.__closure__ is None else []


class _Method:
    """A wrapped method of a user's class: whoever pickles the class, as joblib does, gets the original."""

    __slots__ = ("call", "original")

    def __init__(self, original: Function, call: Function) -> None:
        self.original, self.call = original, call

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self.call if instance is None else MethodType(self.call, instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self.original,)


def of_method(owner: type, name: str, wrap: Callable[[Function], Function], *, pickled: bool = False) -> list[Change]:
    """What has to change so that a method that `owner` itself defines is wrapped, also behind `available_if`.

    `pickled`: the class itself may be sent to another process, as it is when it was defined in a cell.
    """
    found = vars(owner).get(name)
    if isinstance(found, _Method):  # it is wrapped
        return []
    if isinstance(found, FunctionType):
        return [Attribute(owner, name, _Method(found, wrap(found)) if pickled else wrap(found))]
    inner = getattr(found, "fn", None)
    return [Attribute(found, "fn", wrap(inner))] if isinstance(inner, FunctionType) else []


class Patches:
    """What was changed, undone in reverse order by `undo`.

    Args:
        failed: Told of an error that came up inside the user's own import.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.failed = failed
        self._undo: list[Callable[[], None]] = []

    def undo(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()

    def apply(self, changes: Iterable[Change]) -> None:
        """Make changes."""
        for change in changes:
            change.apply()
            self._undo.append(change.undo)

    def when_imported(self, name: str, action: Callable[[ModuleType], None]) -> None:
        """Call `action(module)` now if `name` is imported, else as soon as it has been."""
        module = sys.modules.get(name)
        if module is not None:
            action(module)
            return
        finder = _Finder(name, action, self.failed)
        sys.meta_path.insert(0, finder)
        self._undo.append(finder.stop)


def dispatch(number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Where a function whose code was swapped goes."""
    return _swapped[number](*args, **kwargs)


def _trampoline(name: str, number: int) -> CodeType:
    source = (
        f"def {name}(*args, **kwargs):\n"
        " from mlops_nb.adapters.patching import dispatch\n"
        f" return dispatch({number}, args, kwargs)\n"
    )
    scope: dict[str, Any] = {}
    exec(compile(source, "<mlops_nb>", "exec"), scope)  # noqa: S102 (our own lines)
    code: CodeType = scope[name].__code__
    return code


def _inner_cell(function: FunctionType) -> CellType | None:
    inner = getattr(function, "__wrapped__", None)
    if inner is None:
        return None
    return next((cell for cell in function.__closure__ or () if cell.cell_contents is inner), None)


class _Finder(importlib.abc.MetaPathFinder):
    """Waits for one module, lets the others find it, and acts when it has been executed."""

    def __init__(self, name: str, action: Callable[[ModuleType], None], failed: Callable[[Exception], None]) -> None:
        self.name, self.action, self.failed = name, action, failed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's own spec, with a loader that acts after execution."""
        if fullname != self.name:
            return None
        others = (finder.find_spec for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((found for find in others if (found := find(fullname, path, target)) is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec

    def stop(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def imported(self, module: ModuleType) -> None:
        """The module has been executed; many only look whether it could be."""
        if self in sys.meta_path:
            self.stop()
            try:
                self.action(module)
            except Exception as error:  # noqa: BLE001 (the user's import is never broken by us)
                self.failed(error)


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: Any, finder: _Finder) -> None:
        self.inner, self.finder = inner, finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.inner.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        # The module must look as if it had been found without us.
        if module.__spec__ is not None:
            module.__spec__.loader = self.inner
        module.__loader__ = self.inner
        self.inner.exec_module(module)
        self.finder.imported(module)
