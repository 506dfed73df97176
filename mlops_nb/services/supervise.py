"""A keeper: one small process that forks a worker, starts it again when it dies, and replaces it on request.

The keeper holds the listening socket, so a port is taken once, survives a crash, and two workers can share it while
one takes over from the other: nobody who connects is turned away. It runs no threads and touches no database.

Signals to the keeper: SIGTERM ends all; SIGHUP starts a new worker and stops the old one once the new one is ready;
SIGUSR1 comes from a worker that is ready, SIGUSR2 from one that takes no more connections. The start counts as ready
when only the new worker takes them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_nb.services import facts as facts_file
from mlops_nb.services.facts import FAILED, READY, STARTING, Facts

REFUSED = 3
GRACE_S = 5.0
_LONG_LIFE_S = 60.0
_LONGEST_PAUSE_S = 30.0
_ATTEMPTS = 5
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD}
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Report:
    """How a worker tells its keeper, and whoever waits, what became of it."""

    path: Path
    facts: Facts
    keeper: int

    def ready(self) -> None:
        """The worker answers from now on."""
        os.kill(self.keeper, signal.SIGUSR1)

    def closed(self) -> None:
        """The worker takes no more connections, and ends when it has answered those it has."""
        os.kill(self.keeper, signal.SIGUSR2)

    def failed(self, error: str) -> None:
        """The worker can't start, and won't the next time."""
        facts_file.write(self.path, replace(self.facts, state=FAILED, error=error))


class Keeper:
    """Keeps one worker alive.

    Args:
        path: The file of facts.
        port: Where the service listens.
        work: Does the work in the forked child, and returns when told to stop by SIGTERM. It returns `REFUSED`
            when starting again would not help.
    """

    def __init__(self, path: Path, port: int, work: Callable[[Report], int]) -> None:
        self.path, self.work = path, work
        self.facts = replace(facts_file.begin(), port=port)
        self.current = self.coming = 0
        self.leaving: set[int] = set()
        self.open: set[int] = set()
        self.pauses = 0
        self.was_ready = False
        self.forked_at = 0.0
        self.again_at: float | None = None

    def run(self) -> int:
        """Fork the first worker and keep it until SIGTERM; returns the exit code of the keeper."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._fork()
        while True:
            pause = 1.0 if self.again_at is None else max(self.again_at - time.monotonic(), 0)
            come = signal.sigtimedwait(_SIGNALS, pause)
            number = come.si_signo if come is not None else 0
            if number in (signal.SIGTERM, signal.SIGINT):
                self._end()
                return 0
            if number == signal.SIGHUP:
                self._renew()
            if number == signal.SIGUSR1 and come is not None:
                self._take_over(come.si_pid)
            if number == signal.SIGUSR2 and come is not None:
                self._closed(come.si_pid)
            if self._bury():
                return REFUSED
            if self.again_at is not None and time.monotonic() >= self.again_at:
                self._fork()

    def _fork(self) -> None:
        self.again_at, self.forked_at = None, time.monotonic()
        keeper = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # NumPy's BLAS keeps threads, and stops them around a fork by itself; ours are none.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            self._child(keeper)
        self.coming = pid

    def _child(self, keeper: int) -> None:
        code = 1
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            if os.getppid() == keeper:
                code = self.work(Report(self.path, self.facts, keeper))
        except BaseException:  # noqa: BLE001 (whatever it is, the child must not go on as a second keeper)
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _renew(self) -> None:
        if self.coming:
            self._dismiss(self.coming)
        self.facts = replace(self.facts, generation=self.facts.generation + 1)
        facts_file.write(self.path, replace(self.facts, state=STARTING))
        self.pauses = 0
        self._fork()

    def _take_over(self, pid: int) -> None:
        if pid != self.coming:
            return
        old, self.current, self.coming, self.was_ready = self.current, pid, 0, True
        self.open = {old} if old else set()
        if old:
            self._dismiss(old)
        else:
            self._closed(0)

    def _closed(self, pid: int) -> None:
        self.open.discard(pid)
        if self.current and not self.coming and not self.open:
            facts_file.write(self.path, replace(self.facts, state=READY))

    def _dismiss(self, pid: int) -> None:
        self.leaving.add(pid)
        os.kill(pid, signal.SIGTERM)

    def _bury(self) -> bool:
        """Collect dead children; whether there is nothing left to keep."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return False
            code = os.waitstatus_to_exitcode(status)
            if pid in self.leaving:
                self.leaving.discard(pid)
                self._closed(pid)
            elif self._lost(pid, code):
                return True

    def _lost(self, pid: int, code: int) -> bool:
        first = pid == self.coming and not self.was_ready
        if pid == self.coming and (code == REFUSED or self.current):
            # The new worker can't; the old one, if there is one, goes on.
            self.coming = 0
            if code != REFUSED:
                self._say_failed(code)
            return not self.current and first
        self.current, self.coming = (0, self.coming) if pid == self.current else (self.current, 0)
        self.pauses = 0 if time.monotonic() - self.forked_at > _LONG_LIFE_S else self.pauses + 1
        if first and self.pauses >= _ATTEMPTS:
            self._say_failed(code)
            return True
        print(f"mlops_nb: the worker ended with {code}; starting it again", file=sys.stderr, flush=True)  # noqa: T201
        self.facts = replace(self.facts, restarts=self.facts.restarts + 1)
        self.again_at = time.monotonic() + min(0.05 * 2 ** (self.pauses - 1), _LONGEST_PAUSE_S)
        return False

    def _say_failed(self, code: int) -> None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        facts_file.write(self.path, replace(self.facts, state=FAILED, error=f"the worker ended with {how}"))

    def _end(self) -> None:
        children = {pid for pid in (self.current, self.coming, *self.leaving) if pid}
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + GRACE_S
        while children and time.monotonic() < end:
            children -= {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]}
            time.sleep(0.005)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
