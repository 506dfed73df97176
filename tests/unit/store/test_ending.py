"""How a process is going to end, asked while other threads import."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from mlops_nb.store.store import ends_abruptly

WORKER = """
import multiprocessing
from mlops_nb.store.store import ends_abruptly

def say(queue):
    queue.put(ends_abruptly())

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    worker = context.Process(target=say, args=(queue,))
    worker.start()
    print(ends_abruptly(), queue.get(timeout=60))
    worker.join()
"""


def test_a_module_that_is_just_being_imported_says_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "multiprocessing.process", ModuleType("multiprocessing.process"))
    assert not ends_abruptly()


def test_a_worker_ends_abruptly_and_its_parent_does_not(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(WORKER)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
