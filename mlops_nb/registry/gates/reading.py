"""What gates said before: read, never asked anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.gates.model import GateCheck, GateResult
from mlops_nb.registry.gates.policies import policy_of
from mlops_nb.registry.resolving import champion_of

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_LAST = """
SELECT c.ulid, d.revision, c.champion, c.verdict, c.digest, c.actor, c.verified, c.at_us
FROM gate_check c LEFT JOIN document d ON d.id = c.policy
WHERE c.model = ? AND c.number = ? AND c.stage = ? ORDER BY c.ulid DESC LIMIT 1"""
_RESULTS = """
SELECT gate, verdict, says, value, threshold, n, low, high, coalesce(dataset, ''), coalesce(evidence, ''),
       coalesce(digest, ''), took_us, fix FROM gate_result WHERE checked = ? ORDER BY position"""
_SINCE = """
SELECT at_us FROM approval WHERE model = ? AND number = ? AND stage = ?
UNION ALL SELECT created_us FROM evidence WHERE model = ? AND number = ? AND kind <> 'explanation'
UNION ALL SELECT created_us FROM document WHERE model = ? AND number IN (0, ?) AND kind <> 'policy'
ORDER BY 1 DESC LIMIT 1"""


def last_check(store: Store, version: Version, stage: str) -> GateCheck | None:
    """What the gates before a stage said of a version when they were asked last; None: nobody asked yet."""
    rows = store.query(_LAST, (version.model_id, version.version, stage))
    if not rows:
        return None
    identity, policy, champion, verdict, *rest = rows[0]
    about = (identity, version.model, version.version, stage, policy, champion)
    return GateCheck(*about, verdict, results_of(store, identity), *rest)


def results_of(store: Store, check: str) -> tuple[GateResult, ...]:
    """Every answer of a check, in the policy's order."""
    return tuple(GateResult(*row) for row in store.query(_RESULTS, (check,)))


def outdated(store: Store, version: Version, check: GateCheck) -> bool:
    """Whether what gates read changed since: the policy, the champion, an evaluation, a document, somebody's word."""
    policy, champion = policy_of(store, version, check.stage), champion_of(store, version.model)
    if (policy.revision if policy else None, champion.version if champion else None) != (check.policy, check.champion):
        return True
    version_ = (version.model_id, version.version)
    newest = store.query(_SINCE, (*version_, check.stage, *version_, *version_))
    return bool(newest) and int(newest[0][0]) > check.at_us
