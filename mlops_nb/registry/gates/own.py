"""Gates that people write: `@ml.gate`, or an entry point of the group `mlops_nb.gates`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, TypeVar

from mlops_nb import gating
from mlops_nb.errors import InvalidInput, NotFound, brief, nearest

F = TypeVar("F", bound=Callable[..., Any])
GROUP = "mlops_nb.gates"
_own: dict[str, Callable[..., Any]] = {}


def add(function: F) -> F:
    """Know a function as a gate under its name.

    Raises:
        InvalidInput: It takes no argument, or its name is that of a gate of the house.
    """
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        raise InvalidInput(f"{brief(function)} is no function with a name", expected="@ml.gate over a def")
    if name in gating.GATES:
        raise InvalidInput(f"there is a gate {name!r} already", expected="another name")
    if not inspect.signature(function).parameters:
        raise InvalidInput(f"the gate {name} takes nothing", expected=f"def {name}(asked)")
    _own[name] = function
    return function


def find(name: str) -> Callable[..., Any]:
    """The function of a gate: the house's, one defined here, or one that an installed package brings.

    Raises:
        NotFound: Nobody knows it; names the nearest.
        InvalidInput: The package that brings it can't be imported.
    """
    found = gating.builtin(name) or _own.get(name)
    if found is not None:
        return found
    for point in entry_points(group=GROUP, name=name):
        try:
            loaded: Callable[..., Any] = point.load()
        except Exception as error:  # whatever a package raises when it is imported, it is the gate that is not there
            raise InvalidInput(f"the gate {name} of {point.value} can't be imported: {brief(str(error))}") from error
        return loaded
    known = [*gating.GATES, *_own, *(point.name for point in entry_points(group=GROUP))]
    raise NotFound(
        f"no gate is called {brief(name)}",
        expected=", ".join(known),
        nearest=nearest(name, known),
        fix="import the module that has it under @ml.gate",
    )
