"""Where a version stands, whether it is good enough, and what to do next: what people ask of a version before all else.

Read from what is on record; nothing is measured and no gate is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.errors import quoted
from mlops_nb.registry.evaluating.reading import latest_evaluation
from mlops_nb.registry.framing.reading import success
from mlops_nb.registry.gates.approving import approvals_of, author_of
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

    @property
    def waits(self) -> bool:
        """Whether it waits for a person's approval, and for nothing else."""
        return self.check is not None and not self.stale and only_approval(self.check)


def standing(store: Store, version: Version) -> Standing:
    """Where a version stands."""
    found, wanted = latest_evaluation(store, version), success(store, version.model_id)
    score = _score(found, wanted)
    check = last_check(store, version, GOAL)
    stale = check is not None and outdated(store, version, check)
    told, cell = "", ""
    if version.stage != "archived":
        told, cell = _next(store, version, found, wanted)
    if not told and version.stage in ("none", "staging"):
        told, cell = _by_gates(store, version, check, stale=stale)
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


def _next(store: Store, version: Version, found: Evaluation | None, wanted: Success | None) -> tuple[str, str]:
    """What is missing before gates are asked."""
    ref, name = quoted(version.ref), quoted(version.model)
    if found is None:
        said = "It was never evaluated: nobody can say how good it is."
        return said, f"%evaluate {ref} DATA --target COLUMN"
    if wanted is None:
        said = "Nobody has said what is good enough: write the success metric and its target into the canvas."
        return said, f"%canvas {name} --set success_metric={found.findings.scored[0].name} --set success_target=…"
    if policy_of(store, version, GOAL) is None:
        return "No gates stand before production: define the usual ones.", f"%gates define {name} production --usual"
    return "", ""


def _by_gates(store: Store, version: Version, check: GateCheck | None, *, stale: bool) -> tuple[str, str]:
    """What is next by what the gates said."""
    ref, ask = quoted(version.ref), f"%gates run {quoted(version.ref)} production"
    if check is None:
        return "Ask the gates whether it may go into production.", ask
    if stale:
        people = _approved_since(store, version, check) if only_approval(check) else []
        if not people:
            return "Something has changed since the gates were asked: ask them again.", ask
        # What changed since is what was missing, and a move asks every gate again by itself.
        return _move(store, version, f"All gates but the approval passed, and {' and '.join(people)} approved since")
    asked = len(check.results)
    if not check.closed:
        return _move(store, version, f"All {asked} gates into production pass")
    passed = f"{asked - len(check.closed)} of {asked} gates into production pass"
    author = author_of(store, version)
    if only_approval(check) and author.known:
        names = " and ".join(sorted(author.names))
        return f"{passed}; an approval by somebody other than {names} is missing.", f"%approve {ref} --reason …"
    first = next((one for one in check.closed if not is_approval(one.gate)), check.closed[0])
    others = f", and {len(check.closed) - 1} more" if len(check.closed) > 1 else ""
    return f"{passed}. Closed is {first.gate}: {first.says}{others}.", first.fix or ask


def _move(store: Store, version: Version, because: str) -> tuple[str, str]:
    ref, replaced = quoted(version.ref), champion_of(store, version.model)
    if version.stage == "none":  # a model with a policy does not skip staging
        return f"{because}: move it into staging, and from there into production.", f"%stage {ref} staging --reason …"
    instead = f" instead of {replaced.ref}" if replaced is not None else ""
    return f"{because}: move it into production{instead}.", f"%stage {ref} production --reason …"


def is_approval(gate: str) -> bool:
    """Whether a gate of a policy waits for people."""
    return gate.partition(" ")[0] == "approval"


def only_approval(check: GateCheck) -> bool:
    """Whether nothing but people's word is missing."""
    return bool(check.closed) and all(is_approval(one.gate) for one in check.closed)


def _approved_since(store: Store, version: Version, check: GateCheck) -> list[str]:
    """Who approved since the gates were asked; nobody, when somebody's last word is no."""
    said = approvals_of(store, version, check.stage)
    if any(one.verdict == "reject" for one in said):
        return []
    return [one.actor.removeprefix("person:") for one in said if one.at_us > check.at_us]
