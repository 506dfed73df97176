"""What fairlearn says of groups, as plain numbers.

It turns every value it is given into an object of Python's, for each metric anew (15 seconds for 300,000 rows): so it
is given each kind of row once, with how many there are as weight, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_nb.errors import MissingExtra


def rates(groups: Sequence[str], cells: Any) -> dict[str, list[float]]:
    """Shares of each of k groups of a classification, by metric.

    Args:
        groups: Names.
        cells: Rows of each group, `[k, 4]`: positive and said so, positive and not said so, not positive and said so,
            neither.

    Returns:
        `selection_rate`, `true_positive_rate` and `false_positive_rate` (0 where a group has no row that they are
        about: look at how many there are) and `accuracy`, `[k]` each.

    Raises:
        MissingExtra: fairlearn is not installed.
    """
    from sklearn.metrics import accuracy_score

    fair = _fairlearn()
    metrics = {name: getattr(fair, name) for name in ("selection_rate", "true_positive_rate", "false_positive_rate")}
    metrics["accuracy"] = accuracy_score
    truth, said, names, weights = _rows(groups, cells)
    frame = fair.MetricFrame(
        metrics=metrics,
        y_true=truth,
        y_pred=said,
        sensitive_features=names,
        sample_params={name: {"sample_weight": weights} for name in metrics},
    )
    return {name: [float(frame.by_group[name][group]) for group in groups] for name in metrics}


def parity(groups: Sequence[str], cells: Any, measure: str) -> float:
    """`demographic_parity_ratio`, `demographic_parity_difference` or `equalized_odds_difference`; as `rates`."""
    truth, said, names, weights = _rows(groups, cells)
    return float(getattr(_fairlearn(), measure)(truth, said, sensitive_features=names, sample_weight=weights))


def apart(groups: Sequence[str], values: Any, how: str) -> float:
    """One value a group: the largest minus the smallest (`difference`), or the smallest by the largest (`ratio`)."""
    frame = _fairlearn().MetricFrame(metrics=_mean, y_true=values, y_pred=values, sensitive_features=list(groups))
    return float(getattr(frame, how)(method="between_groups"))


def _mean(values: Any, _: Any) -> float:
    return float(values.mean())


def _rows(groups: Sequence[str], cells: Any) -> tuple[Any, Any, Any, Any]:
    """Truth, answer, group and weight of each kind of row that there is."""
    import numpy as np

    weights = np.asarray(cells, np.float64).ravel()
    there = weights > 0
    truth, said = (np.tile(signs, len(groups))[there] for signs in ([1, 1, 0, 0], [1, 0, 1, 0]))
    return truth, said, np.repeat(np.array(groups, dtype=object), 4)[there], weights[there]


def _fairlearn() -> Any:
    try:
        import fairlearn.metrics
    except ImportError:
        raise MissingExtra("fairlearn", "fairness") from None
    return fairlearn.metrics
