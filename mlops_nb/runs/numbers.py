"""Numbers from other libraries as floats, and the kind that keeps NaN and the infinities through SQL."""

from __future__ import annotations

import math

from mlops_nb.errors import InvalidInput, brief

FINITE, NAN, PLUS_INFINITY, MINUS_INFINITY = 0, 1, 2, 3


def number(value: object, what: str) -> float:
    """`value` as a float: numbers, NumPy scalars, one-element tensors.

    Raises:
        InvalidInput: `value` is not one number.
    """
    try:
        if isinstance(value, str | bytes):
            raise TypeError  # float("1") would succeed, and hide a mistake
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{what} is {brief(value)}, a {type(value).__name__}", expected="one number") from None


def kind(value: float) -> int:
    """0 finite, 1 NaN, 2 +inf, 3 -inf."""
    if math.isfinite(value):
        return FINITE
    if value != value:
        return NAN
    return PLUS_INFINITY if value > 0 else MINUS_INFINITY


def from_stored(value: float | None, stored_kind: int) -> float:
    """The float that was stored: SQL has NULL where there was NaN."""
    return math.nan if value is None or stored_kind == NAN else value
