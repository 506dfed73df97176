"""The change signal."""

from __future__ import annotations

import subprocess
import sys

import mlops_nb as ml


def test_the_signal_changes_with_what_others_write_and_only_then(store):
    with ml.track("x"):
        pass
    before = store.signal()
    assert store.signal() == before
    code = f"import mlops_nb as ml\nml.store({str(store.folder)!r})\nwith ml.track('y'): pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert store.signal() != before


def test_the_signal_changes_with_what_this_process_writes(store):
    with ml.track("x"):
        pass
    before = store.signal()
    ml.note("last", "hello")
    assert store.signal() != before


# In a process of its own: a watch goes on as long as its process does, and would hold the stores of other tests open.
WATCHED = """
import sys, time
from pathlib import Path
import mlops_nb as ml
from mlops_nb.pages.watching import Watch

store = ml.store(sys.argv[1])
with ml.track("x"):
    pass
watch = Watch()
watch.start()
watch.start()

def seen_after(change):
    seen, end = watch.changes, time.monotonic() + 20
    change()
    while watch.changes == seen and time.monotonic() < end:
        time.sleep(0.05)
    print(watch.changes > seen)

end = time.monotonic() + 20
while not watch.changes and time.monotonic() < end:
    time.sleep(0.05)
print(watch.changes > 0)
seen_after(lambda: ml.note("last", "hello"))
elsewhere = store.folder.with_name("elsewhere")
seen_after(lambda: store.folder.rename(elsewhere))
seen_after(lambda: elsewhere.rename(store.folder))
quiet = watch.changes
time.sleep(1.5)
print(watch.changes == quiet)
"""


def test_a_watch_counts_changes_and_survives_a_store_that_goes(tmp_path):
    command = [sys.executable, "-c", WATCHED, str(tmp_path / ".mlops")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["True"] * 5, done.stdout + done.stderr
