"""A server that a rival starts: until its first answer, then under load, then ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from http_load import answer_when_up, apart
from measure import say

if TYPE_CHECKING:
    from collections.abc import Sequence


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    numbers = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return numbers


def measure_server(command: Sequence[str], url: str, body: bytes, who: str, package: str, note: str) -> None:
    """Start, first answer, load; reports the three jobs of serving."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with Path("server.log").open("w") as log:
        start = time.perf_counter()
        server = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, "PATH": path}
        )
        try:
            answer_when_up(url, body)
            say("deploy", time.perf_counter() - start, who=who, package=package)
            report_load(apart(url, body, Path.cwd()), who, package, note)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


def report_load(found: dict[str, float], who: str, package: str, note: str) -> None:
    broken = f"{found['refused']:,} requests refused" if found["refused"] else ""
    say("predict", found["per_s"], who=who, package=package, note=note, broken=broken)
    say("predict_p99", found["p99"], who=who, package=package, broken=broken)
