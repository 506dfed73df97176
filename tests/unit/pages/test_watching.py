"""The change signal."""

from __future__ import annotations

import subprocess
import sys
import time

import mlops_nb as ml
from mlops_nb.pages.watching import Watch
from mlops_nb.store.store import current


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


def test_a_watch_counts_changes_and_survives_a_store_that_goes(store):
    with ml.track("x"):
        pass
    watch = Watch()
    watch.start()
    watch.start()

    def after(change):
        seen = watch.changes
        change()
        end = time.monotonic() + 20
        while watch.changes == seen and time.monotonic() < end:
            time.sleep(0.05)
        return watch.changes - seen

    assert after(lambda: None if watch.changes else time.sleep(1)) or watch.changes
    assert after(lambda: ml.note("last", "hello"))
    elsewhere = store.folder.with_name("elsewhere")
    assert after(lambda: store.folder.rename(elsewhere))
    assert after(lambda: elsewhere.rename(store.folder))
    assert current() is store
