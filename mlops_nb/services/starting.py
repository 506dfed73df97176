"""From outside: wait until a service is ready or has failed, and stop it for certain."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from mlops_nb.services import facts as facts_file
from mlops_nb.services import spare
from mlops_nb.services.facts import STARTING, Facts
from mlops_nb.services.process import Process, alive, host, started_us
from mlops_nb.store.ids import now_us

_STOP_S = 8.0


def is_alive(process: Process) -> bool:
    """Whether this very process runs on this machine."""
    spare.collect()
    return alive(process, 0, now_us())


def process_of(pid: int) -> Process:
    """The process that has this pid now."""
    return Process(host(), pid, (started_us(pid) if pid else None) or 0)


def wait(path: Path, pid: int, generation: int, seconds: float) -> Facts | None:
    """The facts of the start that was asked for, once it is ready or failed; None when neither came in time.

    Args:
        path: The file of facts.
        pid: The keeper.
        generation: That start's number.
        seconds: How long to wait.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = facts_file.read(path)
        if found and found.pid == pid and found.generation >= generation and found.state != STARTING:
            return found
        spare.collect()
        if started_us(pid) is None:
            return facts_file.read(path) if found and found.pid == pid and found.state != STARTING else None
        time.sleep(0.01)
    return None


def renew(process: Process) -> None:
    """Ask a keeper to start a new worker and stop the old one once that is ready."""
    os.kill(process.pid, signal.SIGHUP)


def stop(process: Process, seconds: float = _STOP_S) -> None:
    """End a keeper and its workers: asked first, killed when they do not listen. Returns when all are gone."""
    if not process.pid or not is_alive(process):
        return
    _signal(process.pid, signal.SIGTERM, group=False)
    end = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > end:
            # The keeper leads a session of its own: its group is exactly its workers.
            _signal(process.pid, signal.SIGKILL, group=True)
            end = time.monotonic() + seconds
        time.sleep(0.005)
    spare.collect()


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return  # it was faster
