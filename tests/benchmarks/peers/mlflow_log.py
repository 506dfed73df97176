"""MLflow on SQLite: a run with 5 params and 3 metrics, one metric point, and points in batches."""

from __future__ import annotations

import logging

from measure import say, seconds

logging.disable(logging.CRITICAL)
import mlflow  # noqa: E402
from mlflow.entities import Metric  # noqa: E402

MLFLOW = {"who": "MLflow", "package": "mlflow"}
RUNS, POINTS, BATCHES = 200, 500, 20


def runs(count: int) -> None:
    for number in range(count):
        with mlflow.start_run():
            mlflow.log_params({f"p{j}": j for j in range(5)})
            mlflow.log_metrics({f"m{j}": float(j * number) for j in range(3)})


def points() -> None:
    for step in range(POINTS):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)


def batches(run: str) -> None:
    client = mlflow.MlflowClient()
    for batch in range(BATCHES):
        client.log_batch(run, metrics=[Metric("loss", i * 0.5, 0, batch * 1000 + i) for i in range(1000)])


mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("log")
runs(3)
say("run", seconds(lambda: runs(RUNS)) / RUNS, **MLFLOW)
with mlflow.start_run():
    say("log_metric", seconds(points) / POINTS, **MLFLOW)
with mlflow.start_run() as active:
    say("durable_points", BATCHES * 1000 / seconds(lambda: batches(active.info.run_id)), note="log_batch", **MLFLOW)
