"""How sure a metric is: intervals of one model, of a paired difference of two, and of groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.bootstrap import FEWEST, enough, interval, spread
from mlops_nb.registry.evaluating.edges import at_edge, too_few
from mlops_nb.registry.evaluating.measuring import Measure, prepare, undefined
from mlops_nb.registry.evaluating.metrics import Metric, metric, of_task
from mlops_nb.registry.evaluating.predictions import Predictions, Values, missing

MINIMUM = 30
_MOST_GROUPS = 1_000
_MOST_CELLS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Scored:
    """A metric with its interval.

    Attributes:
        name: The metric.
        value: Its value, None where it is undefined.
        low: Lower end of the interval. None, as `high`, where there is none: no verdict can rest on the value then.
        high: Upper end of the interval.
        n: Rows.
        higher_is_better: Which way is better.
        why: Why something is None ('one class only', '12 rows: no interval below 30'), or what else to know.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    higher_is_better: bool
    why: str = ""


class Difference(Scored):
    """A metric of one model minus that of another on the same rows, in the metric's own units; else as `Scored`.

    Of a signed metric (bias) it is the difference of absolute values, so that lower is better as elsewhere.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class GroupScored:
    """Metrics of the rows that share a label.

    Attributes:
        group: The label as text; '(missing)' where there is none.
        n: Rows of the group.
        share: Of all rows, 0 to 1.
        scored: Its metrics.
    """

    group: str
    n: int
    share: float
    scored: tuple[Scored, ...]


def score(
    p: Predictions,
    *,
    seed: int,
    names: Sequence[str] = (),
    resamples: int | None = None,
    level: float = 0.95,
    minimum: int = MINIMUM,
) -> tuple[Scored, ...]:
    """Metrics of one model, each with its interval.

    Args:
        p: Predictions.
        seed: Of the resamples: the same seed gives the same intervals, whichever metrics are asked for.
        names: Metrics; by default all of the task.
        resamples: How many; by default 200 to 1,000, the fewer the more rows.
        level: Of the interval, as 0.95.
        minimum: Rows below which there is no interval.

    Raises:
        InvalidInput: No such metric for this task; a level or a number of resamples that makes no sense.
    """
    _refuse(resamples, level)
    wanted = list(dict.fromkeys(metric(name, p.task) for name in names)) or list(of_task(p.task))
    reasons = {one.name: _reason(p, one.name, minimum, resamples) for one in wanted}
    measure = prepare(p, [one.name for one in wanted])
    values = {name: float(found[0]) for name, found in measure(np.ones((1, len(p)))).items()}
    sure = [one.name for one in wanted if not reasons[one.name] and not np.isnan(values[one.name])]
    found = spread(prepare(p, sure), len(p), seed, resamples) if sure else {}
    return tuple(_scored(p, one, values[one.name], found, reasons[one.name], level) for one in wanted)


def _scored(
    p: Predictions, one: Metric, value: float, found: dict[str, tuple[Values, Values]], reason: str, level: float
) -> Scored:
    bare = Scored(one.name, None, None, None, len(p), one.higher_is_better)
    if np.isnan(value):
        return replace(bare, why=undefined(p, one.name) or "undefined for these rows")
    if reason:
        return replace(bare, value=value, why=reason)
    low, high, why = interval(value, *found[one.name], level)
    if low is None:
        edge = at_edge(p, one.name, value, level)
        low, high, why = (*edge, "every resample gives the same value: exact interval") if edge else (None, None, why)
    return replace(bare, value=value, low=low, high=high, why=why)


def difference(
    first: Predictions,
    second: Predictions,
    name: str,
    *,
    seed: int,
    resamples: int | None = None,
    level: float = 0.95,
    minimum: int = MINIMUM,
) -> Difference:
    """One metric of `first` minus that of `second`; as `differences`."""
    return differences(first, second, [name], seed=seed, resamples=resamples, level=level, minimum=minimum)[0]


def differences(
    first: Predictions,
    second: Predictions,
    names: Sequence[str],
    *,
    seed: int,
    resamples: int | None = None,
    level: float = 0.95,
    minimum: int = MINIMUM,
) -> tuple[Difference, ...]:
    """Metrics of `first` minus those of `second`: a paired bootstrap, the same resampled rows for both.

    Args:
        first: Predictions of one model.
        second: Predictions of another, for the same rows in the same order.
        names: The metrics.
        seed: As in `score`.
        resamples: As in `score`.
        level: As in `score`.
        minimum: As in `score`.

    Raises:
        InvalidInput: The truths differ, or the tasks; no such metric.
    """
    _refuse(resamples, level)
    _refuse_unlike(first, second)
    wanted, n = list(dict.fromkeys(metric(name, first.task) for name in names)), len(first)
    bare = {one.name: _undecided(first, second, one, minimum, resamples) for one in wanted}
    values = {name: float(found[0]) for name, found in _minus(first, second, wanted)(np.ones((1, n))).items()}
    sure = [one for one in wanted if not bare[one.name].why and not np.isnan(values[one.name])]
    found = spread(_minus(first, second, sure), n, seed, resamples) if sure and not _same(first, second) else {}
    return tuple(_differing(first, second, bare[one.name], values[one.name], found, level) for one in wanted)


def _minus(first: Predictions, second: Predictions, wanted: Sequence[Metric]) -> Measure:
    measures = [prepare(p, [one.name for one in wanted]) for p in (first, second)]

    def measure(counts: Values) -> dict[str, Values]:
        a, b = (found(counts) for found in measures)
        return {
            one.name: np.abs(a[one.name]) - np.abs(b[one.name]) if one.signed else a[one.name] - b[one.name]
            for one in wanted
        }

    return measure


def _undecided(first: Predictions, second: Predictions, one: Metric, minimum: int, resamples: int | None) -> Difference:
    """A difference without its value, and why it can have no interval."""
    why = _reason(first, one.name, minimum, resamples) or _reason(second, one.name, minimum, resamples)
    return Difference(one.name, None, None, None, len(first), one.higher_is_better, why)


def _differing(
    first: Predictions,
    second: Predictions,
    bare: Difference,
    value: float,
    found: dict[str, tuple[Values, Values]],
    level: float,
) -> Difference:
    if np.isnan(value):
        return replace(bare, why=undefined(first, bare.name) or undefined(second, bare.name) or "undefined")
    if _same(first, second):
        return replace(bare, value=0.0, low=0.0, high=0.0, why="the same answers in every row")
    if bare.why:
        return replace(bare, value=value)
    low, high, why = interval(value, *found[bare.name], level)
    return replace(bare, value=value, low=low, high=high, why=why)


def score_groups(
    p: Predictions,
    labels: Any,
    names: Sequence[str] = (),
    *,
    seed: int,
    resamples: int | None = None,
    level: float = 0.95,
    minimum: int = MINIMUM,
) -> tuple[GroupScored, ...]:
    """Metrics of each group of rows, the biggest group first (and by name among equals).

    Args:
        p: Predictions.
        labels: The group of each row, `[n]`, of any type.
        names: As in `score`.
        seed: As in `score`: a group alone has the same interval, for the same `resamples`.
        resamples: As in `score`; by default as many as for all rows together.
        level: As in `score`.
        minimum: Rows below which a group has no interval.

    Raises:
        InvalidInput: Labels of another length; more than 1,000 groups; as `score`.
    """
    groups = grouped(labels, len(p))
    times = resamples or enough(len(p))
    found = []
    for group, rows in groups.items():
        part = p.take(rows)
        scored = score(part, seed=seed, names=names, resamples=times, level=level, minimum=minimum)
        found.append(GroupScored(group, len(part), len(part) / len(p), scored))
    return tuple(sorted(found, key=lambda one: (-one.n, one.group)))


def grouped(labels: Any, n: int) -> dict[str, Values]:
    """The rows of each label, by its text; rows without one are '(missing)'.

    Raises:
        InvalidInput: Labels of another length than `n`, or more than 1,000 groups.
    """
    column = np.asarray(labels) if not isinstance(labels, list | tuple) else np.asarray(labels, dtype=object)
    if column.shape != (n,):
        raise InvalidInput(f"labels of shape {list(column.shape)}", expected=f"one a row: [{n}]")
    gone = missing(column)
    codes: dict[str, int] = {}
    code_of = np.empty(n, np.intp)
    for row, label in enumerate(column.tolist()):
        text = "(missing)" if gone[row] else "'(missing)'" if label == "(missing)" else str(label)
        code_of[row] = codes.setdefault(text, len(codes))
        if len(codes) > _MOST_GROUPS:
            fix = "bin the column (pandas.qcut) or name one with few values"
            raise InvalidInput(f"more than {_MOST_GROUPS:,} groups", expected="a column with few values", fix=fix)
    order = np.argsort(code_of, kind="stable")
    ends = np.searchsorted(code_of[order], np.arange(len(codes) + 1))
    return {text: order[ends[code] : ends[code + 1]] for text, code in codes.items()}


def _reason(p: Predictions, name: str, minimum: int, resamples: int | None) -> str:
    """Why there can be no interval, before any work."""
    if len(p) < minimum:
        return f"{len(p)} rows: no interval below {minimum}"
    cells = len(p) * len(p.labels) * (resamples or enough(len(p)))
    if name == "roc_auc_ovr" and cells > _MOST_CELLS:
        return f"{len(p.labels)} classes of {len(p):,} rows: too much work for an interval"
    return too_few(p, name)


def _refuse(resamples: int | None, level: float) -> None:
    if not 0.5 <= level <= 0.999:
        raise InvalidInput(f"level {level}", expected="0.5 to 0.999, as 0.95")
    if resamples is not None and resamples < FEWEST:
        raise InvalidInput(f"{resamples} resamples", expected=f"at least {FEWEST}")


def _refuse_unlike(first: Predictions, second: Predictions) -> None:
    if len(first) != len(second):
        raise InvalidInput(f"{len(first):,} rows of one model, {len(second):,} of the other", expected="the same rows")
    if not np.array_equal(first.truth, second.truth):
        differ = int((first.truth != second.truth).sum())
        raise InvalidInput(f"the truth differs in {differ:,} of {len(first):,} rows", expected="the same rows")
    if first.task != second.task:
        raise InvalidInput(f"one model's task is {first.task}, the other's {second.task}", expected="the same task")
    if first.task == "binary" and first.labels[1:] != second.labels[1:]:
        what = f"the positive class of one model is {first.labels[-1]!r}, of the other {second.labels[-1]!r}"
        raise InvalidInput(what, expected="the same classes in the same order")


def _same(first: Predictions, second: Predictions) -> bool:
    a, b = first.probability, second.probability
    if first.labels != second.labels or not np.array_equal(first.predicted, second.predicted):
        return False
    return a is b if a is None or b is None else np.array_equal(a, b)
