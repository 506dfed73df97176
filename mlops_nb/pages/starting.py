"""From outside: start a dashboard in a process of its own, which ends with this one. Panel is not imported here."""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import IO, BinaryIO

from mlops_nb.errors import InvalidInput, MissingExtra, MlopsError, Refused, StoreError
from mlops_nb.pages.model import Dashboard
from mlops_nb.pages.settings import Settings, checked, is_loopback, url
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store.actor import inherited
from mlops_nb.store.people import entries

LOG = "dashboard.log"
_NEEDED = ("panel", "panel_material_ui", "holoviews")
_START_S = 60.0
_STOP_S = 1.5
_LONGEST_LOG = 2_000_000


class _Server(subprocess.Popen[bytes]):
    """A server that ends when the pipe to its standard input does: forgetting it at exit is no leak to warn of."""

    def __del__(self) -> None:
        """Nothing: see above."""


@dataclass(slots=True)
class _Running:
    process: _Server
    settings: Settings
    port: int
    pid: int


_running: dict[Path, _Running] = {}
_starting = threading.Lock()


def start(folder: Path, page: str, settings: Settings) -> Dashboard:
    """The dashboard of the store in `folder`: the one that this process runs, else a new one, once it answers.

    Raises:
        MissingExtra: Something of the extra [dashboards] is not installed.
        InvalidInput: The port is taken, or a setting is not one.
        Refused: Others could reach it and nobody could sign in; or one runs with other settings.
        StoreError: It could not start.
    """
    checked(settings, page, tuple(BY_SLUG))
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, "dashboards")
    known = len(entries.read(folder))
    with _starting:
        found = _mine(folder)
        if found is None:
            _refuse_open(settings, known)
            found = _running[folder] = _started(folder, settings)
        elif settings not in (Settings(), found.settings):
            raise Refused(
                f"the dashboard of this store runs at {url(found.settings.host, found.port, page)} with other settings",
                fix="ml.dashboard().stop() first",
            )
    return Dashboard(url(found.settings.host, found.port, page), found.process.pid, str(folder), known)


def _mine(folder: Path) -> _Running | None:
    found = _running.get(folder)
    # After a fork it is the parent's: what this process starts must not end with that one.
    if found is not None and (found.pid != os.getpid() or found.process.poll() is not None):
        del _running[folder]
        return None
    return found


def _refuse_open(settings: Settings, known: int) -> None:
    if settings.guests_may_look or settings.oauth or known:
        return
    where = settings.host if not is_loopback(settings.host) else "a proxy or another name"
    raise Refused(
        f"by {where} others reach the dashboard, and nobody can sign in",
        fix="mlops-nb people add NAME --role editor, or --oauth PROVIDER, or --guests to let everybody look",
    )


def _started(folder: Path, settings: Settings) -> _Running:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    order = json.dumps({"folder": str(folder), **asdict(settings)}).encode() + b"\n"
    with _log(log) as errors:
        before = errors.tell()
        process = _Server(
            [sys.executable, "-m", "mlops_nb.pages.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            # Ctrl-C in a shell and Jupyter's interrupt go to a whole group of processes: this one is not meant.
            start_new_session=True,
            env={**inherited(), "MLOPS_NB_STORE": str(folder)},
        )
    try:
        answer = _answer(process, order)
    except BaseException:
        _end(process)
        raise
    if answer is None:
        _end(process)
        raise StoreError(f"the dashboard did not start: {_last_line(log, before)}", fix=f"look at {log}")
    if "port" not in answer:
        _end(process)
        raise InvalidInput(answer["error"], fix=answer.get("fix", ""))
    return _Running(process, settings, int(answer["port"]), os.getpid())


def _log(path: Path) -> BinaryIO:
    if path.exists() and path.stat().st_size > _LONGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _answer(process: _Server, order: bytes) -> dict[str, str] | None:
    """What the server says once it listens; None when it ended or said nothing in time."""
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError), process.stdout as told:
        process.stdin.write(order)
        process.stdin.flush()
        if _speaks(told):
            line = told.readline()
            found: dict[str, str] | None = json.loads(line) if line else None
            return found
    return None


def _speaks(told: IO[bytes]) -> bool:
    """Whether it says something in time. Not by select(): a process with 1,024 files open may start a dashboard too."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(told, selectors.EVENT_READ)
        return bool(waiting.select(_START_S))


def _last_line(log: Path, start: int = 0) -> str:
    lines = [line for line in log.read_bytes()[start:].decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "it said nothing"


def _of(dashboard: Dashboard) -> _Server | None:
    found = _mine(Path(dashboard.store))
    return found.process if found is not None and found.process.pid == dashboard.pid else None


def runs(dashboard: Dashboard) -> bool:
    """Whether it runs, as this process's child."""
    return _of(dashboard) is not None


def stop(dashboard: Dashboard) -> None:
    """End it."""
    process = _of(dashboard)
    if process is not None:
        _end(process)
        _running.pop(Path(dashboard.store), None)


def _end(process: _Server) -> None:
    """Ask it to end, and end it when it does not; collected in any case."""
    process.terminate()
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Ended(Exception):  # noqa: N818 (a signal, no error)
    pass


def attend(dashboard: Dashboard) -> None:
    """Stay with it until it ends, or until this process is told to: then it ends first."""
    process = _of(dashboard)
    if process is None:
        return
    before = _on_terminate()
    try:
        code = process.wait()
    except _Ended:
        stop(dashboard)
        return
    except KeyboardInterrupt:
        stop(dashboard)
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    raise MlopsError(
        f"the dashboard ended with {code}: {_last_line(Path(dashboard.store) / LOG)}", fix="mlops-nb dashboard"
    )


def _on_terminate() -> signal.Handlers | None:
    def ended(_: int, __: FrameType | None) -> None:
        raise _Ended

    if threading.current_thread() is not threading.main_thread():
        return None
    before = signal.signal(signal.SIGTERM, ended)
    return before if isinstance(before, signal.Handlers) else signal.SIG_DFL
