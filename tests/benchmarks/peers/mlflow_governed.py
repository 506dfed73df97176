"""MLflow on SQLite: evaluate a registered classifier on the same flights, and move an alias, which asks no gate."""

from __future__ import annotations

import logging

from flights_cells import features, judged
from measure import median, say

logging.disable(logging.CRITICAL)
import mlflow  # noqa: E402

MLFLOW = {"who": "MLflow", "package": "mlflow"}
# Explanations are another job; ours are not made here either.
CONFIG = {"log_model_explainability": False, "log_explainer": False}
METRICS = {
    "accuracy_score",
    "f1_score",
    "precision_score",
    "recall_score",
    "log_loss",
    "roc_auc",
    "precision_recall_auc",
}

mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("governed")
model, data = judged(features())
for _ in range(2):
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(model, name="model", registered_model_name="bench")


def evaluated() -> None:
    with mlflow.start_run():
        found = mlflow.models.evaluate(
            "models:/bench/1", data, targets="late", model_type="classifier", evaluator_config=CONFIG
        )
    if not METRICS.issubset(found.metrics):
        raise SystemExit(f"MLflow computed other metrics: {sorted(found.metrics)}")


client, turn = mlflow.MlflowClient(), [0]


def moved() -> None:
    turn[0] += 1
    client.set_registered_model_alias("bench", "champion", 1 + turn[0] % 2)


say("evaluate", median(evaluated, 3), note="with plots", **MLFLOW)
say("promotion", median(moved, 7), note="set alias: no gate, no history", **MLFLOW)
