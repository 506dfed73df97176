"""Gates that read an evaluation: thresholds, the champion, a baseline, groups. A verdict rests on the interval.

A value passes when its whole interval is on the good side, fails when the value is on the bad one, and is insufficient
between: then more rows are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.evaluating.metrics import metric as metric_of
from mlops_nb.registry.evaluating.model import among
from mlops_nb.registry.gates.grammar import Count, MetricName, Names
from mlops_nb.registry.gates.model import Judged, Verdict

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation, Sliced
    from mlops_nb.registry.evaluating.resampling import Scored
    from mlops_nb.registry.gates.asking import Asked

_SHARE = 0.02
_MINIMUM = Count(30)


def reads_evaluation(judge: Callable[..., Judged]) -> Callable[..., Judged]:
    """A gate that needs the newest evaluation: without one it can't say, and with one its answer names it."""

    @wraps(judge)
    def judged(asked: Asked, *words: Any, **options: Any) -> Judged:
        found = asked.evaluation
        if found is None:
            return Judged("insufficient", "it was not evaluated", fix=f"%evaluate {asked.version.ref} DATA")
        said = judge(asked, *words, **options)
        if not said.evidence:  # else it rests on something that rests on the evaluation
            said = replace(said, evidence=found.id, digest=found.digest)
        return replace(said, n=said.n or found.rows, dataset=found.dataset)

    return judged


@reads_evaluation
def metric(
    asked: Asked,
    name: MetricName,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    n: Count = _MINIMUM,
) -> Judged:
    """A metric of the newest evaluation reaches a threshold, with its whole interval; `n` rows at least."""
    found = _evaluation(asked)
    scored = found.scored(name)
    if at_least is not None and at_most is None:
        threshold, low_is_good = at_least, False
    elif at_most is not None and at_least is None:
        threshold, low_is_good = at_most, True
    else:
        return Judged("insufficient", "the gate names no threshold, or two", fix=f"metric {name} >= 0.75")
    if scored is None or scored.value is None or scored.low is None or scored.high is None:
        return Judged("insufficient", _why(scored, name), scored.value if scored else None, threshold)
    if found.rows < n:
        return Judged("insufficient", f"{found.rows:,} rows, at least {n:,} are needed", scored.value, threshold)
    return _held(scored, threshold, not low_is_good)


@reads_evaluation
def champion(asked: Asked, name: MetricName, *, margin: float = 0.0) -> Judged:
    """No worse than the champion by more than a margin, in the metric's own units: paired bootstrap on the same rows.

    A negative margin asks for an improvement.
    """
    from mlops_nb.registry.evaluating.reading import read_predictions
    from mlops_nb.registry.evaluating.resampling import difference

    metric_of(name, _evaluation(asked).task)
    if asked.champion is None:
        return Judged("pass", "nobody is in production to be compared with")
    theirs = asked.champion_evaluation
    if theirs is None:
        says = f"{asked.champion.ref} was not evaluated on the same data"
        return Judged("insufficient", says, threshold=-margin, fix=f"%evaluate {asked.champion.ref} DATA")
    seed = int(theirs.dataset.rpartition(":")[2][:8], 16)
    found = difference(asked.predictions[0], read_predictions(asked.store, theirs)[0], name, seed=seed)
    if found.value is None or found.low is None or found.high is None:
        return Judged("insufficient", found.why or "there is no interval", None, -margin, found.n)
    gain, low, high = _gain(found)
    verdict: Verdict = "pass" if low >= -margin else "fail" if gain < -margin else "insufficient"
    better = "better" if gain >= 0 else "worse"
    says = f"{found.name} {abs(gain):.4f} {better} than {asked.champion.ref} [{low:+.4f}, {high:+.4f}]"
    says += f", may be {margin:g} worse" if margin >= 0 else f", must be {-margin:g} better"
    fix = "evaluate both on more rows" if verdict == "insufficient" else ""
    return Judged(verdict, says, gain, -margin, found.n, low, high, fix=fix)


@reads_evaluation
def baseline(asked: Asked, name: MetricName, *, against: str = "dummy", margin: float = 0.0) -> Judged:
    """Better than a simple answer on the same rows by more than a margin: paired bootstrap, with its whole interval."""
    found = _evaluation(asked)
    simple = found.baseline(against)
    if simple is None:
        fix = f"%evaluate {asked.version.ref} DATA --baseline {against}"
        return Judged("insufficient", f"no {against} baseline was scored", fix=fix)
    gained = among(simple.gains, name, found.task)
    if gained is None or gained.value is None or gained.low is None or gained.high is None:
        return Judged("insufficient", _why(gained, name))
    gain, low, high = _gain(gained)
    verdict: Verdict = "pass" if low > margin else "fail" if gain <= margin else "insufficient"
    better = "better" if gain >= 0 else "worse"
    says = f"{gained.name} {abs(gain):.4f} {better} than the {against} baseline [{low:+.4f}, {high:+.4f}]"
    return Judged(verdict, says, gain, margin, simple.rows, low, high)


