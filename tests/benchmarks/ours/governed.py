"""Evaluate a version, promote it through its gates, and verify an audit log of 100,000 rows."""

from __future__ import annotations

import statistics
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlops_nb as ml
from tests.benchmarks.auditing import fill_audit
from tests.benchmarks.peers.flights_cells import features, judged
from tests.benchmarks.peers.measure import median, say, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS: dict[str, Any] = {"who": "mlops_nb", "package": "mlops_nb"}
ROWS, PROMOTIONS = 100_000, 7
# Those that MLflow computes for a classifier, by their names here.
METRICS = ("accuracy", "f1", "precision", "recall", "log_loss", "roc_auc", "average_precision")
GATES = ("metric roc_auc >= 0.6", "champion roc_auc margin=0.05", "size at_most=50MB")


def evaluated(data: Any, turns: Iterator[int]) -> None:
    """Every row predicted, the metrics with their intervals, calibration and figures, in the store."""
    # Other rows each time: what was evaluated before would be found again.
    found = ml.evaluate("bench/1", data[next(turns) :], target="late")
    if found.existed or not set(METRICS).issubset(found.metrics):
        raise SystemExit(f"nothing new, or other metrics than MLflow's: {sorted(found.metrics)}")


def promoted(space: dict[str, Any], data: Any) -> float:
    """Seconds of a move into production: each gate is asked, the champion archived, both in the history and the log."""
    from sklearn.linear_model import LogisticRegression

    ml.gates.define("bench", "production", *GATES)  # type: ignore[attr-defined]
    taken = []
    for number in range(2, PROMOTIONS + 3):
        rows = 3_000 * number
        model = LogisticRegression(max_iter=50).fit(space["X"][:rows], space["y"][:rows])
        ref = ml.register("bench", model, example=data[:5].drop(columns="late")).ref
        ml.evaluate(ref, data[:2_000], target="late")
        ml.stage(ref, "staging", reason="a try")
        taken.append(seconds(lambda ref=ref: ml.stage(ref, "production", reason="good enough")))
    # The first had nobody to be held against.
    return statistics.median(taken[1:])


def main() -> None:
    ml.store(Path("bench"))
    space = features()
    model, data = judged(space)
    ml.register("bench", model, example=data[:5].drop(columns="late"))
    turns = count()
    say("evaluate", median(lambda: evaluated(data, turns), 3), note="with intervals, each row kept", **OURS)
    say(
        "promotion",
        promoted(space, data),
        note=f"{len(GATES)} gates and what every version must pass",
        **OURS,
    )
    log = ml.store(Path("log"))
    fill_audit(log, ROWS)
    if ml.audit.verify().exit_code:  # type: ignore[attr-defined]
        raise SystemExit("the log does not hold")
    say("audit_verify", ROWS / median(ml.audit.verify, 3, warm=0), **OURS)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
