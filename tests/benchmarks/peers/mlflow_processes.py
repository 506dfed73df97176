"""16 processes × 25 runs × 20 metric points in one SQLite store of MLflow."""

from __future__ import annotations

import logging
import sqlite3

from measure import say, seconds
from processes import POINTS, crowd, lost

logging.disable(logging.CRITICAL)
import mlflow  # noqa: E402

ADDRESS = "sqlite:///mlflow.db"
WORKER = """
import logging, sys
logging.disable(logging.CRITICAL)
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("crowd")
for _ in range(int(sys.argv[2])):
    with mlflow.start_run():
        for step in range(int(sys.argv[3])):
            mlflow.log_metric("m", step, step=step)
"""
mlflow.set_tracking_uri(ADDRESS)
mlflow.set_experiment("crowd")
taken = seconds(lambda: crowd(WORKER, ADDRESS))
kept = sqlite3.connect("mlflow.db").execute("SELECT count(*) FROM metrics").fetchone()[0]
say("processes", taken, who="MLflow", package="mlflow", note=f"{kept:,} of {POINTS:,} points", broken=lost(kept))
