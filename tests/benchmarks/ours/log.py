"""A run with 5 params and 3 metrics, one metric point in the caller, and points until they are on disk."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import mlops_nb as ml
from tests.benchmarks.peers.measure import say, seconds

if TYPE_CHECKING:
    from mlops_nb.runs.active_run import ActiveRun

OURS = {"who": "mlops_nb", "package": "mlops_nb"}
RUNS, POINTS, DURABLE = 1_000, 200_000, 300_000


def runs(count: int) -> None:
    for number in range(count):
        with ml.track("bench") as run:
            run.log_params({f"p{j}": j for j in range(5)})
            run.log_metrics({f"m{j}": float(j * number) for j in range(3)})
    ml.store().writer.flush()


def points(run: ActiveRun, count: int) -> None:
    for step in range(count):
        run.log_metric("loss", 1.0 / (step + 1), step=step)


def durable() -> float:
    """From the first point to the end of the transaction that has the last one."""
    with ml.track("bench") as run:
        taken = seconds(lambda: (points(run, DURABLE), ml.store().writer.flush()))
    ml.store().writer.flush()
    kept = ml.store().query("SELECT count(*) FROM point p JOIN run r ON r.id = p.run WHERE r.ulid = ?", (run.id,))
    if kept[0][0] != DURABLE:
        raise SystemExit(f"{kept[0][0]:,} of {DURABLE:,} points are there")
    return taken


def main() -> None:
    runs(3)
    say("run", seconds(lambda: runs(RUNS)) / RUNS, **OURS)
    with ml.track("bench") as run:
        points(run, 1_000)
        ml.store().writer.flush()
        gc.collect()
        say("log_metric", seconds(lambda: points(run, POINTS)) / POINTS, **OURS)
    ml.store().writer.flush()
    say("durable_points", DURABLE / durable(), **OURS)


if __name__ == "__main__":
    main()
