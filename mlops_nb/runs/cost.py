"""What a run cost: wall, CPU and peak memory of this process."""

from __future__ import annotations

import os
import re
import resource
import sys
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of wall and CPU time (children that ended included), and the peak resident size in bytes."""

    wall_us: int
    cpu_us: int
    peak_bytes: int | None


class Meter:
    """Measures from its making to `stop`."""

    __slots__ = ("__weakref__", "_cpu", "_ours", "_peak", "_wall")

    def __init__(self) -> None:
        self._peak = 0
        _note_peak()
        self._ours = _forget_peak()
        _open.add(self)
        self._wall, self._cpu = time.perf_counter(), _cpu_s()

    def stop(self) -> Cost:
        """What was used since."""
        wall, cpu = time.perf_counter() - self._wall, _cpu_s() - self._cpu
        peak = max(self._peak, _peak() if self._ours else _peak_of_process())
        _open.discard(self)
        return Cost(int(wall * 1e6), int(cpu * 1e6), peak)


_open: weakref.WeakSet[Meter] = weakref.WeakSet()  # a run may be dropped without an end


def _cpu_s() -> float:
    times = os.times()  # in hundredths of a second: for the children only
    return time.process_time() + times.children_user + times.children_system


def _note_peak() -> None:
    """Before the peak is forgotten: the runs that are open had it."""
    if _open:
        peak = _peak()
        for meter in _open:
            meter._peak = max(meter._peak, peak)


def _forget_peak() -> bool:
    # Linux: writing 5 resets VmHWM, so that the peak is this run's and not the process's (proc(5), clear_refs).
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123 (pathlib would truncate first)
            file.write("5")
    except OSError:
        return False
    return True


def _peak() -> int:
    try:
        found = _PEAK.search(Path("/proc/self/status").read_bytes())
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else _peak_of_process()


def _peak_of_process() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
