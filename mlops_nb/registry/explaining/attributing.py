"""SHAP values of a version's inputs: of its last step, summed back to the inputs where that is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.adapters.shap_values import NoShap, affordable, shap_values
from mlops_nb.errors import MlopsError
from mlops_nb.registry.evaluating.predicting import inputs_of
from mlops_nb.registry.explaining.model import ShapMean, ShapValues

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.evaluating.predictions import Values
    from mlops_nb.registry.predictor import Predictor

_MOST_INPUTS = 200
# What belongs to no input may be so much of the whole.
_LOST = 0.01


def shap_of(predictor: Predictor, table: pd.DataFrame, order: Values) -> ShapValues:
    """Mean |SHAP| of each input, or why it can't be said.

    Args:
        predictor: The version.
        table: What it takes, `[n]` rows; at most 500 are explained.
        order: The rows in another order, `[n]`.
    """
    try:
        most = affordable(predictor.last)
        given = _transformed(predictor, table)
        owner = _owners(predictor, table, order, given)
        rows = np.sort(order[:most])
        values, unit = shap_values(predictor.last, _take(given, rows), given)
    except MlopsError as error:
        return ShapValues(why="; ".join(one for one in (error.what, f"try: {error.fix}" if error.fix else "") if one))
    found = np.stack([values[:, owner == place].sum(axis=1) for place in range(table.shape[1])], axis=1)
    lost, whole = np.abs(values[:, owner < 0]).mean(axis=(0, 2)).sum(), np.abs(values).mean(axis=(0, 2)).sum()
    if lost > _LOST * whole:
        return ShapValues(why=f"{lost / whole:.0%} of its values belong to columns that no single input makes")
    means = np.abs(found).mean(axis=(0, 2))
    named = [ShapMean(str(name), float(value)) for name, value in zip(table.columns, means, strict=True)]
    return ShapValues(tuple(sorted(named, key=lambda one: (-one.value, one.feature))), len(rows), unit)


def _transformed(predictor: Predictor, table: pd.DataFrame) -> Any:
    return predictor.transform(predictor.cast(inputs_of(predictor, table)))


def _owners(predictor: Predictor, table: pd.DataFrame, order: Values, given: Any) -> Values:
    """The place of the input that makes each column that the last step takes; -1: these rows don't show it.

    Found by dealing out each input anew and looking at what changes, whatever the steps are: a column that changes
    with one input only is that one's.

    Raises:
        NoShap: A column comes from several inputs: its share can't be divided exactly.
    """
    if not predictor.steps:
        return np.arange(table.shape[1])
    if table.shape[1] > _MOST_INPUTS:
        raise NoShap(f"{table.shape[1]:,} inputs behind a pipeline are too many to trace (at most {_MOST_INPUTS})")
    owner = np.full(_width(given), -1)
    for place in range(table.shape[1]):
        dealt = table.copy(deep=False)
        dealt.isetitem(place, table.iloc[order, place].array)
        changed = _changed(given, _transformed(predictor, dealt))
        double = np.flatnonzero(changed & (owner >= 0))
        if len(double):
            first, second = (str(table.columns[one]) for one in (owner[double[0]], place))
            raise NoShap(f"a step before the last one mixes inputs ({first} and {second}): no exact sum for each")
        owner[changed] = place
    return owner


def _width(given: Any) -> int:
    if getattr(given, "ndim", 0) != 2:
        raise NoShap("its last step takes no table")
    return int(given.shape[1])


def _changed(before: Any, after: Any) -> Values:
    """Which columns differ in any row."""
    if hasattr(before, "tocsc"):
        found: Values = np.asarray((before != after).sum(axis=0)).ravel() > 0
        return found
    first, second = np.asarray(before), np.asarray(after)
    if first.dtype == object or second.dtype == object:
        first, second = first.astype(str), second.astype(str)
    same = (first == second) | ((first != first) & (second != second))
    return ~np.asarray(same.all(axis=0))


def _take(given: Any, rows: Values) -> Any:
    return given.iloc[rows] if hasattr(given, "iloc") else given[rows]
