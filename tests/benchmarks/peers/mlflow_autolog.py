"""MLflow's autolog around the two cells."""

from __future__ import annotations

import logging
import statistics

from flights_cells import CELLS, IMPORTS, features
from measure import seconds, tracked

logging.disable(logging.CRITICAL)
TIMES = 2
space = features()
exec(IMPORTS, space)
code = {job: compile(text, "<cell>", "exec") for job, text in CELLS.items()}


def cell(job: str) -> None:
    exec(code[job], space)


def logged(job: str) -> None:
    with mlflow.start_run():
        cell(job)


def measured(job: str, action: object) -> float:
    action(job)  # type: ignore[operator]
    return statistics.median(seconds(lambda: action(job)) for _ in range(TIMES))  # type: ignore[operator]


plain = {job: measured(job, cell) for job in CELLS}
import mlflow  # noqa: E402

mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("autolog")
mlflow.sklearn.autolog()
for name in CELLS:
    taken = measured(name, logged)
    # autolog is synchronous: when the cell has ended, everything is saved.
    for found in (name, f"{name}_saved"):
        tracked(found, plain[name], taken, who="MLflow autolog", package="mlflow")
