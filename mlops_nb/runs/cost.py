"""What a run cost: wall, CPU and peak memory of this process."""

from __future__ import annotations

import os
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of wall and CPU time (children that ended included), and the peak resident size in bytes."""

    wall_us: int
    cpu_us: int
    peak_bytes: int | None


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Meter:
    """Measures from its making to `stop`."""

    def __init__(self) -> None:
        self._peak_is_ours = _forget_peak()
        self._wall, self._cpu = time.perf_counter(), _cpu_s()

    def stop(self) -> Cost:
        """What was used since."""
        wall, cpu = time.perf_counter() - self._wall, _cpu_s() - self._cpu
        return Cost(int(wall * 1e6), int(cpu * 1e6), _peak(self._peak_is_ours))


def _forget_peak() -> bool:
    # Linux: writing 5 resets VmHWM, so that the peak is this run's and not the process's (proc(5), clear_refs).
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123 (pathlib would truncate first)
            file.write("5")
    except OSError:
        return False
    return True


def _peak(ours: bool) -> int:
    if ours:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
