"""What is so of each group by itself: rows, shares with intervals, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mlops_nb.adapters import fairlearn_metrics
from mlops_nb.registry.evaluating.bootstrap import enough
from mlops_nb.registry.evaluating.predictions import Predictions, Values
from mlops_nb.registry.evaluating.resampling import score
from mlops_nb.registry.fairness.grouping import Members
from mlops_nb.registry.fairness.model import Group, GroupMetric, Judging

_OF = {"selection_rate": "n", "true_positive_rate": "positive", "false_positive_rate": "negative", "accuracy": "n"}
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, eq=False)
class Counts:
    """Rows of k groups, `[k]` each.

    Attributes:
        n: All of them.
        positive: The positive ones, and `negative` the others.
        hits: By metric, how many are what it counts: said to be positive, rightly so, wrongly so, or right.
    """

    n: Values
    positive: Values
    negative: Values
    hits: dict[str, Values]

    @property
    def cells(self) -> Values:
        """Positive and said so, positive and not, not positive and said so, neither: `[k, 4]`."""
        right, false = self.hits["true_positive_rate"], self.hits["false_positive_rate"]
        return np.column_stack([right, self.positive - right, false, self.negative - false])

    def rows(self, metric: str) -> Values:
        """The rows that a metric is about."""
        found: Values = getattr(self, _OF[metric])
        return found


def counts(p: Predictions, groups: Sequence[Values]) -> Counts:
    """How many rows of each group are what, from the rows of each; of a classification."""
    truth, said = p.truth_code == 1, p.predicted_code == 1
    right = p.truth_code == p.predicted_code

    def of(rows: Values) -> list[int]:
        so, told = truth[rows], said[rows]
        return [len(rows), *map(int, (so.sum(), told.sum(), (so & told).sum(), (~so & told).sum(), right[rows].sum()))]

    n, positive, *hits = np.array([of(rows) for rows in groups], np.float64).reshape(-1, 6).T
    return Counts(n, positive, n - positive, dict(zip(_OF, hits, strict=True)))


def described(found: Members, judging: Judging, seed: int) -> tuple[Group, ...]:
    """Each group, its metrics, and why it can't be judged.

    Raises:
        MissingExtra: fairlearn is not installed.
    """
    by = _errors(found, seed) if found.p.task == "regression" else _rates(found)
    made = []
    for name, rows in found.rows.items():
        n, share = len(rows), len(rows) / len(found.p)
        why = f"{n:,} {'row' if n == 1 else 'rows'}, at least {judging.least:,} are needed" if n < judging.least else ""
        made.append(Group(name, n, share, by[name], why, share < judging.share))
    return tuple(made)


def _rates(found: Members) -> dict[str, tuple[GroupMetric, ...]]:
    tally, groups = counts(found.p, list(found.rows.values())), list(found.rows)
    if found.p.task == "multiclass":
        values = {"accuracy": (tally.hits["accuracy"] / tally.n).tolist()}
    else:
        values = fairlearn_metrics.rates(groups, tally.cells)
    return {
        group: tuple(_rate(name, values[name][place], tally, place) for name in values)
        for place, group in enumerate(groups)
    }


def _rate(name: str, value: float, tally: Counts, place: int) -> GroupMetric:
    n = int(tally.rows(name)[place])
    if not n:
        return GroupMetric(name, None, None, None, 0, f"no {_OF[name]} row")
    low, high = wilson(tally.hits[name][place], n)
    return GroupMetric(name, value, min(low, value), max(high, value), n)


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): right also where it is 0 or 1, and a bootstrap has no width."""
    share, more = hits / n, _Z**2 / n
    centre = (share + more / 2) / (1 + more)
    width = np.sqrt(share * (1 - share) * more + more**2 / 4) / (1 + more)
    return max(0.0, float(centre - width)), min(1.0, float(centre + width))


def _errors(found: Members, seed: int) -> dict[str, tuple[GroupMetric, ...]]:
    times, made = enough(len(found.p)), {}
    for group, rows in found.rows.items():
        both = score(found.p.take(rows), seed=seed, names=("mae", "bias"), resamples=times)
        made[group] = tuple(
            GroupMetric(name, one.value, one.low, one.high, len(rows), one.why)
            for name, one in zip(("mean_absolute_error", "mean_error"), both, strict=True)
        )
    return made
