"""Watching other people's functions: through every alias, while it lasts, and without a trace."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
import threading
import types
from typing import Any

import pytest

from mlops_nb.adapters.patching import Attribute, Patches, of_function, of_method, watched


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def before(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return name

    def after(self, noted: Any, result: Any) -> None:
        self.heard.append((noted, result))


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def failed(error: Exception) -> None:
    raise AssertionError(error)


def plain(a: int, b: int = 2, *, c: int = 3) -> int:
    """Adds."""
    return a + b + c


closed = decorated(plain)


def state(function: Any) -> tuple[Any, ...]:
    cells = tuple(cell.cell_contents for cell in function.__closure__ or ())
    return function.__code__, cells, function.__defaults__, function.__kwdefaults__, dict(vars(function))


@pytest.mark.parametrize("function", [plain, closed])
def test_every_alias_is_watched_and_nothing_stays(function: Any) -> None:
    before, patches, listener = state(function), Patches(failed), Listener()
    alias, partial, signature = function, functools.partial(function, 1), inspect.signature(function)
    changes = of_function(function, lambda inner: watched(inner, "kind", "name", listener))
    for _ in range(2):  # found out once, applied for each run
        patches.apply(changes)
        assert alias(1) == 6
        assert partial(c=0) == 3
        assert inspect.signature(function) == signature
        assert function.__doc__ == "Adds."
        with pytest.raises(TypeError, match="argument"):
            alias()
        patches.undo()
        assert state(function) == before
        alias(1)
    assert listener.heard == [("name", 6), ("name", 3)] * 2


def test_builtins_are_left_alone() -> None:
    assert of_function(len, lambda inner: inner) == []


def test_only_the_outermost_call_of_a_thread_counts() -> None:
    listener = Listener()
    inner = watched(lambda: 1, "kind", "inner", listener)
    outer = watched(lambda: inner() + 1, "kind", "outer", listener)
    threads = [threading.Thread(target=outer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listener.heard == [("outer", 2)] * 4
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 / 0, "kind", "fails", listener)()
    assert inner() == 1
    assert listener.heard[-1] == ("inner", 1)


def test_methods_pickle_as_the_originals() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")

    class Model:
        def fit(self, X: Any) -> Any:
            return self

    patches, listener, original = Patches(failed), Listener(), Model.fit
    patches.apply(of_method(Model, "fit", lambda f: watched(f, "fit", "fit", listener), pickled=True))
    assert inspect.isfunction(Model.fit)
    assert inspect.signature(Model.fit) == inspect.signature(original)
    model = Model()
    assert model.fit(1) is model
    sent = cloudpickle.dumps(Model)
    assert b"mlops_nb" not in sent
    code = "import pickle, sys; sys.modules['mlops_nb'] = None; pickle.load(sys.stdin.buffer)().fit(1)"
    subprocess.run([sys.executable, "-c", code], input=sent, check=True)
    assert of_method(Model, "fit", lambda f: f, pickled=True) == []
    patches.undo()
    assert Model.fit is original
    assert listener.heard == [("fit", model)]


def test_who_replaces_ours_keeps_theirs() -> None:
    patches, thing = Patches(failed), types.SimpleNamespace(a=1)
    patches.apply([Attribute(thing, "a", 2), Attribute(thing, "b", 3)])
    assert (thing.a, thing.b) == (2, 3)
    thing.a = "theirs"
    patches.undo()
    assert vars(thing) == {"a": "theirs"}


def test_a_module_that_is_imported_later() -> None:
    code = """
import importlib.util, sys
from mlops_nb.adapters.patching import Patches
seen, before = [], list(sys.meta_path)
patches = Patches(print)
patches.when_imported("colorsys", lambda module: seen.append(module.rgb_to_hsv))
patches.when_imported("this", lambda module: seen.append("too late"))
importlib.util.find_spec("colorsys")
assert not seen
import colorsys
assert seen == [colorsys.rgb_to_hsv]
assert "mlops_nb" not in type(colorsys.__loader__).__module__
found = importlib.util.find_spec("this")
patches.undo()
assert sys.meta_path == before
import this
assert len(seen) == 1
patches.when_imported("colorsys", lambda module: 1 / 0 if seen.append("now") else None)
assert seen[-1] == "now"
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_an_error_of_ours_does_not_break_the_user_s_import() -> None:
    code = """
import sys
from mlops_nb.adapters.patching import Patches
errors = []
patches = Patches(errors.append)
patches.when_imported("colorsys", lambda module: 1 / 0)
import colorsys
assert [type(e).__name__ for e in errors] == ["ZeroDivisionError"]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
