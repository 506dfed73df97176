"""MLflow among 3,000 runs on SQLite: the best 50 by a metric with a param filter, and all as a DataFrame."""

from __future__ import annotations

import logging

from measure import median, say

logging.disable(logging.CRITICAL)
import mlflow  # noqa: E402
from mlflow.entities import Metric, Param  # noqa: E402

MLFLOW = {"who": "MLflow", "package": "mlflow"}
RUNS = 3_000


def fill(experiment: str) -> None:
    client = mlflow.MlflowClient()
    for i in range(RUNS):
        run = client.create_run(experiment).info.run_id
        metrics = [Metric("auc", (i * 7919 % RUNS) / RUNS, 0, 0), Metric("f1", i / RUNS, 0, 0)]
        params = [Param("model", "hgb" if i % 3 else "lr"), Param("lr", str(i % 10))]
        client.log_batch(run, metrics=metrics, params=params)
        client.set_terminated(run)


mlflow.set_tracking_uri("sqlite:///mlflow.db")
place = mlflow.set_experiment("search").experiment_id
fill(place)
where = "metrics.auc > 0.8 and params.model = 'hgb'"


def best() -> None:
    found = mlflow.search_runs([place], filter_string=where, order_by=["metrics.auc DESC"], max_results=50)
    if len(found) != 50:
        raise SystemExit("MLflow found other runs than it should")


say("search", median(best, 7), items=RUNS, **MLFLOW)
say("frame", median(lambda: mlflow.search_runs([place], max_results=RUNS), 3), items=RUNS, **MLFLOW)
