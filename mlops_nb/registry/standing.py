"""Where a version stands, whether it is good enough, and what to do next: what people ask of a version before all else.

Read from what is on record; nothing is measured and no gate is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.errors import quoted
from mlops_nb.registry.evaluating.reading import latest_evaluation
from mlops_nb.registry.framing.reading import success
from mlops_nb.registry.gates.policies import policy_of
from mlops_nb.registry.gates.reading import last_check, outdated
from mlops_nb.registry.resolving import champion_of

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.evaluating.resampling import Scored
    from mlops_nb.registry.framing.model import Success
    from mlops_nb.registry.gates.model import GateCheck
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

GOAL = "production"


@dataclass(frozen=True, slots=True)
class Standing:
    """A version before its next stage.

    Attributes:
        version: Which.
        evaluation: Its newest, or None.
        success: What the canvas asks for, or None.
        score: The success metric in `evaluation`, else the first of its metrics; None when it was not evaluated.
        baseline: What the simplest baseline scores in the same metric, and its name.
        reached: Whether the target is reached, by the whole interval; None: it can't be said.
        check: What the gates into production said last, or None.
        stale: Whether something that they read has changed since.
        next: What to do, in a sentence; empty when nothing is to be done.
        cell: What to type for it.
    """

    version: Version
    evaluation: Evaluation | None
    success: Success | None
    score: Scored | None
    baseline: tuple[str, float] | None
    reached: bool | None
    check: GateCheck | None
    stale: bool
    next: str
    cell: str


def standing(store: Store, version: Version) -> Standing:
    """Where a version stands."""
    found, wanted = latest_evaluation(store, version), success(store, version.model_id)
    score = _score(found, wanted)
    check = last_check(store, version, GOAL)
    stale = check is not None and outdated(store, version, check)
    told, cell = _next(store, version, found, wanted, check, stale=stale)
    reached = _reached(score, wanted)
    return Standing(version, found, wanted, score, _baseline(found, score), reached, check, stale, told, cell)


def _score(found: Evaluation | None, wanted: Success | None) -> Scored | None:
    if found is None or not found.findings.scored:
        return None
    named = next((one for one in found.findings.scored if wanted is not None and one.name == wanted.metric), None)
    return named or found.findings.scored[0]


def _baseline(found: Evaluation | None, score: Scored | None) -> tuple[str, float] | None:
    if found is None or score is None:
        return None
    for simple in found.findings.baselines:
        for one in simple.scored:
            if one.name == score.name and one.value is not None:
                return simple.name, one.value
    return None


def _reached(score: Scored | None, wanted: Success | None) -> bool | None:
    """As the gate `metric` judges: by the end of the interval that is nearer to the target."""
    if score is None or wanted is None or score.name != wanted.metric or score.value is None:
        return None
    if score.low is None or score.high is None:
        return None
    value, low, high = score.value, score.low, score.high
    if wanted.signed:
        value, low, high = abs(value), min(abs(low), abs(high)), max(abs(low), abs(high))
    if wanted.higher_is_better:
        return True if low >= wanted.target else False if value < wanted.target else None
    return True if high <= wanted.target else False if value > wanted.target else None


def _next(
    store: Store,
    version: Version,
    found: Evaluation | None,
    wanted: Success | None,
    check: GateCheck | None,
    *,
    stale: bool,
) -> tuple[str, str]:
    ref, name = quoted(version.ref), quoted(version.model)
    if version.stage == "archived":
        return "", ""
    if found is None:
        said = "It was never evaluated: nobody can say how good it is."
        return said, f"%evaluate {ref} DATA --target COLUMN"
    if wanted is None:
        said = "Nobody has said what is good enough: write the success metric and its target into the canvas."
        return said, f"%canvas {name} --set success_metric={found.findings.scored[0].name} --set success_target=…"
    if policy_of(store, version, GOAL) is None:
        return "No gates stand before production: define the usual ones.", f"%gates define {name} production --usual"
    if version.stage == GOAL:
        return "", ""
    ask = f"%gates run {ref} production"
    if check is None:
        return "Ask the gates whether it may go into production.", ask
    if stale:
        return "Something has changed since the gates were asked: ask them again.", ask
    if check.verdict == "pass":
        replaces = champion_of(store, version.model)
        instead = f" instead of {replaces.ref}" if replaces is not None else ""
        return f"All {len(check.results)} gates pass: move it into production{instead}.", (
            f"%stage {ref} production --reason …"
        )
    passed = len(check.results) - len(check.closed)
    first = check.closed[0]
    said = f"{passed} of {len(check.results)} gates into production pass. Closed is {first.gate}: {first.says}."
    if first.gate.partition(" ")[0] == "approval":
        said += f" Somebody other than {version.actor.removeprefix('person:')} decides."
    return said, first.fix or ask
