"""Who still runs: a pid alone proves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from mlops_nb.runs.status import status_of
from mlops_nb.services import process as processes
from mlops_nb.services.process import Process, alive, host, started_us, this
from mlops_nb.store.ids import now_us

MINUTE = 60_000_000


def _sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_living_process_and_the_same_after_its_death():
    sleeper = _sleeper()
    begun = started_us(sleeper.pid)
    assert begun is not None
    assert abs(begun - now_us()) < 10_000_000
    found = Process(host(), sleeper.pid, begun)
    assert alive(found, 0, now_us())
    assert status_of("running", found.host, found.pid, found.started_us, 0) == "running"
    sleeper.kill()
    deadline = time.monotonic() + 5
    while alive(found, now_us(), now_us()) and time.monotonic() < deadline:
        time.sleep(0.01)
    # A zombie, for nobody has waited for it yet.
    assert not alive(found, now_us(), now_us())
    assert started_us(sleeper.pid) is None
    sleeper.wait()
    assert not alive(found, now_us(), now_us())
    assert status_of("running", found.host, found.pid, found.started_us, now_us()) == "interrupted"
    assert status_of("finished", found.host, found.pid, found.started_us, 0) == "finished"


def test_another_process_with_the_same_pid_is_not_the_same():
    me = this()
    assert alive(me, 0, now_us())
    assert not alive(replace(me, started_us=me.started_us - MINUTE), now_us(), now_us())
    assert not alive(Process(host(), 2**22 + 5, me.started_us), now_us(), now_us())


def test_elsewhere_the_heartbeat_tells():
    far = Process("another host", os.getpid(), this().started_us)
    assert alive(far, now_us() - MINUTE // 2, now_us())
    assert not alive(far, now_us() - 2 * MINUTE, now_us())


@pytest.mark.no_cover
def test_a_forked_child_is_another_process():
    read, write = os.pipe()
    mine = this()
    pid = os.fork()
    if pid == 0:
        os.write(write, repr((this().pid, this() != mine)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == repr((pid, True))
    assert processes.this() == mine
