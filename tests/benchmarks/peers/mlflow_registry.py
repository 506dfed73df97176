"""MLflow's page of registered models, as many as ours: until the first rows are seen."""

from __future__ import annotations

import subprocess
import sys

import mlflow
from browser import chromium, free_port, seen_after, until_answers
from measure import say
from small_models import MODELS, VERSIONS, small_models


def fill() -> None:
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("registry")
    client, known = mlflow.MlflowClient(), set()
    name, model = next(small_models())
    with mlflow.start_run() as run:
        # One file for all of them: logging each takes a second, and the page does not look into it.
        logged = mlflow.sklearn.log_model(model, name="model")
    for i in range(MODELS):
        for _ in range(VERSIONS):
            name = f"model-{i:03}"
            if name not in known:
                client.create_registered_model(name)
                known.add(name)
            made = client.create_model_version(name, logged.model_uri, run.info.run_id)
        client.set_registered_model_alias(name, "champion", made.version)


fill()
port = free_port()
serve = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db"]
server = subprocess.Popen([*serve, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])
try:
    until_answers(f"http://127.0.0.1:{port}/")
    with chromium() as browser:
        (seen,), size = seen_after(browser, f"http://127.0.0.1:{port}/#/models", "text=/model-0\\d\\d/", times=3)
    say(
        "registry_page",
        seen,
        note=f"{MODELS} models × {VERSIONS} versions; {size / 1000:.1f} MB",
        who="MLflow",
        package="mlflow",
    )
finally:
    server.terminate()
    server.wait(30)
