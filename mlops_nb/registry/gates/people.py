"""The gate that waits for people: enough of them said yes, their names were checked, and none is the author."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.gates.approving import approvals_of, author_of, may
from mlops_nb.registry.gates.grammar import Count, Names
from mlops_nb.registry.gates.model import Judged, Verdict

if TYPE_CHECKING:
    from mlops_nb.registry.gates.asking import Asked

_ONE = Count(1)


def approval(asked: Asked, *, count: Count = _ONE, by: Names | None = None) -> Judged:
    """So many people other than the author approved this version for this stage, and nobody's last word is no.

    Only the last word of each counts, and only since the newest evaluation: what was approved must be what was seen.
    """
    version, stage = asked.version, asked.stage
    fix = f"%approve {version.ref} --stage {stage} --reason …"
    author = author_of(asked.store, version)
    if not author.known:
        return Judged("insufficient", author.why, threshold=float(count), fix=author.fix)
    said = approvals_of(asked.store, version, stage)
    rejected = [one for one in said if one.verdict == "reject"]
    if rejected:
        who = rejected[0].actor.removeprefix("person:")
        return Judged("fail", f"{who} rejected it", float(len(said)), float(count), len(said))
    seen = asked.evaluation.id if asked.evaluation is not None else None
    counted, why = 0, ""
    for one in said:
        refusal = may(asked.store, author, one.actor.removeprefix("person:"), by)
        if one.evaluation != seen:
            refusal = refusal or "it was evaluated again since"
        if refusal:
            why = f"; the word of {one.actor.removeprefix('person:')} does not count: {refusal}"
        else:
            counted += 1
    verdict: Verdict = "pass" if counted >= count else "insufficient"
    says = f"{counted} of {count} approvals{why if verdict != 'pass' else ''}"
    return Judged(verdict, says, float(counted), float(count), counted, fix=fix)
