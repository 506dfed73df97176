"""MLServer: start to first answer, and one-row requests on 8 connections."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import joblib
import numpy as np
from serving_common import free_ports, measure_server
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

values = np.random.default_rng(0).normal(size=(5000, 5))
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(values, values[:, 0] > 0.3)
joblib.dump(model, "model.joblib")
http, grpc, metrics = free_ports(3)
settings = {
    "host": "127.0.0.1",
    "parallel_workers": 1,
    "http_port": http,
    "grpc_port": grpc,
    "metrics_port": metrics,
    "debug": False,
}
implementation = {"implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"}}
Path("settings.json").write_text(json.dumps(settings), "utf-8")
Path("model-settings.json").write_text(json.dumps({"name": "m", **implementation}), "utf-8")
data = {"name": "x", "shape": [1, 5], "datatype": "FP64", "data": values[0].tolist()}
body = json.dumps({"inputs": [data]}).encode()
command = [str(Path(sys.executable).parent / "mlserver"), "start", "."]
measure_server(command, f"http://127.0.0.1:{http}/v2/models/m/infer", body, "MLServer", "mlserver", "one tensor")
