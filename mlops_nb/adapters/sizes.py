"""How large a fitted model is, without serialising it."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any

_VISITS = 200_000


def estimated_bytes(model: object) -> int:
    """The bytes in the arrays (and trees) of a model, found through its attributes."""
    total, seen, waiting = 0, set[int](), [model]
    while waiting and len(seen) < _VISITS:
        part: Any = waiting.pop()
        if id(part) in seen or isinstance(part, str | int | float | bool | type | ModuleType | FunctionType | None):
            continue
        seen.add(id(part))
        size = getattr(part, "nbytes", None)
        if isinstance(size, int):
            total += size
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set):
            waiting.extend(part)
        elif type(part).__name__ == "Tree" and hasattr(part, "node_count"):
            total += 64 * part.node_count + part.value.nbytes
        elif hasattr(part, "__dict__"):
            waiting.extend(vars(part).values())
    return total
