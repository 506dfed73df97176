"""16 processes that log at the same time."""

from __future__ import annotations

import subprocess
import sys

PROCESSES, RUNS, STEPS = 16, 25, 20
POINTS = PROCESSES * RUNS * STEPS


def crowd(worker: str, place: str) -> None:
    """Run a worker's source 16 times at once, and wait for all; what failed shows in what was kept."""
    command = [sys.executable, "-c", worker, place, str(RUNS), str(STEPS)]
    started = [subprocess.Popen(command) for _ in range(PROCESSES)]
    for process in started:
        process.wait()


def lost(kept: int) -> str:
    return f"{POINTS - kept:,} points lost" if kept != POINTS else ""
