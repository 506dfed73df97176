"""The bootstrap: how often each row counts in each resample, and the BCa interval of what comes out.

Intervals are BCa (Efron 1987; Efron and Tibshirani 1993, chapter 14; DiCiccio and Efron 1996), with the acceleration
from a jackknife that leaves out one of 50 random groups of rows at a time, which costs 50 more resamples whatever the
number of rows. Simulated (400 trials each, level 95 %) the percentile interval of an area under the ROC curve of 0.98
with about 20 positive rows covered the truth in 80 % of trials and lay above it, where a gate looks, in 20 %; BCa had
88 % and 11 %. Of ten metrics on easy data (200 rows, 40 of them positive) BCa covered 94 to 97 %, percentiles 93 to
96 %, the basic interval 90 to 95 %. No kind helps where a few rows decide: with errors of Student's t distribution
with 4 degrees of freedom the root mean squared error of 200 rows was covered in 85 to 89 % of trials by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np

from mlops_nb.registry.evaluating.predictions import Values

FEWEST, MOST = 200, 1_000
_WORK = 20_000_000
_CHUNK = 1 << 18
_JACKKNIFE = 50


def interval(
    value: float, resampled: Values, left_out: Values, level: float
) -> tuple[float, float, str] | tuple[None, None, str]:
    """The BCa interval of a value.

    Args:
        value: From all rows.
        resampled: From each resample, `[b]`; NaN where undefined.
        left_out: From all rows but one group, `[groups]`; NaN where undefined.
        level: Of the interval, as 0.95.

    Returns:
        Lower end, upper end and an empty text; or None, None and why.
    """
    known = resampled[~np.isnan(resampled)]
    if len(known) < 0.99 * len(resampled):
        return None, None, f"undefined in {1 - len(known) / len(resampled):.0%} of resamples: no interval"
    if np.ptp(known) <= 1e-12 * max(1.0, abs(value)):
        return None, None, "every resample gives the same value: no interval"
    normal = NormalDist()
    # Ties count half, or a metric of few distinct values would be off by one of them.
    below = ((known < value).sum() + 0.5 * (known == value).sum()) / len(known)
    bias = normal.inv_cdf(float(np.clip(below, 0.5 / len(known), 1 - 0.5 / len(known))))
    push = left_out[~np.isnan(left_out)]
    push = push.mean() - push if len(push) else push
    square = float((push**2).sum())
    acceleration = float((push**3).sum()) / (6.0 * square**1.5) if square > 0 else 0.0
    ends = [bias + normal.inv_cdf((1 + side * level) / 2) for side in (-1, 1)]
    shares = [normal.cdf(bias + end / (1.0 - acceleration * end)) for end in ends]
    # Weibull's rule puts the share q at place q(b + 1): with few resamples the others are too narrow.
    low, high = np.quantile(known, shares, method="weibull").tolist()
    return min(low, value), max(high, value), ""


def spread(
    measure: Callable[[Values], dict[str, Values]], n: int, seed: int, resamples: int | None
) -> dict[str, tuple[Values, Values]]:
    """Each metric's values of the resamples, and of all rows but one group.

    Args:
        measure: From counts `[b, n]` to each metric's values `[b]`.
        n: Rows.
        seed: Of the resamples and the groups.
        resamples: How many; None: `enough`.
    """
    random = np.random.default_rng(seed)
    group = random.permutation(n) % _JACKKNIFE
    groups = min(n, _JACKKNIFE)
    without = _joined(measure((group != one[:, np.newaxis]).astype(np.float64)) for one in _chunks(groups, n))
    drawn = _joined(measure(counts) for counts in _draws(random, n, resamples or enough(n)))
    return {name: (drawn[name], without[name]) for name in drawn}


def _draws(random: np.random.Generator, n: int, resamples: int) -> Iterator[Values]:
    """How often each row counts in each resample, `[b, n]` at a time: n rows drawn with replacement."""
    for chunk in _chunks(resamples, n):
        rows = random.integers(0, n, size=(len(chunk), n), dtype=np.int32).astype(np.intp)
        rows += np.arange(len(chunk))[:, np.newaxis] * n
        yield np.bincount(rows.ravel(), minlength=len(chunk) * n).reshape(len(chunk), n).astype(np.float64)


def _chunks(times: int, n: int) -> list[Values]:
    """0 … times - 1 in parts, so that the counts of one part stay in the processor's cache."""
    size = max(1, _CHUNK // n)
    return [np.arange(start, min(start + size, times)) for start in range(0, times, size)]


def _joined(parts: Iterator[dict[str, Values]]) -> dict[str, Values]:
    found = list(parts)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def enough(n: int) -> int:
    """How many resamples of `n` rows: as many as about 2e7 rows allow, within 200 and 1,000."""
    return int(np.clip(_WORK // max(1, n), FEWEST, MOST))
