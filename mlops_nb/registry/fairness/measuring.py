"""The measures over groups: values as fairlearn defines them, intervals that allow for chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlops_nb.adapters import fairlearn_metrics
from mlops_nb.registry.evaluating.bootstrap import enough
from mlops_nb.registry.evaluating.edges import FEWEST_OF_A_CLASS
from mlops_nb.registry.evaluating.predictions import Values
from mlops_nb.registry.fairness.grouping import Members
from mlops_nb.registry.fairness.judging import judged
from mlops_nb.registry.fairness.model import Group, Grouped, Judging, Measure
from mlops_nb.registry.fairness.simultaneous import furthest, log_shares, logs, means, shares
from mlops_nb.registry.fairness.tallying import counts, described

Ends = tuple[float, float]


def measured(found: Members, judging: Judging, seed: int) -> Grouped:
    """The groups of one column, and what sets them apart.

    Raises:
        MissingExtra: fairlearn is not installed.
    """
    groups = described(found, judging, seed)
    kinds = {"binary": _parity, "multiclass": _accuracy, "regression": _errors}
    measures = tuple(kinds[found.p.task](_Groups(found, groups), judging, seed))
    return Grouped(found.column, len(found.p), found.of, groups, measures, found.more)


class _Groups:
    """Groups that can be judged (`able`), and those that should be and can't (`unable`, with why)."""

    def __init__(self, found: Members, groups: Sequence[Group], both_classes: bool = False) -> None:
        self.found, self.groups = found, groups
        asked = [one for one in groups if not one.left_out]
        few = {one.name: one.why for one in asked if one.why}
        if both_classes:
            tally = counts(found.p, [found.rows[one.name] for one in asked])
            lacking = np.minimum(tally.positive, tally.negative) < FEWEST_OF_A_CLASS
            why = f"fewer than {FEWEST_OF_A_CLASS} rows of a class"
            few = {one.name: why for one, lacks in zip(asked, lacking, strict=True) if lacks} | few
        self.able = [one.name for one in asked if one.name not in few]
        self.unable = [f"{name} ({why})" for name, why in few.items()]
        if found.more:
            self.unable.append(f"{found.more:,} groups beyond the largest {len(groups)}")

    @property
    def rows(self) -> list[Values]:
        """The rows of those that can be judged."""
        return [self.found.rows[name] for name in self.able]

    def measure(
        self, name: str, values: Sequence[Values], ends: Ends | None, threshold: float, why: str = ""
    ) -> Measure:
        """One measure over those that can be judged.

        Args:
            name: Of the measure.
            values: What is compared, `[k]` each: two groups are as far apart as in the worst of them.
            ends: Of its interval; None: there is none, and `why`.
            threshold: What it is held against.
            why: Why it can't be said.
        """
        if len(self.able) < 2:
            some = f"{len(self.able)} group{'' if len(self.able) == 1 else 's'} can be judged, two are needed"
            return judged(name, (None, None, None), threshold, n=0, between=(), unjudged=self.unable, why=some)
        widest = max(values, key=np.ptp)
        n = sum(map(len, self.rows))
        between = self.able[int(widest.argmin())], self.able[int(widest.argmax())]
        whole: tuple[float | None, float | None, float | None] = (None, None, None)
        if ends is not None:
            value = self._value(name, values)
            whole = (value, min(ends[0], value), max(ends[1], value))
        return judged(name, whole, threshold, n=n, between=between, unjudged=self.unable, why=why)

    def _value(self, name: str, values: Sequence[Values]) -> float:
        """A measure as fairlearn defines it."""
        if self.found.p.task == "binary":
            return fairlearn_metrics.parity(self.able, counts(self.found.p, self.rows).cells, name)
        return fairlearn_metrics.apart(self.able, values[0], name.rpartition("_")[2])


def _parity(groups: _Groups, judging: Judging, seed: int) -> Iterator[Measure]:
    tally = counts(groups.found.p, groups.rows)
    selected, n = tally.hits["selection_rate"], tally.n
    known = len(groups.able) > 1 and bool(selected.any())
    ratio = _ratio(furthest([log_shares(selected, n, seed)])) if known else None
    apart = furthest([shares(selected, n, seed)]) if known else None
    # A model that selects nobody treats all alike, and that is not what is asked.
    why = "" if known else "nobody was selected"
    yield groups.measure("demographic_parity_ratio", [selected / n], ratio, judging.ratio, why)
    yield groups.measure("demographic_parity_difference", [selected / n], apart, judging.within, why)
    yield _odds(_Groups(groups.found, groups.groups, both_classes=True), judging, seed)


def _odds(groups: _Groups, judging: Judging, seed: int) -> Measure:
    tally = counts(groups.found.p, groups.rows)
    names = ("true_positive_rate", "false_positive_rate")
    pairs = [(tally.hits[name], tally.rows(name)) for name in names]
    several = [shares(hits, rows, seed + place) for place, (hits, rows) in enumerate(pairs)]
    ends = furthest(several) if len(groups.able) > 1 else None
    return groups.measure("equalized_odds_difference", [hits / rows for hits, rows in pairs], ends, judging.within)


def _accuracy(groups: _Groups, judging: Judging, seed: int) -> Iterator[Measure]:
    tally = counts(groups.found.p, groups.rows)
    right = tally.hits["accuracy"]
    ends = furthest([shares(right, tally.n, seed)]) if len(groups.able) > 1 else None
    yield groups.measure("accuracy_difference", [right / tally.n], ends, judging.within)


def _errors(groups: _Groups, judging: Judging, seed: int) -> Iterator[Measure]:
    p = groups.found.p
    error, times = p.predicted - p.truth, enough(len(p))
    threshold = judging.within * float(np.abs(error).mean())
    if len(groups.able) < 2:
        yield groups.measure("mean_absolute_error_ratio", [], None, judging.ratio)
        yield groups.measure("mean_error_difference", [], None, threshold)
        return
    absolute = means([np.abs(error[rows]) for rows in groups.rows], seed, times)
    signed = means([error[rows] for rows in groups.rows], seed, times)
    exact = bool((absolute.value <= 0).any())
    ratio = None if exact else _ratio(furthest([logs(absolute)]))
    why = "a group without any error" if exact else ""
    yield groups.measure("mean_absolute_error_ratio", [absolute.value], ratio, judging.ratio, why)
    yield groups.measure("mean_error_difference", [signed.value], furthest([signed]), threshold)


def _ratio(ends: Ends) -> Ends:
    """The interval of the smallest ratio, from that of the largest difference of logarithms."""
    return float(np.exp(-ends[1])), float(np.exp(-ends[0]))
