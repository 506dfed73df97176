"""The best 50 runs by a metric with a param filter, and all as a DataFrame, among 100,000."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import mlops_nb as ml
from tests.benchmarks.peers.measure import median, say
from tests.benchmarks.search import CONJUNCTION, RUNS, fill_runs

OURS: dict[str, Any] = {"who": "mlops_nb", "package": "mlops_nb", "items": RUNS}
ORDERS = ("-metrics.auc", "metrics.loss", "-metrics.loss", "-metrics.seconds", "params.depth, -metrics.auc", "")


def best(sort: str) -> None:
    if len(ml.runs(CONJUNCTION, sort=sort, limit=50)) != 50:
        raise SystemExit(f"not 50 runs by {sort!r}")


def measured() -> dict[str, float]:
    return {sort: median(partial(best, sort), 7) for sort in ORDERS}


def main() -> None:
    store = ml.store(Path("bench"))
    store.write(lambda _: None)
    connection = sqlite3.connect(store.path)
    fill_runs(connection)
    # A store has statistics or not, depending on how long its writers lived: the slower one counts.
    states = [measured()]
    connection.execute("ANALYZE")
    connection.close()
    states.append(measured())
    slowest = {sort: max(state[sort] for state in states) for sort in ORDERS}
    say("search", slowest[ORDERS[0]], **OURS)
    worst = max(slowest, key=slowest.__getitem__)
    say("search_worst", slowest[worst], note=f"by {worst}" if worst else "newest first", **OURS)
    say("frame", median(lambda: ml.runs(limit=RUNS).df, 3), **OURS)


if __name__ == "__main__":
    main()
