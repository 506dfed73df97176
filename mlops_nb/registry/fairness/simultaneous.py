"""How far the furthest of several groups are apart, with an interval that allows for having looked at all pairs.

The largest of many differences is above 0 by chance alone, and a bootstrap of it lies above that again: simulated, its
percentile interval among ten equal groups of 200 rows held the truth in none of 200 trials. So every pair gets an
interval, and all hold together: as many standard errors wide as the worst pair of a resample is off in 95 % of them
(a bootstrap of Tukey's studentized range; Westfall and Young 1993). The furthest pair's interval follows: the true
largest difference is nowhere below the largest lower end, nor above the largest upper end.

Simulated at level 95 % (300 trials each, 2 to 50 groups of 30 to 20,000 rows): differences of shares were covered in 93
to 99 %, ratios in 91 to 100 % (91 where groups of 30 rows had less than three hits or misses to expect), and means of
absolute errors of Student's t distribution with 5 degrees of freedom in 93 to 97 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlops_nb.registry.evaluating.bootstrap import spread
from mlops_nb.registry.evaluating.measuring import Measure
from mlops_nb.registry.evaluating.predictions import Values

RESAMPLES = 1_000
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Estimates:
    """One number for each of k groups, and how it varies; the `drawn` ones are `[b, k]`, the others `[k]`.

    Attributes:
        value: The numbers, and `error` their standard errors.
        drawn: From each resample, and `drawn_error` their standard errors there.
        true: What the resamples are drawn from.
    """

    value: Values
    error: Values
    drawn: Values
    drawn_error: Values
    true: Values


def shares(hits: Values, rows: Values, seed: int) -> Estimates:
    """The shares of hits among the rows of groups, for differences.

    Resampling the rows of a group draws its hits from a binomial distribution: no row is needed for it. One hit and one
    miss more (Agresti and Caffo 2000) keep the width right near 0 and 1, where a plain bootstrap has none.

    Args:
        hits: `[k]`.
        rows: `[k]`, at least 1.
        seed: Of the resamples.
    """

    def estimate(found: Values) -> tuple[Values, Values]:
        share = (found + 1.0) / (rows + 2.0)
        return share, np.sqrt(share * (1.0 - share) / (rows + 2.0))

    value, error = estimate(hits)
    drawn, drawn_error = estimate(_binomial(rows, value, seed))
    return Estimates(value, error, drawn, drawn_error, value)


def log_shares(hits: Values, rows: Values, seed: int) -> Estimates:
    """The logarithms of the shares, for ratios; as `shares`, with half a hit more (Walter 1975)."""

    def estimate(found: Values) -> tuple[Values, Values]:
        return np.log((found + 0.5) / (rows + 1.0)), np.sqrt(1.0 / (found + 0.5) - 1.0 / (rows + 1.0))

    value, error = estimate(hits)
    drawn, drawn_error = estimate(_binomial(rows, np.exp(value), seed))
    return Estimates(value, error, drawn, drawn_error, value)


def _binomial(rows: Values, share: Values, seed: int) -> Values:
    size = (RESAMPLES, len(rows))
    return np.random.default_rng(seed).binomial(rows.astype(np.int64), share, size=size).astype(np.float64)


def means(groups: Sequence[Values], seed: int, resamples: int) -> Estimates:
    """The means of groups of values, from resampled rows.

    Args:
        groups: The values of each group, `[n]`, at least 2.
        seed: Of the resamples.
        resamples: How many.
    """
    drawn, errors = [], []
    for place, values in enumerate(groups):
        away = values - values.mean()
        columns = np.column_stack([away, away**2])
        found = spread(_mean_and_square(columns), len(values), seed + place, resamples)
        mean, square = found["mean"][0], found["square"][0]
        drawn.append(mean + values.mean())
        errors.append(np.sqrt(np.maximum(square - mean**2, 0.0) / (len(values) - 1)))
    value = np.array([values.mean() for values in groups])
    error = np.array([values.std(ddof=1) / np.sqrt(len(values)) for values in groups])
    return Estimates(value, error, np.column_stack(drawn), np.column_stack(errors), value)


def _mean_and_square(columns: Values) -> Measure:
    def measure(counts: Values) -> dict[str, Values]:
        sums = counts @ columns / len(columns)
        return {"mean": sums[:, 0], "square": sums[:, 1]}

    return measure


def logs(found: Estimates) -> Estimates:
    """The logarithms of estimates above 0, for ratios; the errors by the delta method."""
    drawn = np.maximum(found.drawn, 1e-12 * found.value)
    return Estimates(
        np.log(found.value), found.error / found.value, np.log(drawn), found.drawn_error / drawn, np.log(found.true)
    )


def furthest(several: Sequence[Estimates]) -> tuple[float, float]:
    """The interval of the largest difference of two groups in any of several estimates; none is below 0."""
    value = np.concatenate([np.abs(_pairs(one.value[np.newaxis])[0]) for one in several])
    error = np.concatenate([_joint(one.error[np.newaxis])[0] for one in several])
    off = np.concatenate([np.abs(_pairs(one.drawn) - _pairs(one.true[np.newaxis])) for one in several], axis=1)
    drawn = np.concatenate([_joint(one.drawn_error) for one in several], axis=1)
    # A pair that does not vary is certain: it takes no part in how wide the others must be.
    worst = np.divide(off, drawn, out=np.zeros_like(off), where=drawn > 0).max(axis=1)
    width = float(np.quantile(worst, _LEVEL)) * error
    return max(0.0, float((value - width).max())), float((value + width).max())


def _pairs(values: Values) -> Values:
    """The difference of each two, `[b, k]` to `[b, k (k - 1) / 2]`."""
    first, second = np.triu_indices(values.shape[1], 1)
    found: Values = values[:, first] - values[:, second]
    return found


def _joint(errors: Values) -> Values:
    first, second = np.triu_indices(errors.shape[1], 1)
    found: Values = np.hypot(errors[:, first], errors[:, second])
    return found
