"""16 processes × 25 runs × 20 metric points in one store."""

from __future__ import annotations

from pathlib import Path

import mlops_nb as ml
from tests.benchmarks.peers.measure import say, seconds
from tests.benchmarks.peers.processes import POINTS, crowd, lost

WORKER = """
import sys
import mlops_nb as ml
ml.store(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with ml.track("crowd") as run:
        for step in range(int(sys.argv[3])):
            run.log_metric("m", step, step=step)
"""

if __name__ == "__main__":
    place = Path("crowd").absolute()
    store = ml.store(place)
    store.write(lambda _: None)
    taken = seconds(lambda: crowd(WORKER, str(place)))
    kept = store.query("SELECT count(*) FROM point")[0][0]
    note = f"{kept:,} of {POINTS:,} points"
    say("processes", taken, who="mlops_nb", package="mlops_nb", note=note, broken=lost(kept))
