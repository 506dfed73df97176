"""What a run's status really is: one that says `running` but whose process is gone was interrupted."""

from __future__ import annotations

from mlops_nb.services.process import Process, alive
from mlops_nb.store.ids import now_us


def status_of(stored: str, host: str, pid: int, process_started_us: int, heartbeat_us: int) -> str:
    """The stored status, or `interrupted` when nobody is left to end the run."""
    if stored != "running" or alive(Process(host, pid, process_started_us), heartbeat_us, now_us()):
        return stored
    return "interrupted"
