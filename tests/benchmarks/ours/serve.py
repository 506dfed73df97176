"""Deploy to first answer, and one-row requests on 8 connections."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlops_nb as ml
from tests.benchmarks.data import flights
from tests.benchmarks.peers.http_load import answer_when_up, apart
from tests.benchmarks.peers.measure import say

COLUMNS = ["month", "dep_delay", "sched_dep_time", "distance", "hour"]
TIMES = 3
# As long as it takes a person to type `%deploy` in the next cell.
TYPING_S = 3.0
OURS = {"who": "mlops_nb", "package": "mlops_nb"}


def first_answer(name: str, body: bytes) -> float:
    """Seconds from `deploy` until the first row was answered."""
    start = time.perf_counter()
    deployment = ml.deploy("delay", name=name)
    answer_when_up(f"{deployment.url}/infer", body)
    return time.perf_counter() - start


def deploys(known: object, body: bytes) -> tuple[list[float], list[float]]:
    """Seconds to the first answer some time after `%register`, and without a process that waits."""
    warm, cold = [], []
    for number in range(TIMES):
        late = known.arr_delay > 15 + number  # another model each time, or no new version is made
        ml.register("delay", make_pipeline(StandardScaler(), LogisticRegression()).fit(known[COLUMNS], late))
        time.sleep(TYPING_S)
        warm.append(first_answer(f"warm-{number}", body))
        ml.undeploy(f"warm-{number}")
        cold.append(first_answer(f"cold-{number}", body))
        ml.undeploy(f"cold-{number}")
    return warm, cold


def load(body: bytes) -> None:
    deployment = ml.deploy("delay", name="load")
    try:
        found = apart(f"{deployment.url}/infer", body, Path.cwd())
    finally:
        ml.undeploy("load")
    broken = f"{found['refused']:,} requests refused" if found["refused"] else ""
    say("predict", found["per_s"], broken=broken, **OURS)
    say("predict_p99", found["p99"], broken=broken, **OURS)


def main() -> None:
    known = flights().dropna(subset=["arr_delay"])
    row = known[COLUMNS].head(1).astype(float)
    inputs = [{"name": n, "shape": [1], "datatype": "FP64", "data": row[n].tolist()} for n in COLUMNS]
    body = json.dumps({"inputs": inputs}).encode()
    try:
        warm, cold = deploys(known, body)
        note = f"{TYPING_S:g} s after %register; {statistics.median(cold):.1f} s with no process waiting"
        say("deploy", statistics.median(warm), note=note, **OURS)
        load(body)
    finally:
        for deployment in ml.deployments():
            ml.undeploy(deployment.name)


if __name__ == "__main__":
    main()
