"""Deploy to first answer, and online predictions of one row over eight connections: `python tests/benchmarks/serving.py`.

The model is the one that the rivals' scripts serve: a scaler and a logistic regression on five columns. Requests come
from a process of their own, over kept connections, each sending the next as soon as it has its answer.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

CONNECTIONS = 8
SECONDS = 5.0


def rows() -> list[dict[str, Any]]:
    """The measured rows: `job`, `ours`, `unit`."""
    found = []
    for job, spare in (("cold", False), ("with a process in waiting", True)):
        found.append({"job": f"deploy to first answer, {job}", "ours": first_answer(spare), "unit": "s"})
    for size in (1, 100):
        measured = online(size)
        what = f"online predict, {size} row{'s' if size > 1 else ''}, {CONNECTIONS} connections"
        found += [{"job": f"{what}: {name}", "ours": value, "unit": unit} for name, value, unit in measured]
    return found


def _project(spare: bool) -> tuple[Any, Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mlops_nb.registry.verbs import register
    from mlops_nb.store.store import choose

    os.environ["MLOPS_NB_SPARE"] = "1" if spare else "0"
    store = choose(tempfile.mkdtemp(prefix="mlops-bench-"))
    x = np.random.default_rng(0).normal(size=(5000, 5))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, x[:, 0] > 0.3)
    register("m", model, example=x)
    return store, x


def first_answer(spare: bool) -> float:
    """Seconds from `deploy` to the first prediction; with `spare`, the process has waited for a while."""
    from mlops_nb.serving.verbs import deploy, predict

    _, x = _project(spare)
    if spare:
        time.sleep(8)
    begun = time.perf_counter()
    deployment = deploy("m")
    predict("m", x[:1])
    took = time.perf_counter() - begun
    deployment.stop()
    return round(took, 3)


def online(size: int) -> list[tuple[str, float, str]]:
    """Requests a second, and the latency of each, of `size`-row requests."""
    from mlops_nb.serving.verbs import deploy

    _, x = _project(False)
    deployment = deploy("m")
    tensor = {"name": "x", "shape": [size, 5], "datatype": "FP64", "data": x[:size].ravel().tolist()}
    try:
        order = json.dumps({"port": deployment.port, "body": json.dumps({"inputs": [tensor]}), "seconds": SECONDS})
        command = [sys.executable, __file__, "--load"]
        loaded = subprocess.run(command, input=order, capture_output=True, text=True, check=True)
    finally:
        deployment.stop()
    told = json.loads(loaded.stdout)
    return [("requests", told["per_s"], "1/s"), ("p50", told["p50_ms"], "ms"), ("p99", told["p99_ms"], "ms")]


def load(port: int, body: str, seconds: float) -> dict[str, float]:
    """Ask over kept connections for `seconds`, after half a second that does not count."""
    head = f"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = (head + body).encode()
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request)
        selector.register(connection, selectors.EVENT_READ, [time.perf_counter(), b""])
    taken, start = [], time.perf_counter() + 0.5
    while (now := time.perf_counter()) < start + seconds:
        for key, _ in selector.select(1.0):
            key.data[1] += key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            if not _whole(key.data[1]):
                continue
            if now > start:
                taken.append(time.perf_counter() - key.data[0])
            key.data[0], key.data[1] = time.perf_counter(), b""
            key.fileobj.sendall(request)  # type: ignore[union-attr]
    taken.sort()
    p50, p99 = (round(taken[int(len(taken) * q)] * 1000, 3) for q in (0.5, 0.99))
    return {"per_s": round(len(taken) / seconds, 0), "p50_ms": p50, "p99_ms": p99}


def _whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(answer.decode())
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return len(body) >= length


if __name__ == "__main__":
    if "--load" in sys.argv:
        print(json.dumps(load(**json.loads(sys.stdin.read()))))
    else:
        for row in rows():
            print(f"{row['job']:60} {row['ours']:>10} {row['unit']}")
