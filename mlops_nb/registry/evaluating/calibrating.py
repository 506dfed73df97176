"""What an evaluation draws: calibration, ROC and precision-recall curves, the confusion matrix, residuals.

All of it is small (at most 101 points, 20 labels, 20 bins) and made of plain numbers and texts, so that it can be kept
as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.predictions import Predictions, Values

_POINTS = 101
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of like predicted probability: `low` to `high`, on average `predicted`, and how often it came so.

    Attributes:
        low: Smallest predicted probability.
        high: Largest.
        predicted: Their mean.
        observed: Share of rows where it came so.
        observed_low: Lower end of Wilson's interval of that share.
        observed_high: Upper end.
        n: Rows.
    """

    low: float
    high: float
    predicted: float
    observed: float
    observed_low: float
    observed_high: float
    n: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether of the rows that were called 30 % likely 30 % came so.

    Attributes:
        what: The label whose probability it is; empty with many classes: then that of the most likely label.
        bins: By rising probability, of about the same number of rows each.
        error: Expected calibration error: mean of |observed - predicted| of the bins, by rows (Naeini et al. 2015).
        n: Rows.
    """

    what: str
    bins: tuple[Bin, ...]
    error: float
    n: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve in the order of falling thresholds.

    Attributes:
        x: Rising: the false positive rate, or the recall.
        y: The true positive rate (rising), or the precision.
        threshold: Rows at or above it are called positive; None where no row is.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    threshold: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each label was taken for each: `counts[i][j]` rows are `labels[i]` and were said to be `labels[j]`.

    Attributes:
        labels: Labels as text, in the model's order; the last is '(others)' where rare ones were joined.
        counts: Rows.
        joined: How many labels were joined.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    joined: int = 0


@dataclass(frozen=True, slots=True)
class Residuals:
    """Truth minus prediction, for rows of like prediction.

    Attributes:
        low: Smallest prediction.
        high: Largest.
        predicted: Their mean.
        quantiles: Of the residuals, at 0.05, 0.25, 0.5, 0.75 and 0.95.
        n: Rows.
    """

    low: float
    high: float
    predicted: float
    quantiles: tuple[float, ...]
    n: int


def wilson(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval (1927) of a share: 0 to 1 where there are no rows."""
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    share, scale = successes / n, 1.0 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def calibration(p: Predictions, bins: int = 10, level: float = 0.95) -> Calibration:
    """Predicted probabilities held against what came.

    Args:
        p: Predictions with probabilities.
        bins: At most so many; equal probabilities stay together.
        level: Of the bins' intervals.

    Raises:
        InvalidInput: No probabilities, or no rows.
    """
    if p.task == "binary":
        chance, came, what = p.chance(1), p.truth_code == 1, str(p.labels[1]) if len(p.labels) > 1 else ""
    else:
        table = np.stack([p.chance(code) for code in range(max(1, len(p.labels)))], axis=1)
        chance, came, what = table.max(axis=1), table.argmax(axis=1) == p.truth_code, ""
    found, gap = [], 0.0
    for rows in _bins(chance, bins):
        here, n, right = chance[rows], len(rows), int(came[rows].sum())
        low, high = wilson(right, n, level)
        one = Bin(float(here.min()), float(here.max()), float(here.mean()), right / n, low, high, n)
        gap += n / len(p) * abs(one.observed - one.predicted)
        found.append(one)
    return Calibration(what, tuple(found), gap, len(p))


def _bins(values: Values, most: int) -> list[Values]:
    """Rows by rising value in parts of about the same size; equal values stay together."""
    if not len(values):
        raise InvalidInput("there are no rows", expected="at least one")
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    marks = np.linspace(0, len(values), min(most, len(values)) + 1)[1:-1].astype(np.intp)
    cuts = np.unique(np.searchsorted(ordered, ordered[marks], side="left"))
    return [rows for rows in np.split(order, cuts) if len(rows)]


