"""ULIDs: 48 bits of milliseconds and 80 random bits in Crockford's base 32 (github.com/ulid/spec)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

# So many characters hold the time to the millisecond.
SHORT = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_lock = threading.Lock()
_last = 0


def now_us() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def new_ulid() -> str:
    """A new ULID, 26 characters; later calls in one process sort after earlier ones."""
    global _last
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    with _lock:
        # The spec's monotonic rule: within one millisecond, count on from the last value.
        value = value if value > _last else _last + 1
        _last = value
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def told_apart(ulids: Sequence[str]) -> dict[str, str]:
    """The beginnings of ULIDs that tell them apart: longer than `SHORT` only where a script began several at once."""
    length = SHORT
    while length < 26 and len({ulid[:length] for ulid in ulids}) < len(set(ulids)):
        length += 1
    return {ulid: ulid[:length] for ulid in ulids}
