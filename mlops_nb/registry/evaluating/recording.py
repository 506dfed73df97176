"""A version scored on data: predicted by the core that serves it, measured, and kept as evidence."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.registry import queries
from mlops_nb.registry.documents import canonical
from mlops_nb.registry.evaluating import reading
from mlops_nb.registry.evaluating.given import Given, given
from mlops_nb.registry.evaluating.model import Baseline, Evaluation, Findings, Sliced
from mlops_nb.registry.evaluating.predicting import answers, sampled, seed_of
from mlops_nb.registry.evaluating.resampling import Scored
from mlops_nb.registry.predictor import open_predictor
from mlops_nb.store.actor import identify
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import new_ulid, now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.evaluating.predictions import Predictions
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

BASELINES = ("dummy", "linear")
_MOST_CHANCES = 50_000_000
_ADD = """
INSERT INTO evidence (ulid, kind, model, number, dataset, evaluation, body, digest, predictions, sample, actor,
                      verified, created_us) VALUES (?, 'evaluation', ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_DATASET = """
INSERT INTO dataset_version (digest, schema_digest, rows, columns, record, leaves, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING"""


def evaluate_version(
    store: Store, version: Version, data: Any, target: Any, by: Sequence[str], baseline: str, sample: int
) -> Evaluation:
    """Score a version and keep what was found.

    Raises:
        InvalidInput: Data that the model does not take, no truth, or no such column.
        Refused: The version's file can't be opened here.
    """
    if baseline not in BASELINES:
        raise InvalidInput(f"there is no baseline {brief(baseline)}", expected=", ".join(BASELINES))
    if not 0 <= sample <= 100_000:
        raise InvalidInput(f"a sample of {sample}", expected="0 (none) to 100,000 rows")
    predictor = open_predictor(store, version)
    inputs = [one["name"] for one in predictor.inputs] if predictor.named else []
    rows = given(data, target, inputs)
    labels = {column: rows.labels(column) for column in rows.columns(by)}
    p = answers(predictor, rows.table, rows.truth)
    seed = seed_of(rows.fingerprint.digest)
    findings = _findings(p, rows, labels, baseline, inputs, seed)
    kept = _rows_file(p, labels)
    some = _sample(rows, inputs, sample) if sample else None
    return _keep(store, version, rows, findings, kept, some)


def _findings(
    p: Predictions, rows: Given, labels: Mapping[str, Any], baseline: str, inputs: Sequence[str], seed: int
) -> Findings:
    from mlops_nb.registry.evaluating import calibrating, resampling

    classified = p.task != "regression"
    found = Findings(
        target=rows.target,
        task=p.task,
        classes=tuple(str(one) for one in p.classes),
        rows=len(p),
        scored=resampling.score(p, seed=seed),
        slices=tuple(
            Sliced(column, resampling.score_groups(p, groups, _sliced_metrics(p), seed=seed))
            for column, groups in labels.items()
        ),
        baselines=tuple(_baselines(p, rows, baseline, inputs, seed)),
        confusion=calibrating.confusion(p) if classified else None,
        residuals=() if classified else calibrating.residual_quantiles(p),
    )
    if p.task == "binary" and p.probability is not None and len(set(p.truth_code.tolist())) == 2:
        curved = replace(found, roc=calibrating.roc_points(p), pr=calibrating.pr_points(p))
        return replace(curved, calibration=calibrating.calibration(p))
    return found


def _sliced_metrics(p: Predictions) -> tuple[str, ...]:
    from mlops_nb.registry.evaluating.metrics import of_task

    return tuple(one.name for one in of_task(p.task) if p.probability is not None or not one.needs_probability)


def _baselines(p: Predictions, rows: Given, wanted: str, inputs: Sequence[str], seed: int) -> Iterator[Baseline]:
    from mlops_nb.registry.evaluating import baselines

    yield _compared("dummy", p, baselines.dummy(p, seed=seed), seed)
    if wanted == "linear":
        table = rows.table[[name for name in inputs if name in rows.table.columns]] if inputs else rows.table
        simple, at = baselines.linear(table, p, seed=seed)
        yield _compared("linear", p.take(at), simple, seed)


def _compared(name: str, p: Predictions, simple: Predictions, seed: int) -> Baseline:
    """A simple answer, and by how much the model differs from it: paired, so that what is hard for both is no noise."""
    from mlops_nb.registry.evaluating import resampling

    gains = resampling.differences(p, simple, _sliced_metrics(p), seed=seed)
    plain = tuple(Scored(g.name, g.value, g.low, g.high, g.n, g.higher_is_better, g.why) for g in gains)
    return Baseline(name, len(simple), resampling.score(simple, seed=seed), plain)


def _rows_file(p: Predictions, labels: Mapping[str, Any]) -> bytes:
    """Truth, answer and chances of each row, and its groups: an Arrow file, zstd."""
    import pyarrow as pa

    columns: dict[str, Any] = {"truth": _arrow(p.truth), "predicted": _arrow(p.predicted)}
    about = {"format": 1, "task": p.task, "classes": list(p.classes), "groups": list(labels)}
    if p.probability is not None and p.probability.size <= _MOST_CHANCES:
        columns |= {f"chance {i}": pa.array(p.probability[:, i]) for i in range(len(p.classes))}
    for i, groups in enumerate(labels.values()):
        shown = [None if value is None or value != value else str(value) for value in groups]
        columns[f"group {i}"] = pa.array(shown, pa.string()).dictionary_encode()
    table = pa.table(columns).replace_schema_metadata({b"mlops_nb": json.dumps(about, default=_plain).encode()})
    return _arrow_file(table)


def _arrow(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(values.tolist()) if values.dtype == object else pa.array(values)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _arrow_file(table: Any) -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _sample(rows: Given, inputs: Sequence[str], most: int) -> bytes:
    """Some rows of what the model takes, with the truth: what explanations and the latency gate are computed on."""
    import numpy as np
    import pyarrow as pa

    table = rows.table[[name for name in inputs if name in rows.table.columns]] if inputs else rows.table
    at = sampled(rows.fingerprint.digest, len(table), most)
    some = table.iloc[at].reset_index(drop=True)
    some.columns = [str(name) for name in some.columns]
    found = pa.Table.from_pandas(some, preserve_index=False)
    return _arrow_file(found.append_column(reading.TRUTH, _arrow(np.asarray(rows.truth)[at])))


def _keep(
    store: Store, version: Version, rows: Given, findings: Findings, kept: bytes, some: bytes | None
) -> Evaluation:
    body, dataset = canonical(asdict(findings)), rows.fingerprint.digest
    predictions = store.artifacts.put(kept)
    sample = None if some is None else store.artifacts.put(some)
    name = digest(canonical([body, dataset, predictions]).encode())
    same = next((one for one in reading.evaluations_of(store, version) if one.digest == name), None)
    if same is not None and same.sample == sample:
        return replace(same, existed=True)
    identity, who, now = new_ulid(), identify(store.folder), now_us()
    record, leaves = rows.fingerprint.to_record()
    known = (dataset, rows.fingerprint.schema_digest, findings.rows, len(rows.table.columns) + 1)

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(_ADD_DATASET, (*known, json.dumps(record), leaves, now))
        for artifact, data in ((predictions, kept), (sample, some)):
            if artifact is not None and data is not None:
                connection.execute(queries.ADD_ARTIFACT, (artifact, len(data), now))
                connection.execute(queries.ADD_HOLD, (version.node, f"artifact:{artifact}"))
        connection.execute(queries.ADD_HOLD, (version.node, f"dataset:{dataset}"))
        connection.execute(queries.ADD_EDGE, (f"evaluation:{identity}", version.node, "version"))
        connection.execute(queries.ADD_EDGE, (f"evaluation:{identity}", f"dataset:{dataset}", "dataset"))
        made = (identity, version.model_id, version.version, dataset, body, name, predictions, sample)
        connection.execute(_ADD, (*made, who.actor, who.verified, now))

    store.change(write, "evaluate", version.node, evaluation=identity, evidence=name, dataset=dataset)
    return reading.evaluation(store, identity)
