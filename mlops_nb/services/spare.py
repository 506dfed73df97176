"""Starting a detached process, at once if one waits: Python with the slow imports done, ready for its first order.

A process in waiting belongs to the process that made it (a pipe to its standard input): it ends when that ends, or
after ten minutes. Once it has its order it is on its own, in a session of its own, and survives the notebook.
`MLOPS_NB_SPARE=0` keeps none waiting.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_nb.store.actor import inherited

IDLE_S = 600.0


class _Detached(subprocess.Popen[bytes]):
    """A process that is meant to outlive us: forgetting it is no leak to warn of."""

    def __del__(self) -> None:
        """Nothing: see above."""


_waiting: dict[Path, _Detached] = {}
# Kept so that they can be collected when they end before we do.
_sent: list[_Detached] = []


def prepare(folder: Path, modules: Sequence[str]) -> None:
    """Keep a process waiting for the store in `folder`, with `modules` imported; costs the caller a few ms."""
    if os.environ.get("MLOPS_NB_SPARE") == "0" or _alive(folder):
        return
    _waiting[folder] = _start(folder, modules)


def order(folder: Path, run: str, arguments: Mapping[str, Any]) -> int:
    """Have `run` ('module:function') called with `arguments` in a detached process; returns its pid.

    Args:
        folder: The `.mlops` folder.
        run: A function that gets the arguments by name and returns an exit code.
        arguments: JSON-able values. `log` names the file that the output goes to.
    """
    line = json.dumps({"run": run, "arguments": dict(arguments)}).encode() + b"\n"
    process = _waiting.pop(folder) if _alive(folder) else None
    if process is None or not _tell(process, line):
        process = _start(folder, ())
        _tell(process, line)
    _sent[:] = [one for one in _sent if one.poll() is None] + [process]
    return process.pid


def dismiss(folder: Path) -> None:
    """End the process that waits for the store in `folder`, if one does."""
    process = _waiting.pop(folder, None)
    if process is not None and process.stdin is not None:
        process.stdin.close()
        process.wait()


def collect() -> None:
    """Forget the processes that have ended, so that none stays a zombie."""
    _sent[:] = [one for one in _sent if one.poll() is None]


def _alive(folder: Path) -> bool:
    process = _waiting.get(folder)
    if process is not None and process.poll() is not None:
        del _waiting[folder]
        return False
    return process is not None


def _start(folder: Path, modules: Sequence[str]) -> _Detached:
    environment = {**inherited(), "MLOPS_NB_STORE": str(folder)}
    return _Detached(
        [sys.executable, "-m", "mlops_nb.services.spare", *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
    )


def _tell(process: _Detached, line: bytes) -> bool:
    if process.stdin is None:
        return False
    try:
        process.stdin.write(line)
        process.stdin.close()
    except BrokenPipeError:  # its ten minutes were over just now
        return False
    return True


def _wait(modules: Sequence[str]) -> int:
    for module in modules:
        if importlib.util.find_spec(module.partition(".")[0]) is not None:
            importlib.import_module(module)
    if not select.select([sys.stdin], [], [], IDLE_S)[0]:
        return 0
    line = sys.stdin.readline()
    return _obey(json.loads(line)) if line else 0


def _obey(told: Mapping[str, Any]) -> int:
    arguments = dict(told["arguments"])
    _redirect(Path(arguments.pop("log")))
    module, _, function = told["run"].partition(":")
    code: int = getattr(importlib.import_module(module), function)(**arguments)
    return code


def _redirect(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, handle), (2, handle)):
        os.dup2(source, target)
    os.close(handle)
    os.close(nothing)


if __name__ == "__main__":
    raise SystemExit(_wait(sys.argv[1:]))
