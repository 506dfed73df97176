"""Metrics of many resamples at once: what a row adds is worked out once, then a resample is a product or a sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlops_nb.errors import brief
from mlops_nb.registry.evaluating.predictions import Predictions, Values
from mlops_nb.registry.evaluating.ranking import Median, Ranked, ratio

# From counts `[b, n]` (float64) to each metric's values `[b]`.
Measure = Callable[[Values], dict[str, Values]]
_CONFUSION = {"accuracy", "balanced_accuracy", "f1", "precision", "recall", "specificity", "f1_macro"}
_RANKED = {"roc_auc", "average_precision", "roc_auc_ovr"}
_ERRORS = {"rmse", "mae", "r2", "bias", "mape"}
_FEW_CELLS = 16
# Where scikit-learn divides by this instead of the truth, and calls the result a percentage.
_TINY = float(np.finfo(np.float64).eps)


def prepare(p: Predictions, names: Sequence[str]) -> Measure:
    """What computes metrics of `p` for any counts of its rows.

    Args:
        p: Predictions.
        names: Names of metrics of its task (`metrics.METRICS`).
    """
    wanted = set(names)
    parts: list[Measure] = []
    if p.probability is None or not len(p):
        needing = wanted & (_RANKED | {"log_loss", "brier"}) if len(p) else set(wanted)
        parts.append(lambda counts: {name: np.full(len(counts), np.nan) for name in needing})
        wanted -= needing
    if wanted & _CONFUSION:
        parts.append(_confusion(p))
    if wanted & {"roc_auc", "average_precision"}:
        parts.append(_ranked(p))
    if "roc_auc_ovr" in wanted:
        parts.append(_one_against_rest(p))
    if wanted & {"log_loss", "brier"}:
        parts.append(_of_chances(p))
    if wanted & _ERRORS:
        parts.append(_errors(p, wanted & _ERRORS))
    if "median_absolute_error" in wanted:
        median = Median(np.abs(p.truth - p.predicted))
        parts.append(lambda counts: {"median_absolute_error": median(counts)})

    def measure(counts: Values) -> dict[str, Values]:
        found = {name: value for part in parts for name, value in part(counts).items()}
        return {name: found[name] for name in names}

    return measure


class _Sums:
    """Sums over the columns of `[b, m]` that share a code.

    Args:
        codes: `[m]`.
    """

    def __init__(self, codes: Values) -> None:
        self.codes, inverse = np.unique(codes, return_inverse=True)
        self.matrix = None
        if len(self.codes) <= _FEW_CELLS:
            # For few sums a product is three times as fast as sorted columns.
            self.matrix = (inverse[:, np.newaxis] == np.arange(len(self.codes))).astype(np.float64)
        else:
            self.order = np.argsort(inverse, kind="stable")
            self.starts = np.searchsorted(inverse[self.order], np.arange(len(self.codes)))

    def __call__(self, columns: Values) -> Values:
        if self.matrix is not None:
            found: Values = columns @ self.matrix
            return found
        return np.add.reduceat(columns[:, self.order], self.starts, axis=1)

    def wide(self, columns: Values, width: int) -> Values:
        """The sums, one column for each code below `width`."""
        found = np.zeros((len(columns), width))
        found[:, self.codes] = self(columns)
        return found


def _confusion(p: Predictions) -> Measure:
    width = max(2, len(p.labels))
    cells = _Sums(p.truth_code * width + p.predicted_code)
    truth, said = np.divmod(cells.codes, width)
    of_truth, of_said, right = _Sums(truth), _Sums(said), truth == said

    def measure(counts: Values) -> dict[str, Values]:
        sums = cells(counts)
        true, predicted = of_truth.wide(sums, width), of_said.wide(sums, width)
        hit = np.zeros_like(true)
        hit[:, truth[right]] = sums[:, right]
        return _binary(hit, true, predicted) if p.task == "binary" else _of_classes(hit, true, predicted)

    return measure


def _of_classes(hit: Values, true: Values, predicted: Values) -> dict[str, Values]:
    """Metrics from rows that were right, that are so and that were said to be so, by class: `[b, k]` each."""
    there, recall = true > 0, ratio(hit, true)
    some = np.where(there, recall, 0.0).sum(axis=1)
    present = (true + predicted) > 0
    f1 = np.where(present, ratio(2 * hit, true + predicted), 0.0).sum(axis=1)
    return {
        "accuracy": ratio(hit.sum(axis=1), true.sum(axis=1)),
        # With one class in the truth it would be that class's recall, which is another question.
        "balanced_accuracy": np.where(there.sum(axis=1) > 1, ratio(some, there.sum(axis=1)), np.nan),
        "f1_macro": ratio(f1, present.sum(axis=1)),
    }


def _binary(hit: Values, true: Values, predicted: Values) -> dict[str, Values]:
    specificity, recall = (ratio(hit[:, code], true[:, code]) for code in (0, 1))
    return {
        "accuracy": ratio(hit.sum(axis=1), true.sum(axis=1)),
        "balanced_accuracy": (specificity + recall) / 2.0,
        "f1": ratio(2.0 * hit[:, 1], true[:, 1] + predicted[:, 1]),
        "precision": ratio(hit[:, 1], predicted[:, 1]),
        "recall": recall,
        "specificity": specificity,
    }


def _ranked(p: Predictions) -> Measure:
    ranked = Ranked(p.truth_code == 1, p.chance(1))

    def measure(counts: Values) -> dict[str, Values]:
        area, precision = ranked(counts)
        return {"roc_auc": area, "average_precision": precision}

    return measure


def _one_against_rest(p: Predictions) -> Measure:
    each = [Ranked(p.truth_code == code, p.chance(code)) for code in range(len(p.labels))]
    return lambda counts: {"roc_auc_ovr": np.mean([one(counts)[0] for one in each], axis=0)}


def _of_chances(p: Predictions) -> Measure:
    losses = [-np.log(np.clip(_picked(p), _TINY, 1.0 - _TINY)), (p.chance(1) - (p.truth_code == 1)) ** 2]
    matrix = np.column_stack(losses)

    def measure(counts: Values) -> dict[str, Values]:
        sums = counts @ matrix
        rows = counts.sum(axis=1)
        return {"log_loss": ratio(sums[:, 0], rows), "brier": ratio(sums[:, 1], rows)}

    return measure


def _picked(p: Predictions) -> Values:
    """The probability that each row gave to what was so, `[n]`."""
    assert p.probability is not None  # noqa: S101 (`prepare` asked)
    found: Values = p.probability[np.arange(len(p)), p.truth_code]
    return found


def _errors(p: Predictions, wanted: set[str]) -> Measure:
    # A list of columns for each metric, so that a resample sums no more than it must.
    columns = {name: columns for name, columns in _error_columns(p).items() if name in wanted}
    matrix = np.column_stack([one for several in columns.values() for one in several])
    places = np.cumsum([0, *(len(several) for several in columns.values())])

    def measure(counts: Values) -> dict[str, Values]:
        rows, sums = counts.sum(axis=1), (counts @ matrix).T
        parts = {name: sums[places[at] : places[at + 1]] for at, name in enumerate(columns)}
        return {name: _from_sums(name, part, rows) for name, part in parts.items()}

    return measure


def _error_columns(p: Predictions) -> dict[str, list[Values]]:
    error = p.predicted - p.truth
    # Centred, or the variance of large numbers would drown in rounding; on a value that is there, so that a constant
    # truth is exactly 0.
    away = p.truth - p.truth[np.argmin(np.abs(p.truth - p.truth.mean()))]
    zero = np.abs(p.truth) < _TINY
    share = np.abs(error) / np.where(zero, 1.0, np.abs(p.truth))
    return {
        "rmse": [error**2],
        "mae": [np.abs(error)],
        "bias": [error],
        "mape": [share, zero],
        "r2": [error**2, away, away**2],
    }


def _from_sums(name: str, sums: Values, rows: Values) -> Values:
    mean = ratio(sums[0], rows)
    if name == "rmse":
        return np.sqrt(mean)
    if name == "mape":
        return np.where(sums[1] > 0, np.nan, mean)
    if name != "r2":
        return mean
    square, first, second = sums
    spread = second - ratio(first**2, rows)
    # What is left of a constant truth is rounding; one that varies by 1e-160 gives a number beyond all floats.
    varied = (spread > 1e-12 * second) & (spread > 1e-300 * square) & (spread > 1e-300)
    return 1.0 - ratio(square, np.where(varied, spread, 0.0))


def undefined(p: Predictions, name: str) -> str:
    """Why a metric has no value for these predictions, in a few words; empty if nothing is known against it."""
    if not len(p):
        return "no rows"
    if p.probability is None and name in _RANKED | {"log_loss", "brier"}:
        return "no probabilities"
    if p.task == "regression":
        return _undefined_number(p, name)
    there = set(np.unique(p.truth_code).tolist())
    if len(there) == 1 and name in {*_RANKED, "balanced_accuracy"}:
        return f"one class only: {_shown(p, there.pop())}"
    gone = [code for code in range(len(p.labels)) if code not in there]
    if name == "roc_auc_ovr" and gone:
        return f"no row of class {_shown(p, gone[0])}"
    said = set(np.unique(p.predicted_code).tolist())
    none = {"recall": 1 not in there, "specificity": 0 not in there, "average_precision": 1 not in there}
    if none.get(name, False):
        return f"no row of class {_shown(p, int(name != 'specificity'))}"
    if name in {"precision", "f1"} and 1 not in said:
        return f"{_shown(p, 1)} is never predicted"
    return ""


def _undefined_number(p: Predictions, name: str) -> str:
    if name == "r2" and np.ptp(p.truth) == 0:
        return "one row" if len(p) == 1 else "constant truth"
    if name == "r2" and not np.isfinite(_from_sums("r2", *_all_once(p))).all():
        return "the truth hardly varies"
    zeros = int((np.abs(p.truth) < _TINY).sum()) if name == "mape" else 0
    return f"the truth is 0 in {zeros:,} of {len(p):,} rows" if zeros else ""


def _all_once(p: Predictions) -> tuple[Values, Values]:
    return np.stack(_error_columns(p)["r2"]).sum(axis=1)[:, np.newaxis], np.full(1, float(len(p)))


def _shown(p: Predictions, code: int) -> str:
    return brief(p.labels[code], 40) if code < len(p.labels) else "a second class"
