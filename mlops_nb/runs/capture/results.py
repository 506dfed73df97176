"""What calls returned: scalars, and which data a prediction was made for."""

from __future__ import annotations

import numbers
import weakref
from typing import Any, NamedTuple


class Origin(NamedTuple):
    """A prediction was made for `data` (a variable), which had `role` then."""

    role: str
    data: str


def is_scalar(value: Any) -> bool:
    """One real number: Python's or NumPy's, but not a bool."""
    return (
        isinstance(value, numbers.Real)
        and not isinstance(value, bool)
        and type(value).__name__ not in ("bool_", "bool")
    )


class Predictions:
    """Remembers predictions by identity, without keeping them alive."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], Origin]] = {}

    def add(self, result: Any, role: str, data: str) -> None:
        """`result` was predicted for `data`."""
        # What is returned may itself be a view (a transposed stack), and a column of it is a view of the same owner.
        for value in (result, _owner(result)):
            try:
                self._known[id(value)] = (weakref.ref(value), Origin(role, data))
            except TypeError:  # lists and tuples can't be referred to weakly
                return

    def origin(self, value: Any) -> Origin | None:
        """Whose prediction `value` is: itself, or the array it is a view of (`p[:, 1]`)."""
        seen = 0
        while value is not None and seen < 10:
            known = self._known.get(id(value))
            if known is not None and known[0]() is value:
                return known[1]
            value, seen = getattr(value, "base", None), seen + 1
        return None


def _owner(value: Any) -> Any:
    for _ in range(10):
        base = getattr(value, "base", None)
        if base is None or not hasattr(base, "dtype"):
            return value
        value = base
    return value
