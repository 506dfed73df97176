"""Numbers, sizes, times and identifiers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

from mlops_nb.store.ids import SHORT

_zone: ContextVar[tzinfo | None] = ContextVar("mlops_nb_zone", default=None)


@contextmanager
def reading_in(zone: tzinfo) -> Iterator[None]:
    """Inside the block, moments are shown in this zone: a page's reader may be far from its server."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def short(ulid: str) -> str:
    """The beginning of a ULID: its time to the millisecond, which tells runs apart."""
    return ulid[:SHORT]


def digest(name: str) -> str:
    """The beginning of a digest, without its prefix."""
    return name.rpartition(":")[2][:8]


def number(value: object) -> str:
    """A number with four significant digits after the point where they say something."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 100_000 else str(value)
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return str(value)
        if value == int(value) and abs(value) < 1e15:
            return f"{value:,.0f}" if abs(value) >= 100_000 else f"{value:g}"
        size = abs(value)
        if size >= 1e15:
            return f"{value:.4g}"
        return f"{value:.4f}" if 0.001 <= size < 1000 else f"{value:.4g}" if size < 0.001 else f"{value:,.1f}"
    return str(value)


def param(value: object) -> str:
    """A param as it was typed; nothing where there is none."""
    return "" if value is None else str(value)


def seconds(value: float | None) -> str:
    """A duration: `42 ms`, `2.1 s`, `3 min 5 s`, `2 h 10 min`."""
    if value is None:
        return ""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(value: int | None) -> str:
    """Bytes: `812 B`, `1.2 MB`."""
    if value is None:
        return ""
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def when(microseconds: int | None) -> str:
    """A moment in the reader's zone, to the second; that is this machine's zone outside of `reading_in`."""
    if microseconds is None:
        return ""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).astimezone(_zone.get()).strftime("%Y-%m-%d %H:%M:%S")


def cut(text: object, limit: int = 60) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else "�" for c in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def signed(value: float) -> str:
    """A change: `▲0.012`, `▼0.003`, `=`."""
    if not math.isfinite(value) or abs(value) < 5e-5:
        return "=" if math.isfinite(value) else ""
    return f"{'▲' if value > 0 else '▼'}{number(abs(value))}"


def sparkline(values: Sequence[float]) -> str:
    """A curve in blocks, lowest to highest."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 3:
        return ""
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return "".join("▁▂▃▄▅▆▇█"[min(7, int((value - low) / span * 8))] for value in finite)
