"""MLflow's page of runs with 2,000 runs: until the first rows are seen."""

from __future__ import annotations

import subprocess
import sys

import mlflow
from browser import chromium, free_port, seen_after, until_answers
from measure import say
from mlflow.entities import Metric, Param

RUNS = 2_000


def fill() -> str:
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    place = mlflow.set_experiment("page").experiment_id
    client = mlflow.MlflowClient()
    for i in range(RUNS):
        run = client.create_run(place, run_name=f"run-number-{i}").info.run_id
        params = [Param("model", "hgb" if i % 3 else "lr"), Param("depth", str(i % 10))]
        client.log_batch(run, metrics=[Metric("auc", i / RUNS, 0, 0)], params=params)
        client.set_terminated(run)
    return place


place, port = fill(), free_port()
serve = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db"]
server = subprocess.Popen([*serve, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])
try:
    until_answers(f"http://127.0.0.1:{port}/")
    with chromium() as browser:
        url = f"http://127.0.0.1:{port}/#/experiments/{place}/runs"
        (seen,), size = seen_after(browser, url, "text=/run-number-/", times=3)
    say("page", seen, items=RUNS, note=f"{size / 1000:.1f} MB", who="MLflow", package="mlflow")
finally:
    server.terminate()
    server.wait(30)
