"""What a run ran in: Python, platform, hardware and every installed distribution; once per process, by content."""

from __future__ import annotations

import functools
import json
import os
import platform
from typing import TYPE_CHECKING

from mlops_nb.runs import recording

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.runs.active_run import ActiveRun


@functools.cache
def environment() -> str:
    """The environment as JSON. Names and versions of public things, no variables and no paths: nothing to mask."""
    from importlib.metadata import distributions

    import psutil

    installed = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}
    return json.dumps(
        {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "platform": platform.platform(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "distributions": dict(sorted(installed.items())),
        },
        indent=0,
    )


def put_environment(run: ActiveRun) -> None:
    """Write which environment the run had."""
    body = environment()

    def put(connection: sqlite3.Connection) -> None:
        digest = recording.put_text(connection, body)
        connection.execute("UPDATE run SET environment = ? WHERE id = ?", (digest, run.row))

    run.record(put)
