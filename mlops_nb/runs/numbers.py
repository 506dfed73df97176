"""Numbers from other libraries as floats, and the kind that keeps NaN and the infinities through SQL."""

from __future__ import annotations

import math

from mlops_nb.errors import InvalidInput, brief

# Half of what a database can hold: a series that counts on never leaves it.
FAR = 2**62
FINITE, NAN, PLUS_INFINITY, MINUS_INFINITY = 0, 1, 2, 3


def number(value: object, what: str) -> float:
    """`value` as a float: numbers, NumPy scalars, one-element tensors.

    Raises:
        InvalidInput: `value` is not one number.
    """
    try:
        if isinstance(value, str | bytes | complex):
            raise TypeError  # float("1") would succeed, and hide a mistake
        # NumPy warns when `float` unpacks an array of one element.
        unpack = getattr(value, "item", None)
        return float(unpack() if callable(unpack) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InvalidInput(f"{what} is {brief(value)}, a {type(value).__name__}", expected="one number") from None


def whole(value: object, what: str) -> int:
    """`value` as a whole number of at most 62 bits.

    Raises:
        InvalidInput: It is not one.
    """
    found = value if type(value) is int else number(value, what)
    if not (-FAR < found < FAR and found == int(found)):
        raise InvalidInput(f"{what} is {brief(value)}", expected="a whole number of at most 62 bits")
    return int(found)


def kind(value: float) -> int:
    """0 finite, 1 NaN, 2 +inf, 3 -inf."""
    if math.isfinite(value):
        return FINITE
    if value != value:
        return NAN
    return PLUS_INFINITY if value > 0 else MINUS_INFINITY


_SPECIAL = {NAN: math.nan, PLUS_INFINITY: math.inf, MINUS_INFINITY: -math.inf}


def from_stored(value: float | None, stored_kind: int) -> float:
    """The float that was stored: SQL has NULL where there was NaN, so the kind tells."""
    if stored_kind != FINITE:
        return _SPECIAL[stored_kind]
    return math.nan if value is None else value
