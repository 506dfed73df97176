"""What a difference or ratio of groups means: a verdict rests on the interval, and nobody is fair for being few."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb.registry.fairness.model import Measure
from mlops_nb.registry.gates.model import Verdict

# Convention, and said so wherever it is used: EEOC Uniform Guidelines on Employee Selection Procedures, 1978.
FOUR_FIFTHS = 0.8
MEASURES = {
    "demographic_parity_ratio": "binary",
    "demographic_parity_difference": "binary",
    "equalized_odds_difference": "binary",
    "accuracy_difference": "multiclass",
    "mean_absolute_error_ratio": "regression",
    "mean_error_difference": "regression",
}


def is_ratio(name: str) -> bool:
    """Whether more of a measure is better: of a ratio, where 1 is the best."""
    return name.endswith("_ratio")


def judged(
    name: str,
    found: tuple[float | None, float | None, float | None],
    threshold: float,
    *,
    n: int,
    between: Sequence[str],
    unjudged: Sequence[str],
    why: str = "",
) -> Measure:
    """A measure held against a threshold.

    Args:
        name: Of the measure.
        found: Its value, and the ends of its interval.
        threshold: The least ratio, or the largest difference.
        n: Rows that it rests on.
        between: The two groups that are furthest apart.
        unjudged: Groups that could not be judged by it.
        why: Why there is no value or interval.
    """
    value, low, high = found
    least, most = (threshold, None) if is_ratio(name) else (None, threshold)
    made = (name, value, low, high, n, least, most)
    verdict, says = _verdict(found, least, most, between, unjudged, why)
    return Measure(*made, verdict, says, tuple(between), tuple(unjudged))


def _verdict(
    found: tuple[float | None, float | None, float | None],
    least: float | None,
    most: float | None,
    between: Sequence[str],
    unjudged: Sequence[str],
    why: str,
) -> tuple[Verdict, str]:
    few = f"can't be judged: {', '.join(unjudged[:3])}" + (f" and {len(unjudged) - 3} more" if unjudged[3:] else "")
    value, low, high = found
    if value is None or low is None or high is None:
        return "insufficient", "; ".join(one for one in (why, few if unjudged else "") if one)
    if least is not None:
        rule = " (the four-fifths rule)" if least == FOUR_FIFTHS else ""
        good, bad, wanted = low >= least, high < least, f"at least {least:g}{rule}"
    else:
        assert most is not None  # noqa: S101 (one of the two)
        good, bad, wanted = high <= most, low > most, f"at most {most:.4g}"
    said = f"{value:.4g} [{low:.4g}, {high:.4g}], {wanted}; furthest apart {' and '.join(between)}"
    if bad:
        return "fail", said
    if unjudged:
        return "insufficient", f"{few}; the others: {said}"
    return ("pass", said) if good else ("insufficient", f"{said}: chance could explain either")
