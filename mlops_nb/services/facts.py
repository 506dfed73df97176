"""What a service says of itself, in one small file: who keeps it, what became of its last start, and where it listens.

The file is a claim; whether the process lives is asked of the system (`process.py`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops_nb.services.process import Process, host, started_us
from mlops_nb.store import durable

STARTING, READY, FAILED = "starting", "ready", "failed"


@dataclass(frozen=True, slots=True)
class Facts:
    """State of one start of a service.

    Attributes:
        pid: The keeper's process.
        started_us: When that began, microseconds UTC.
        generation: Counts the starts that were asked for; a restart after a crash is none.
        state: `starting`, `ready` or `failed`.
        port: Where it listens.
        restarts: How often a worker was started again after a crash.
        error: Why it failed, one line.
    """

    pid: int
    started_us: int
    generation: int = 0
    state: str = STARTING
    port: int = 0
    restarts: int = 0
    error: str = ""

    @property
    def process(self) -> Process:
        """The keeper, as a process of this machine."""
        return Process(host(), self.pid, self.started_us)


def begin() -> Facts:
    """Facts of a service that this process is to keep."""
    return Facts(os.getpid(), started_us(os.getpid()) or 0)


def read(path: Path) -> Facts | None:
    """The facts in a file; None when there is none."""
    try:
        return Facts(**json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(path: Path, facts: Facts) -> None:
    """Replace the file at once: a reader sees the old facts or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.replace(path, json.dumps(asdict(facts)).encode())
