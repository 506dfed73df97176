"""Deploy to first answer, and online predictions over eight connections: `python -m tests.benchmarks.serving`.

The model is the one that MLServer's script serves: a scaler and a logistic regression on five nameless columns.
Requests come from a process of their own, the same as for the rivals.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.http_load import apart

CONNECTIONS = 8
# `%register` starts the process that waits; this long after it, it has imported what it needs.
WAITED_S = 8.0
COLUMNS = ("month", "dep_delay", "sched_dep_time", "distance", "hour")


def rows() -> list[dict[str, Any]]:
    """The measured rows: `job`, `ours`, `unit`."""
    found = []
    for job, spare in (("cold", False), ("with a process in waiting", True)):
        found.append({"job": f"deploy to first answer, {job}", "ours": first_answer(spare), "unit": "s"})
    for size in (1, 100):
        measured = online(size)
        what = f"online predict, {size} row{'s' if size > 1 else ''}, {CONNECTIONS} connections"
        found.append({"job": f"{what}: requests", "ours": measured["per_s"], "unit": "1/s"})
        found += [{"job": f"{what}: {at}", "ours": measured[at], "unit": "s"} for at in ("p50", "p99")]
    return found


def _project(spare: bool, named: bool = False) -> Any:
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mlops_nb.registry.verbs import register
    from mlops_nb.store.store import choose

    os.environ["MLOPS_NB_SPARE"] = "1" if spare else "0"
    choose(tempfile.mkdtemp(prefix="mlops-bench-"))
    x = np.random.default_rng(0).normal(size=(5000, 5))
    data: Any = pd.DataFrame(x, columns=list(COLUMNS)) if named else x
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, x[:, 0] > 0.3)
    register("m", model, example=data)
    return x


def first_answer(spare: bool, waited: float = WAITED_S) -> float:
    """Seconds from `deploy` to the first prediction; with `spare`, the process has waited for a while."""
    from mlops_nb.serving.verbs import deploy, predict

    x = _project(spare)
    if spare:
        time.sleep(waited)
    begun = time.perf_counter()
    deployment = deploy("m/1")
    try:
        predict("m", x[:1])
        return time.perf_counter() - begun
    finally:
        deployment.stop()


def online(size: int, named: bool = False) -> dict[str, Any]:
    """Requests a second and the latency of each, of `size`-row requests: one tensor, or one input a column."""
    from mlops_nb.serving.verbs import deploy

    x = _project(False, named)[:size]
    inputs = (
        [_tensor(name, column, [size]) for name, column in zip(COLUMNS, x.T, strict=True)]
        if named
        else [_tensor("x", x, [size, 5])]
    )
    deployment = deploy("m/1")
    try:
        body = json.dumps({"inputs": inputs}).encode()
        return apart(f"{deployment.url}/infer", body, Path(tempfile.gettempdir()), connections=CONNECTIONS)
    finally:
        deployment.stop()


def _tensor(name: str, values: Any, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": values.ravel().tolist()}


if __name__ == "__main__":
    for row in rows():
        print(f"{row['job']:60} {row['ours']:>10.4g} {row['unit']}")
