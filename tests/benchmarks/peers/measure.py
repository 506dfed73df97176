"""What every measuring script shares. Only the standard library: it also runs in the rivals' environments."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def say(
    job: str, value: float, *, who: str, package: str, items: int | None = None, note: str = "", broken: str = ""
) -> None:
    """Hand one measurement to the program that started this script; seconds, or a number per second.

    Args:
        job: Its name in `goals.py`.
        value: What was measured.
        who: The name in the table.
        package: The distribution whose version stands beside it.
        items: How many things the value is for, when the rivals had fewer.
        note: What the reader has to know.
        broken: Why the value does not count, such as points that were lost.
    """
    found: dict[str, Any] = {"job": job, "who": who, "version": version(package), "value": value}
    found |= {"items": items, "note": note, "broken": broken}
    line = json.dumps(found) + "\n"
    target = os.environ.get("BENCH_OUT")
    if target is None:
        sys.stdout.write(line)
        return
    # A line at a time: what a script measured before it failed is not lost.
    with Path(target).open("a", encoding="utf-8") as file:
        file.write(line)


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def median(action: Callable[[], object], times: int = 5, warm: int = 1) -> float:
    """The median of several calls, after some that are not counted."""
    for _ in range(warm):
        action()
    return statistics.median(seconds(action) for _ in range(times))


def tracked(job: str, plain: float, taken: float, **who: Any) -> None:
    """A cell's time as a multiple of the same cell untracked."""
    say(job, taken / plain, note=f"{plain:.2f} → {taken:.2f} s", **who)
