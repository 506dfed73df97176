"""Moments as people type them: ISO 8601 dates and times, and spans before now such as `-7d`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.store.ids import now_us

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN = re.compile(r"-([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Span(NamedTuple):
    """The first microsecond that a text means, and the first one after it: a day for a date, else one."""

    first: int
    after: int


def span(text: str, zone: tzinfo | None = None) -> Span:
    """What a text means, microseconds UTC.

    Args:
        text: `2026-05-03` (the whole day), `2026-05-03T14:00`, `-7d` (so long before now).
        zone: That of a text that names none; None: the system's.

    Raises:
        InvalidInput: It is none of these, or in its zone it came twice or never.
    """
    text = str(text).strip()
    if (back := _SPAN.fullmatch(text)) is not None:
        first = max(0, now_us() - int(back[1]) * _SECONDS[back[2]] * 1_000_000)
        return Span(first, first + 1)
    if _DATE.fullmatch(text):
        day = _parsed(text)
        following = date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))
        return Span(_us(day, zone), _us(datetime.combine(following, datetime.min.time()), zone))
    first = moment(text, zone)
    return Span(first, first + 1)


def moment(text: str, zone: tzinfo | None = None) -> int:
    """A date and time in ISO 8601 as microseconds UTC.

    Args:
        text: What somebody typed.
        zone: That of a text that names none; None: the system's.

    Raises:
        InvalidInput: It is no moment, or in its zone it came twice or never.
    """
    found = _parsed(text)
    first, second = _us(found.replace(fold=0), zone), _us(found.replace(fold=1), zone)
    if first == second:
        return first
    # Where clocks are set back an hour comes twice, where they are set forward one is left out.
    moments = [_EPOCH + timedelta(microseconds=us) for us in sorted((first, second))]
    twice = all(one.astimezone(zone).replace(tzinfo=None) == found for one in moments)
    both = " or ".join(one.isoformat() for one in moments)
    where = "this machine's zone" if zone is None else str(zone)
    raise InvalidInput(
        f"{brief(text)} {'came twice' if twice else 'never came'} in {where}, where the clocks were changed",
        expected=f"a zone with it: {both}",
    )


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(str(text).strip())
    except ValueError:
        raise InvalidInput(
            f"{brief(text)} is no moment", expected="ISO 8601, like 2026-05-03T14:00 or 2026-05-03 14:00+02:00"
        ) from None


def _us(found: datetime, zone: tzinfo | None) -> int:
    placed = found if found.tzinfo is not None or zone is None else found.replace(tzinfo=zone)
    try:
        return (placed.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (OverflowError, ValueError, OSError):
        raise InvalidInput(f"{brief(str(found))} is no moment of our time", expected="a year from 1970 on") from None
