"""Import of a rival, and for MLflow its first experiment in a new store: `first_use.py MODULE NAME`."""

from __future__ import annotations

import importlib
import sys

from measure import say, seconds

module, name = sys.argv[1:]
who = {"who": name, "package": module}
taken = seconds(lambda: importlib.import_module(module))
for job in ("import", "load_ext"):
    say(job, taken, note="import" if job == "load_ext" else "", **who)
if module == "mlflow":
    import mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    say("new_store", seconds(lambda: mlflow.set_experiment("first")), **who)
