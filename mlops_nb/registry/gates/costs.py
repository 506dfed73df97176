"""What a version costs whoever runs it: bytes, and the time of one row."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.gates.grammar import Bytes, Count, Seconds
from mlops_nb.registry.gates.model import Judged, Verdict

if TYPE_CHECKING:
    from mlops_nb.registry.gates.asking import Asked
    from mlops_nb.registry.predictor import Predictor

_ROWS = Count(300)
_ROUNDS = 3
_WARM = 5  # the first calls warm caches


def size(asked: Asked, *, at_most: Bytes) -> Judged:
    """The saved model has at most so many bytes."""
    found = asked.version.bytes
    says = f"{found / 1e6:,.1f} MB, at most {at_most / 1e6:,.1f} MB"
    verdict: Verdict = "pass" if found <= at_most else "fail"
    return Judged(verdict, says, float(found), float(at_most), digest=asked.version.artifact)


def latency(asked: Asked, *, at_most: Seconds, n: Count = _ROWS) -> Judged:
    """One row at a time through the saved model, as it is served: the 99th percentile takes at most so long.

    Measured here and now on rows of the newest evaluation, without a network; 300 rows, because a 99th percentile of
    fewer rests on less than three of them. Where it takes longer, it is measured twice more and the least counts:
    what else the machine does makes a model slower, never faster.
    """
    from mlops_nb.registry.evaluating.reading import read_sample
    from mlops_nb.registry.predictor import open_predictor

    rows = read_sample(asked.store, asked.evaluation)[0] if asked.evaluation is not None else None
    if rows is None or not len(rows):
        fix = f"%evaluate {asked.version.ref} DATA"
        return Judged("insufficient", "there are no rows to ask it with", threshold=at_most, fix=fix)
    predictor = open_predictor(asked.store, asked.version)
    count, p99 = max(n, _ROWS), float("inf")
    for _ in range(_ROUNDS):
        p99 = min(p99, _p99(predictor, rows, count))
        if p99 <= at_most:
            break
    says = f"p99 of one row {p99 * 1e3:.2f} ms, at most {at_most * 1e3:g} ms ({count} rows, this machine)"
    verdict: Verdict = "pass" if p99 <= at_most else "fail"
    return Judged(verdict, says, p99, at_most, count, digest=asked.version.artifact)


def _p99(predictor: Predictor, rows: Any, count: int) -> float:
    import numpy as np

    times = []
    for i in range(count + _WARM):
        one = _row(predictor, rows, i % len(rows))
        began = time.perf_counter()
        predictor.predict(predictor.cast(one))
        times.append(time.perf_counter() - began)
    return float(np.quantile(times[_WARM:], 0.99))


def _row(predictor: Predictor, rows: Any, i: int) -> Any:
    if predictor.named:
        return {name: rows[name].to_numpy()[i : i + 1] for name in rows.columns}
    values = rows.to_numpy()[i : i + 1]
    return values[:, 0].tolist() if len(predictor.inputs[0]["shape"]) == 1 else values