def _gain(found: Scored) -> tuple[float, float, float]:
    """By how much the first of two is better, with its interval: positive is better, whichever way the metric goes."""
    assert found.value is not None and found.low is not None and found.high is not None  # noqa: S101, PT018
    sign = 1.0 if found.higher_is_better else -1.0
    low, high = sorted((sign * found.low, sign * found.high))
    return sign * found.value, low, high


@reads_evaluation
def slices(
    asked: Asked,
    name: MetricName,
    *,
    by: Names,
    within: float = 0.05,
    share: float = _SHARE,
    n: Count = _MINIMUM,
) -> Judged:
    """In no group is a metric worse than overall by more than `within`, in the metric's own units.

    Groups below `share` of the rows are not judged, and are named; a larger one of fewer than `n` rows, or without an
    interval, can't be judged, and keeps the gate closed.
    """
    found = _evaluation(asked)
    overall = found.scored(name)
    if overall is None or overall.value is None:
        return Judged("insufficient", _why(overall, name))
    threshold = overall.value - within if overall.higher_is_better else overall.value + within
    judged: list[Judged] = []
    small: list[str] = []
    for column in by:
        sliced = found.sliced(column)
        if sliced is None:
            fix = f"%evaluate {asked.version.ref} DATA --slices {','.join(by)}"
            return Judged("insufficient", f"the evaluation has no groups by {column}", fix=fix)
        small += [f"{column}={one.group}" for one in sliced.groups if one.share < share]
        judged += _groups(sliced, overall, share, n, threshold)
    told = _worst(judged, threshold, within)
    if small:
        named = f"{len(small)} groups below {share:.0%} of the rows were not judged: {', '.join(small[:3])}"
        told = replace(told, says=f"{told.says}; {named}")
    return told


def _groups(sliced: Sliced, overall: Scored, share: float, n: int, threshold: float) -> list[Judged]:
    found = []
    for group in sliced.groups:
        if group.share < share:
            continue
        one = next((one for one in group.scored if one.name == overall.name), None)
        found.append(_group(f"{sliced.column}={group.group}", one, group.n, n, threshold))
    return found


def _group(shown: str, one: Scored | None, rows: int, n: int, threshold: float) -> Judged:
    if one is None or one.value is None or one.low is None or one.high is None or rows < n:
        why = one.why if one is not None and one.why else f"{rows} rows"
        return Judged("insufficient", f"{shown} can't be judged ({why})", threshold=threshold, n=rows)
    # A group is worse only when chance does not explain it: its better end is still on the bad side.
    worse = one.high < threshold if one.higher_is_better else one.low > threshold
    says = f"{shown} {one.name} {one.value:.4f} [{one.low:.4f}, {one.high:.4f}] of {rows:,} rows"
    return Judged("fail" if worse else "pass", says, one.value, threshold, rows, one.low, one.high)


def _worst(found: list[Judged], threshold: float, within: float) -> Judged:
    if len(found) < 2:
        return Judged("insufficient", f"{len(found)} groups are large enough, two are needed", threshold=threshold)
    for verdict in ("fail", "insufficient"):
        bad = [one for one in found if one.verdict == verdict]
        if bad:
            more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
            return replace(bad[0], says=f"{bad[0].says}{more}")
    says = f"{len(found)} groups within {within:g} of all rows, as far as chance can tell"
    return Judged("pass", says, threshold=threshold)


def _held(scored: Scored, threshold: float, at_least: bool) -> Judged:
    """A value with its interval against a threshold."""
    assert scored.value is not None and scored.low is not None and scored.high is not None  # noqa: S101, PT018
    value, low, high = scored.value, scored.low, scored.high
    if metric_of(scored.name).signed:  # −100 is no better bias than 5
        low, high = (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        value = abs(value)
    good = low >= threshold if at_least else high <= threshold
    bad = value < threshold if at_least else value > threshold
    verdict: Verdict = "pass" if good else "fail" if bad else "insufficient"
    word = "at least" if at_least else "at most"
    says = f"{scored.name} {value:.4f} [{low:.4f}, {high:.4f}], {word} {threshold:.4g}"
    if verdict == "insufficient":
        says += ": chance could explain that it is reached"
    return Judged(verdict, says, value, threshold, scored.n, low, high)


def _evaluation(asked: Asked) -> Evaluation:
    assert asked.evaluation is not None  # noqa: S101 (`reads_evaluation` has looked)
    return asked.evaluation


def _why(scored: Scored | None, name: str) -> str:
    return scored.why if scored is not None and scored.why else f"the evaluation has no {name}"
