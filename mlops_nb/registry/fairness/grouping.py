"""The group of each row of an evaluation by a column: of every row, or of its sample where only that has the column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.errors import Corrupt, NotFound, brief, nearest
from mlops_nb.registry.evaluating.given import labels_of
from mlops_nb.registry.evaluating.predicting import sampled
from mlops_nb.registry.evaluating.reading import read_predictions, read_sample
from mlops_nb.registry.evaluating.resampling import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.evaluating.predictions import Predictions, Values
    from mlops_nb.store.store import Store

MOST = 50


@dataclass(frozen=True, eq=False)
class Members:
    """The rows of groups, the biggest group first.

    Attributes:
        column: By which they were made.
        p: The predictions of the rows used.
        rows: The rows of each group, by its name; at most 50 groups.
        more: Groups beyond.
        of: Rows evaluated.
    """

    column: str
    p: Predictions
    rows: dict[str, Values]
    more: int
    of: int


def members(store: Store, found: Evaluation, columns: Sequence[str]) -> list[Members]:
    """The groups of an evaluation's rows by each of some columns.

    Args:
        store: Where.
        found: The evaluation.
        columns: By which it was sliced, or which the model takes and its sample has.

    Raises:
        NotFound: The evaluation has no such column; names the nearest and the line that evaluates by it.
        InvalidInput: More than 1,000 groups.
    """
    p, groups = read_predictions(store, found)
    if set(columns) <= set(groups):
        return [_sorted(column, p, groups[column], len(p)) for column in columns]
    table, truth = read_sample(store, found)
    for column in columns:
        if column not in groups and (table is None or column not in table.columns):
            known = [*groups, *(() if table is None else map(str, table.columns))]
            raise NotFound(
                f"the evaluation of {found.ref} has no column {brief(column)}",
                expected=f"one of {', '.join(known[:12])}" if known else "",
                nearest=nearest(column, known),
                fix=f"%evaluate {found.ref} DATA --slices {column if column.isidentifier() else brief(column)}",
            )
    some = p if table is None else _of_sample(p, truth, found)
    return [
        _sorted(column, p, groups[column], len(p))
        if column in groups
        else _sorted(column, some, labels_of(table[column]), len(p))
        for column in columns
    ]


def _of_sample(p: Predictions, truth: Values, found: Evaluation) -> Predictions:
    """The predictions of the rows that were kept: which these are follows from the data's fingerprint."""
    some = p.take(sampled(found.dataset, len(p), len(truth)))
    if not np.array_equal(some.truth, truth):
        raise Corrupt("the kept rows are not those of the predictions", fix=f"%evaluate {found.ref} DATA")
    return some


def _sorted(column: str, p: Predictions, labels: Values, of: int) -> Members:
    found = sorted(grouped(labels, len(p)).items(), key=lambda one: (-len(one[1]), one[0]))
    return Members(column, p, dict(found[:MOST]), max(0, len(found) - MOST), of)