def roc_points(p: Predictions) -> Curve:
    """The ROC curve of a binary task: at most 101 points, from (0, 0) to (1, 1).

    Raises:
        InvalidInput: Another task, no probabilities, or only one class in the truth.
    """
    right, wrong, threshold = _steps(p)
    x, y = np.r_[0, wrong] / wrong[-1], np.r_[0, right] / right[-1]
    at = _thinned(x, y)
    return Curve(_plain(x[at]), _plain(y[at]), _thresholds([None, *threshold.tolist()], at))


def pr_points(p: Predictions) -> Curve:
    """Precision (y) by recall (x) of a binary task: at most 101 points, from the highest threshold to recall 1.

    Raises:
        InvalidInput: Another task, no probabilities, or only one class in the truth.
    """
    right, wrong, threshold = _steps(p)
    x, y = right / right[-1], right / (right + wrong)
    at = _thinned(x, y)
    return Curve(_plain(x[at]), _plain(y[at]), _thresholds(threshold.tolist(), at))


def _steps(p: Predictions) -> tuple[Values, Values, Values]:
    """True and false positives at or above each distinct score, from the highest on."""
    if p.task != "binary":
        raise InvalidInput(f"a curve of a {p.task} task", expected="a binary task")
    score, positive = p.chance(1), p.truth_code == 1
    if not positive.any() or positive.all():
        raise InvalidInput("one class only in the truth", expected="rows of both classes")
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    last = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True])
    right = np.cumsum(positive[order])[last]
    return right.astype(np.float64), (last + 1 - right).astype(np.float64), falling[last]


def _thinned(x: Values, y: Values) -> Values:
    """Indices of at most 101 points, spread evenly along the way that the curve goes; both ends stay."""
    if len(x) <= _POINTS:
        return np.arange(len(x))
    way = np.r_[0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))]
    marks = np.linspace(0.0, way[-1], _POINTS)
    found = np.unique(np.searchsorted(way, marks, side="left"))
    return np.unique(np.r_[0, np.minimum(found, len(x) - 1)[1:-1], len(x) - 1])


def _plain(values: Values) -> tuple[float, ...]:
    return tuple(values.tolist())


def _thresholds(values: list[float | None], at: Values) -> tuple[float | None, ...]:
    return tuple(values[index] for index in at.tolist())


def confusion(p: Predictions, most: int = 20) -> Confusion:
    """The confusion matrix; beyond `most` labels the rarest are joined as '(others)'.

    Raises:
        InvalidInput: A regression.
    """
    if p.task == "regression":
        raise InvalidInput("a confusion matrix of a regression", expected="classes")
    width = len(p.labels)
    place, names, joined = np.arange(width), [str(one) for one in p.labels], 0
    if width > most:
        rows = np.bincount(p.truth_code, minlength=width) + np.bincount(p.predicted_code, minlength=width)
        kept = np.sort(np.argsort(-rows, kind="stable")[: most - 1])
        place = np.full(width, most - 1)
        place[kept] = np.arange(most - 1)
        names, joined = [*(names[code] for code in kept.tolist()), "(others)"], width - most + 1
    size = len(names)
    counts = np.bincount(place[p.truth_code] * size + place[p.predicted_code], minlength=size * size)
    return Confusion(tuple(names), tuple(map(tuple, counts.reshape(size, size).tolist())), joined)


def residual_quantiles(p: Predictions, bins: int = 10) -> tuple[Residuals, ...]:
    """Residuals of a regression by rising prediction, in parts of about the same number of rows.

    Raises:
        InvalidInput: Another task, or no rows.
    """
    if p.task != "regression":
        raise InvalidInput(f"residuals of a {p.task} task", expected="a regression")
    found = []
    for rows in _bins(p.predicted, bins):
        here = p.predicted[rows]
        quantiles = tuple(np.quantile(p.truth[rows] - here, _SHARES).tolist())
        found.append(Residuals(float(here.min()), float(here.max()), float(here.mean()), quantiles, len(rows)))
    return tuple(found)
