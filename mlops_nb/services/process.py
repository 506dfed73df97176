"""Facts about processes: who runs, since when, on which host. A pid alone proves nothing: pids are reused."""

from __future__ import annotations

import functools
import os
import socket
from dataclasses import dataclass

STALE_AFTER_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process, named so that it can't be mistaken for a later one with the same pid."""

    host: str
    pid: int
    started_us: int


def started_us(pid: int) -> int | None:
    """When the process began, microseconds UTC; None when there is no such process, or only its zombie."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return int(process.create_time() * 1_000_000)
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return 0


@functools.cache
def host() -> str:
    """This machine's name."""
    return socket.gethostname()


@functools.cache
def _this(pid: int) -> Process:
    return Process(host(), pid, started_us(pid) or 0)


def this() -> Process:
    """The process that asks."""
    return _this(os.getpid())


def alive(process: Process, heartbeat_us: int, now_us: int) -> bool:
    """Whether the process still runs: by pid and start time here, by the age of its heartbeat on another host."""
    if process.host != host():
        return now_us - heartbeat_us < STALE_AFTER_US
    begun = started_us(process.pid)
    # psutil derives the start from the boot time, which a clock adjustment moves by up to a second or two.
    return begun is not None and (begun == 0 or abs(begun - process.started_us) < 2_000_000)
