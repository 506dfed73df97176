"""Which gates stand before a stage of a model: versioned data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound, Refused, quoted
from mlops_nb.registry import documents
from mlops_nb.registry.documents import About, Document
from mlops_nb.registry.framing.reading import success
from mlops_nb.registry.gates import own
from mlops_nb.registry.gates.grammar import bind, parse
from mlops_nb.registry.gates.model import Gate, Policy
from mlops_nb.registry.resolving import model_row
from mlops_nb.registry.stages.moving import GUARDED, known_stage
from mlops_nb.store import reasons

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

FORMAT = 1
# What every version must pass, whether there is a policy or not.
BASICS = (Gate("load", text="load"), Gate("signature", text="signature"), Gate("format", text="format"))


def usual(store: Store, name: str, stage: str) -> list[str]:
    """The gates that a model's canvas asks for: its success metric, the champion, a baseline, leakage, people.

    The champion's margin is a hundredth of the target. 100 ms is the mission's target for a request's p99.

    Raises:
        NotFound: No such model.
        Refused: Its canvas names no success metric with a target.
    """
    model, name = model_row(store, name)
    wanted = success(store, model)
    if wanted is None:
        fix = f"%canvas {quoted(name)} --set success_metric=roc_auc --set success_target=0.75"
        raise Refused(f"the canvas of {name!r} names no success metric with a target", fix=fix)
    way = ">=" if wanted.higher_is_better else "<="
    judged = [f"metric {wanted.metric} {way} {wanted.target:g}", f"baseline {wanted.metric}", "overlap"]
    if stage == "staging":
        return judged
    margin = f"champion {wanted.metric} margin={abs(wanted.target) / 100:g}"
    return [*judged, margin, "latency at_most=100ms", "risk", "card", "approval"]


def define(store: Store, name: str, stage: str, gates: Sequence[str], reason: str) -> Policy:
    """Have these gates stand before a stage from now on; the ones before stay on record.

    Raises:
        NotFound: No such model, or a gate that nobody knows.
        InvalidInput: No gate, one twice, one with options that it does not have, or a stage that none stand before.
    """
    stage = known_stage(stage)
    if stage not in GUARDED:
        raise InvalidInput(f"no gates stand before {stage}", expected=" or ".join(GUARDED))
    model, name = model_row(store, name)
    why = reasons.checked(reason, needed=False)
    parsed = [parse(text) for text in gates]
    if not parsed:
        raise InvalidInput("no gate was named", expected="lines like 'metric roc_auc >= 0.75'", fix="%gates list")
    for gate in parsed:
        bind(gate, own.find(gate.name))
    texts = [gate.text for gate in parsed]
    double = next((text for text in texts if texts.count(text) > 1), "")
    if double:
        raise InvalidInput(f"the gate {double!r} stands there twice", expected="each once")
    about = About("policy", model, name=stage)
    saved = documents.save(store, about, {"format": FORMAT, "gates": texts}, why)
    return _policy(name, saved)


def policy_of(store: Store, version: Version, stage: str) -> Policy | None:
    """The policy before a stage of a version's model, or None."""
    found = documents.latest(store, About("policy", version.model_id, name=stage))
    return None if found is None else _policy(version.model, found)


def policies(store: Store, name: str) -> list[Policy]:
    """The policies of a model as they are now.

    Raises:
        NotFound: No such model.
    """
    model, name = model_row(store, name)
    found = [documents.latest(store, About("policy", model, name=stage)) for stage in GUARDED]
    return [_policy(name, one) for one in found if one is not None]


def gates_of(policy: Policy | None) -> list[Gate]:
    """The gates to ask: what every version must pass, then the policy's."""
    asked = [parse(text) for text in policy.gates] if policy is not None else []
    named = {gate.name for gate in asked}
    return [gate for gate in BASICS if gate.name not in named] + asked


def _policy(name: str, found: Document) -> Policy:
    if found.body.get("format") != FORMAT:
        raise NotFound(f"the policy of {name!r} is in format {found.body.get('format')}", expected=f"format {FORMAT}")
    who = (found.actor, found.verified, found.created_us, found.id)
    return Policy(name, found.about.name, found.revision, tuple(found.body["gates"]), found.digest, *who)
