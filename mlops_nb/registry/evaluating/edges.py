"""Where a bootstrap is no guide: too few rows of a class, and values at the edge that no resample leaves."""

from __future__ import annotations

import numpy as np

from mlops_nb.errors import brief
from mlops_nb.registry.evaluating.predictions import Predictions

FEWEST_OF_A_CLASS = 10
_NEEDS = {
    "roc_auc": (0, 1),
    "average_precision": (0, 1),
    "balanced_accuracy": (0, 1),
    "recall": (1,),
    "f1": (1,),
    "specificity": (0,),
}


def too_few(p: Predictions, name: str) -> str:
    """Why a metric has no interval for lack of rows of one class; empty if there are enough.

    Below 10 rows of a class the interval of a metric that rests on them covers too little: simulated (400 trials, a
    balanced accuracy of 0.76 and of 0.89, level 95 %), 79 to 87 % with 5 rows, 86 to 92 % with 8, 94 to 98 % from 10
    on.
    """
    if p.task == "regression":
        return ""
    width = max(2, len(p.labels))
    rows = np.bincount(p.truth_code, minlength=width)
    said = int((p.predicted_code == 1).sum())
    if name == "precision" and said < FEWEST_OF_A_CLASS:
        return f"{said} rows predicted as {_label(p, 1)}: no interval below {FEWEST_OF_A_CLASS}"
    needed: tuple[int, ...] = _NEEDS.get(name, ())
    if p.task == "multiclass" and name in {"roc_auc_ovr", "balanced_accuracy", "f1_macro"}:
        needed = tuple(range(width))
    for code in needed:
        # A class that is not there at all is left out of a mean of classes.
        if 0 < rows[code] < FEWEST_OF_A_CLASS or (rows[code] == 0 and p.task == "binary"):
            return f"{rows[code]} rows of class {_label(p, code)}: no interval below {FEWEST_OF_A_CLASS}"
    return ""


def at_edge(p: Predictions, name: str, value: float, level: float) -> tuple[float, float] | None:
    """The interval of a value of exactly 1 or 0, from the chance that every one of m rows comes out the same.

    With share s of all rows like these, m of m have chance s ** m, so s is at least ((1 - level) / 2) ** (1 / m)
    (Clopper and Pearson 1934). For the area under the ROC curve m is the number of rows of the smaller class: pair them
    up, and the pairs are independent. For the balanced accuracy too: its worst case is all errors in that class.

    Returns:
        Lower and upper end; None for other values and metrics.
    """
    m = _trials(p, name)
    if not m or value not in (0.0, 1.0):
        return None
    bound = ((1.0 - level) / 2.0) ** (1.0 / m)
    share = bound if value == 1.0 else 1.0 - bound
    # F1 follows from the share of right ones among rows that are positive or called so.
    share = 2.0 * share / (1.0 + share) if name == "f1" else share
    return (share, 1.0) if value == 1.0 else (0.0, share)


def _trials(p: Predictions, name: str) -> int:
    if p.task == "regression":
        return 0
    rows = np.bincount(p.truth_code, minlength=2)
    true, said = p.truth_code == 1, p.predicted_code == 1
    found = {
        "accuracy": len(p),
        "roc_auc": rows[rows > 0].min(),
        "balanced_accuracy": rows[rows > 0].min(),
        "precision": said.sum(),
        "recall": true.sum(),
        "specificity": (~true).sum(),
        "f1": (true | said).sum(),
    }
    return int(found.get(name, 0))


def _label(p: Predictions, code: int) -> str:
    return brief(p.labels[code], 40) if code < len(p.labels) else "a second class"
