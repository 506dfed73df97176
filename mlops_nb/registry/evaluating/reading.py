"""Evaluations on record: the newest of a version, and the rows behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import Corrupt
from mlops_nb.registry.evaluating.model import Evaluation, Findings

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.predictions import Predictions
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

TRUTH = "mlops_nb truth"
_COLUMNS = """
SELECT e.ulid, m.name, e.number, e.dataset, e.body, e.digest, e.predictions, e.sample, e.actor, e.verified,
       e.created_us
FROM evidence e JOIN model m ON m.id = e.model WHERE e.kind = 'evaluation'"""
_OF_VERSION = _COLUMNS + " AND e.model = ? AND e.number = ?{} ORDER BY e.id DESC"
_ONE = f"{_COLUMNS} AND e.ulid = ?"


def evaluations_of(store: Store, version: Version) -> list[Evaluation]:
    """The evaluations of a version, newest first."""
    return [_evaluation(row) for row in store.query(_OF_VERSION.format(""), (version.model_id, version.version))]


def evaluation(store: Store, identity: str) -> Evaluation:
    """One evaluation by its ULID."""
    return _evaluation(store.query(_ONE, (identity,))[0])


def latest_evaluation(store: Store, version: Version, dataset: str = "") -> Evaluation | None:
    """The newest evaluation of a version, of all or on one dataset; None when there is none.

    Args:
        store: Where to look.
        version: Whose.
        dataset: A fingerprint.
    """
    about = (version.model_id, version.version)
    on, values = (" AND e.dataset = ?", (*about, dataset)) if dataset else ("", about)
    rows = store.query(f"{_OF_VERSION.format(on)} LIMIT 1", values)
    return _evaluation(rows[0]) if rows else None


def read_predictions(store: Store, found: Evaluation) -> tuple[Predictions, dict[str, Any]]:
    """Truth and answer of each row, and its group by each column that the evaluation was sliced by.

    Raises:
        NotFound: The artifact is gone.
        Corrupt: It was altered.
    """
    from mlops_nb.registry.evaluating.predictions import predictions

    table = _open(store, found.predictions)
    about = json.loads(table.schema.metadata[b"mlops_nb"])
    names = [name for name in table.column_names if name.startswith("chance ")]
    chances = _matrix(table, names) if names else None
    p = predictions(_values(table["truth"]), _values(table["predicted"]), chances, tuple(about["classes"]))
    groups = {column: _values(table[f"group {i}"].cast("string")) for i, column in enumerate(about["groups"])}
    return p, groups


def read_sample(store: Store, found: Evaluation) -> tuple[Any, Any]:
    """Some rows of what the model took, as a pandas frame, and their truth; (None, None) when none were kept."""
    if found.sample is None:
        return None, None
    table = _open(store, found.sample)
    truth = _values(table[TRUTH])
    return table.drop_columns([TRUTH]).to_pandas(), truth


def _open(store: Store, name: str) -> Any:
    import pyarrow as pa

    data = store.artifacts.get(name)
    try:
        return pa.ipc.open_file(pa.BufferReader(data)).read_all()
    except pa.ArrowException as error:
        raise Corrupt(f"artifact {name[:12]} is no table: {error}", fix="evaluate again") from error


def _values(column: Any) -> Any:
    return column.to_numpy() if column.num_chunks != 1 else column.chunk(0).to_numpy(zero_copy_only=False)


def _matrix(table: Any, names: list[str]) -> Any:
    import numpy as np

    return np.column_stack([_values(table[name]) for name in names])


def _evaluation(row: tuple[Any, ...]) -> Evaluation:
    import msgspec

    identity, model, version, dataset, body, digest, predictions, sample, actor, verified, created_us = row
    findings = msgspec.convert(json.loads(body), Findings)
    kept = (digest, predictions, sample, actor, verified, created_us)
    return Evaluation(identity, model, version, dataset, findings, *kept)
