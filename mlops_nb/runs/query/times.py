"""Times in a filter: ISO dates and times, UTC unless they have an offset, and spans such as `-7d`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief

if TYPE_CHECKING:
    from mlops_nb.runs.query.expression import Value

_SPAN = re.compile(r"-(\d{1,9}(?:\.\d{1,9})?)([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DAY_US = 86_400_000_000


def span_us(value: Value, now_us: int) -> tuple[int, int]:
    """The first microsecond that the value means and the first one after it: a day for a date, else one.

    Raises:
        InvalidInput: Neither a time nor a span before now.
    """
    text = value.text.strip()
    if (span := _SPAN.fullmatch(text)) is not None:
        back = int(float(span[1]) * _SECONDS[span[2]] * 1_000_000)
        start = max(now_us - back, -(2**62))  # what a 64-bit column can be compared with
        return start, start + 1
    try:
        if _DATE.fullmatch(text):
            start = _micros(datetime.combine(date.fromisoformat(text), datetime.min.time()))
            return start, start + DAY_US
        start = _micros(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{brief(value.text)} at position {value.position} is not a time",
            expected="an ISO date or time (UTC unless it has an offset) or a span before now",
            fix="started > '2026-11-01' or started > -7d",
        ) from None
    return start, start + 1


def _micros(moment: datetime) -> int:
    # Exact integers: a float of seconds loses microseconds.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
