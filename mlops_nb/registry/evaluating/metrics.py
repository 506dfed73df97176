"""The metrics that an evaluation knows: what they are called, what they need and which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief, nearest

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.predictions import Predictions, Values


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, defined as scikit-learn defines it, and undefined (never 0) where it has no meaning.

    Attributes:
        name: As gates and tables have it: `roc_auc`.
        title: As a person reads it.
        tasks: The tasks it is for: 'binary', 'multiclass', 'regression'.
        higher_is_better: Which way is better.
        needs_probability: Whether it needs predicted probabilities.
        aliases: Other names for it, scikit-learn's functions and scorers among them.
        signed: Whether 0 is the best value and both signs are worse: compare its absolute value.
    """

    name: str
    title: str
    tasks: frozenset[str]
    higher_is_better: bool
    needs_probability: bool
    aliases: tuple[str, ...]
    signed: bool = False


def _row(name: str, title: str, tasks: str, better: str, aliases: str, *, needs: bool = False) -> Metric:
    kinds, up = frozenset(tasks.split()), better == "higher"
    return Metric(name, title, kinds, up, needs, tuple(aliases.split()), signed=better == "zero")


METRICS: tuple[Metric, ...] = (
    _row("roc_auc", "area under the ROC curve", "binary", "higher", "auc auroc roc_auc_score", needs=True),
    _row(
        "average_precision",
        "average precision",
        "binary",
        "higher",
        "ap pr_auc auprc average_precision_score",
        needs=True,
    ),
    _row("accuracy", "accuracy", "binary multiclass", "higher", "acc accuracy_score"),
    _row(
        "balanced_accuracy",
        "balanced accuracy",
        "binary multiclass",
        "higher",
        "bacc balanced_accuracy_score",
    ),
    _row("f1", "F1", "binary", "higher", "f1_score"),
    _row("precision", "precision", "binary", "higher", "ppv precision_score"),
    _row("recall", "recall", "binary", "higher", "tpr sensitivity recall_score"),
    _row("specificity", "specificity", "binary", "higher", "tnr"),
    _row("f1_macro", "F1, mean of classes", "multiclass", "higher", "macro_f1 f1_score"),
    _row("roc_auc_ovr", "area under the ROC curve, one against rest", "multiclass", "higher", "auc_ovr", needs=True),
    _row("log_loss", "log loss", "binary multiclass", "lower", "loss logloss cross_entropy neg_log_loss", needs=True),
    _row(
        "brier",
        "Brier score",
        "binary",
        "lower",
        "brier_score brier_score_loss neg_brier_score",
        needs=True,
    ),
    _row(
        "rmse",
        "root of the mean squared error",
        "regression",
        "lower",
        "root_mean_squared_error neg_root_mean_squared_error",
    ),
    _row("mae", "mean absolute error", "regression", "lower", "mean_absolute_error neg_mean_absolute_error"),
    _row("r2", "R²", "regression", "higher", "r_squared r2_score"),
    _row(
        "median_absolute_error",
        "median absolute error",
        "regression",
        "lower",
        "medae neg_median_absolute_error",
    ),
    _row("bias", "mean of prediction minus truth", "regression", "zero", "mean_error me"),
    _row(
        "mape",
        "mean absolute percentage error, as a share",
        "regression",
        "lower",
        "mean_absolute_percentage_error neg_mean_absolute_percentage_error",
    ),
)
# What `auc` means where there are many classes.
_BY_TASK = {("auc", "multiclass"): "roc_auc_ovr", ("roc_auc", "multiclass"): "roc_auc_ovr"}
_BY_TASK |= {("roc_auc_score", "multiclass"): "roc_auc_ovr", ("f1", "multiclass"): "f1_macro"}


def metric(name: str, task: str = "") -> Metric:
    """The metric of a name or an alias.

    Args:
        name: `roc_auc`, `auc`, `roc_auc_score`, `neg_mean_absolute_error` …; case does not matter.
        task: 'binary', 'multiclass' or 'regression', when it is known: only its metrics count.

    Raises:
        InvalidInput: No such metric, or none for this task; names the nearest.

    Examples:
        >>> metric("auc").name, metric("auc", "multiclass").name, metric("neg_mean_absolute_error").name
        ('roc_auc', 'roc_auc_ovr', 'mae')
    """
    key = str(name).strip().lower()
    key = _BY_TASK.get((key, task), key)
    for one in METRICS:
        if key in (one.name, *one.aliases) and (not task or task in one.tasks):
            return one
    fitting = of_task(task)
    expected = ", ".join(one.name for one in fitting)
    elsewhere = any(key in (one.name, *one.aliases) for one in METRICS)
    what = f"{brief(name)} is no metric of a {task} task" if elsewhere else f"no metric is called {brief(name)}"
    spellings = {alias: one.name for one in fitting for alias in (one.name, *one.aliases)}
    near = "" if elsewhere else spellings.get(nearest(key, spellings), "")
    raise InvalidInput(what, expected=f"one of {expected}", nearest=near)


def of_task(task: str = "") -> tuple[Metric, ...]:
    """The metrics of a task, or all."""
    return tuple(one for one in METRICS if not task or task in one.tasks)


def values(p: Predictions, counts: Values | None = None, names: Sequence[str] = ()) -> dict[str, float]:
    """The metrics of predictions, each row counted `counts` times.

    Args:
        p: Predictions.
        counts: How often each row counts, `[n]`, not negative; None: once. A row that counts 0 times is not there.
        names: Metrics; by default all of the task.

    Returns:
        The value by the metric's name, as scikit-learn's function gives it with `sample_weight=counts`; NaN where the
        metric has no meaning (one class only, a constant truth …) or needs probabilities that are not there.

    Raises:
        InvalidInput: No such metric for this task; counts of another shape, or negative ones.
    """
    import numpy as np

    from mlops_nb.registry.evaluating.measuring import prepare

    weights = np.ones(len(p)) if counts is None else np.asarray(counts, np.float64)
    if weights.shape != (len(p),) or not (weights >= 0).all():
        raise InvalidInput(f"counts of shape {list(weights.shape)}", expected=f"{len(p):,} numbers, none below 0")
    wanted = list(dict.fromkeys(metric(name, p.task) for name in names)) or list(of_task(p.task))
    measure = prepare(p, [one.name for one in wanted])
    return {name: float(found[0]) for name, found in measure(weights[np.newaxis]).items()}
