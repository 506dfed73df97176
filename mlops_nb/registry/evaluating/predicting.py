"""What a version says of rows, through the core that serves it, and which rows an evaluation keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.evaluating.predictions import Predictions, Values
    from mlops_nb.registry.predictor import Predictor


def answers(predictor: Predictor, table: pd.DataFrame, truth: Any) -> Predictions:
    """What a version says of rows of which the truth is known.

    Args:
        predictor: The version.
        table: The rows, `[n]`. Columns that the model does not take may be there.
        truth: What was so, `[n]`.

    Raises:
        InvalidInput: Rows that the model does not take, or answers that are none, like NaN.
    """
    from mlops_nb.registry.evaluating.predictions import predictions

    found = predictor.predict(predictor.cast(inputs_of(predictor, table)))
    return predictions(truth, found["predict"], found.get("probability"), classes_of(predictor))


def classes_of(predictor: Predictor) -> Any:
    """The labels that a version can predict, in the order of its probabilities; empty for a regression."""
    return next((one["classes"] for one in predictor.outputs if one["name"] == "probability"), ())


def inputs_of(predictor: Predictor, table: pd.DataFrame) -> Any:
    """The part of a table that a version takes, as it takes it: columns by name, or one array."""
    if not predictor.named:
        return table.iloc[:, 0].tolist() if len(predictor.inputs[0]["shape"]) == 1 else table.to_numpy()
    known = [one["name"] for one in predictor.inputs]
    # What the model does not take may be there: groups, keys. What it takes and is not there, `cast` names.
    return {name: table[name].to_numpy() for name in known if name in table.columns}


def seed_of(dataset: str) -> int:
    """The seed of everything random on a dataset, from its fingerprint: the same data gives the same numbers."""
    return int(dataset.rpartition(":")[2][:8], 16)


def sampled(dataset: str, rows: int, most: int) -> Values:
    """Which rows of a dataset an evaluation keeps as its sample: rising indices, at most `most`."""
    import numpy as np

    return np.sort(np.random.default_rng(seed_of(dataset)).permutation(rows)[:most])
