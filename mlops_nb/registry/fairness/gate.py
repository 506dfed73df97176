"""The gate that asks whether a version treats groups alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.registry.fairness.judging import is_ratio, judged
from mlops_nb.registry.fairness.model import Grouped, Judging, Measure
from mlops_nb.registry.fairness.reading import fairness_of
from mlops_nb.registry.fairness.recording import compared, sensible
from mlops_nb.registry.gates.grammar import Count, FairnessMeasure, Names
from mlops_nb.registry.gates.model import Judged
from mlops_nb.registry.gates.scores import reads_evaluation

if TYPE_CHECKING:
    from mlops_nb.registry.fairness.model import Fairness
    from mlops_nb.registry.gates.asking import Asked

_LEAST = Count(30)
_ANY = FairnessMeasure("")


@reads_evaluation
def fairness(
    asked: Asked,
    measure: FairnessMeasure = _ANY,
    *,
    by: Names,
    at_least: float | None = None,
    at_most: float | None = None,
    ratio: float = 0.8,
    within: float = 0.05,
    least: Count = _LEAST,
    share: float = 0.0,
) -> Judged:
    """Groups are treated alike: each measure of `%fairness`, or the one that is named, with its whole interval.

    It reads what was found on the newest evaluation, or finds it now. `ratio` and `within` are the thresholds of ratios
    and differences; a named measure can have its own: `fairness equalized_odds_difference <= 0.1 by=carrier`. A group
    of fewer than `least` rows keeps the gate closed, unless it is below `share` of all rows: then it is named.
    """
    judging = Judging(ratio, within, least, share)
    sensible(judging)
    threshold = at_least if is_ratio(measure) else at_most
    if (at_least, at_most) != (None, None) and (not measure or threshold is None or None not in (at_least, at_most)):
        way = "at least a ratio, at most a difference"
        return Judged("insufficient", f"the threshold fits no measure: {way}", fix=_EXAMPLE)
    grouped, found = _found(asked, by, judging)
    several = [(one.column, found) for one in grouped for found in one.measures if not measure or found.name == measure]
    if not several:
        return Judged("insufficient", f"a {_task(asked)} task has no {measure}", fix=f"%fairness {asked.version.ref}")
    answers = [_judged(column, _held(one, threshold)) for column, one in several]
    told = _worst(answers)
    small = [f"{one.column}={group.name}" for one in grouped for group in one.groups if group.left_out]
    if small:
        told = replace(told, says=f"{told.says}; below {share:.0%} of the rows and not judged: {', '.join(small[:3])}")
    return told if found is None else replace(told, evidence=found.id, digest=found.digest)


_EXAMPLE = "fairness demographic_parity_ratio >= 0.8 by=COLUMN"


def _found(asked: Asked, by: Names, judging: Judging) -> tuple[list[Grouped], Fairness | None]:
    """The groups by each column, and the evidence where it says all of this already."""
    assert asked.evaluation is not None  # noqa: S101 (`reads_evaluation` has looked)
    for one in fairness_of(asked.store, asked.version):
        columns = [one.by(column) for column in by]
        if (
            one.findings.judging == judging
            and one.findings.evaluation == asked.evaluation.digest
            and None not in columns
        ):
            return [grouped for grouped in columns if grouped is not None], one
    return list(compared(asked.store, asked.evaluation, list(by), judging).columns), None


def _held(found: Measure, threshold: float | None) -> Measure:
    """A measure held against this gate's own threshold, if it has one."""
    if threshold is None or found.value is None or found.low is None:
        return found
    ends = (found.value, found.low, found.high)
    return judged(found.name, ends, threshold, n=found.n, between=found.between, unjudged=found.unjudged)


def _judged(column: str, one: Measure) -> Judged:
    threshold = one.at_least if one.at_least is not None else one.at_most
    fix = "%evaluate on more rows" if one.verdict == "insufficient" else ""
    says = f"{column}: {one.name} {one.says}"
    return Judged(one.verdict, says, one.value, threshold, one.n, one.low, one.high, fix=fix)


def _worst(answers: list[Judged]) -> Judged:
    for verdict in ("fail", "insufficient"):
        bad = [one for one in answers if one.verdict == verdict]
        if bad:
            more = f"; and {len(bad) - 1} more" if len(bad) > 1 else ""
            return replace(bad[0], says=f"{bad[0].says}{more}")
    more = f"; {len(answers) - 1} more pass" if len(answers) > 1 else ""
    return replace(answers[0], says=f"{answers[0].says}{more}")


def _task(asked: Asked) -> str:
    assert asked.evaluation is not None  # noqa: S101 (`reads_evaluation` has looked)
    return asked.evaluation.task
