"""A version goes from stage to stage: gates first, then one transaction that moves it, its incumbent and the record.

The champion is swapped by compare-and-set on the incumbent that the gates were run against: of two promotions at once
one wins and the other is refused, and an index over `placement` holds even against whoever goes around this code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, Refused, brief, nearest, quoted
from mlops_nb.registry.resolving import STAGES, champion_of, resolve_version
from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.history import move_at
from mlops_nb.store import reasons
from mlops_nb.store.actor import Who, identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.gates.model import GateCheck
    from mlops_nb.registry.model import Version
    from mlops_nb.registry.stages.model import Transition
    from mlops_nb.store.store import Store

# From which stages each may be entered; gates stand before staging and production.
_FROM = {
    "staging": ("none", "archived"),
    "production": ("staging", "none", "archived"),
    "archived": ("none", "staging", "production"),
    "none": ("staging",),
}
GUARDED = ("staging", "production")


def move(store: Store, ref: str, stage: str, reason: str, override: bool) -> Transition:
    """Have a version enter a stage, through the gates of the model's policy.

    Raises:
        NotFound: No such version.
        InvalidInput: No such stage, no reason, or it is there already.
        Refused: A gate says no or can't say, the order of stages is not kept, or another promotion came first.
    """
    stage = known_stage(stage)
    version = one_version(store, ref)
    why = reasons.checked(reason, needed=True)
    _refuse_order(store, version, stage)
    incumbent = champion_of(store, version.model) if stage == "production" else None
    check = _checked(store, version, stage, override) if stage in GUARDED else None
    plan = Plan(version, stage, incumbent.version if incumbent else None, _how(check), why, identify(store.folder))
    if check is not None:
        plan = replace(plan, policy=check.policy, checked=check.id, evidence=check.digest)
    return replace(carry_out(store, plan), check=check)


def one_version(store: Store, ref: str) -> Version:
    """The version that a reference names expressly: a model's name alone would be whichever came last.

    Raises:
        NotFound: No such version.
        InvalidInput: Only a model was named.
    """
    version = resolve_version(store, ref)
    if "/" not in str(ref) and "@" not in str(ref):
        raise InvalidInput(f"{brief(version.model)} names no one version", expected="NAME/NUMBER", fix=version.ref)
    return version


def known_stage(stage: str) -> str:
    """`stage`, if there is one of that name.

    Raises:
        InvalidInput: Names the nearest.
    """
    word = str(stage).strip().lower()
    if word not in STAGES:
        raise InvalidInput(
            f"there is no stage {brief(stage)}", expected=", ".join(STAGES), nearest=nearest(word, STAGES)
        )
    return word


def _refuse_order(store: Store, version: Version, stage: str) -> None:
    if version.stage == stage:
        raise InvalidInput(f"{version.ref} is in {stage} already")
    if version.stage not in _FROM[stage]:
        allowed = " or ".join(_FROM[stage])
        fix = f"%rollback {quoted(version.model)}" if version.stage == "production" else ""
        raise Refused(f"{version.ref} is in {version.stage}; {stage} is entered from {allowed}", fix=fix)
    if stage != "production" or version.stage == "staging":
        return
    from mlops_nb.registry.gates.policies import policy_of

    if policy_of(store, version, "production") is not None:
        raise Refused(
            f"{version.ref} is in {version.stage}; {version.model} has a policy, so production is entered from staging",
            fix=f"%stage {quoted(version.ref)} staging --reason …",
        )


def _checked(store: Store, version: Version, stage: str, override: bool) -> GateCheck:
    from mlops_nb.registry.gates.running import check

    found = check(store, version, stage)
    if found.verdict == "pass":
        return found
    broken = [one for one in found.results if one.verdict != "pass" and not one.may_be_overridden]
    if broken or not override:
        raise Refused(
            f"{version.ref} may not enter {stage}: {found.summary(broken or None)}",
            fix=broken[0].fix if broken and broken[0].fix else found.fix(),
        )
    return found


def _how(check: GateCheck | None) -> str:
    if check is None:
        return "free"
    if check.verdict != "pass":
        return "overridden"
    return "gated" if check.policy is not None else "ungated"


@dataclass(frozen=True, slots=True)
class Plan:
    """One move that was decided: what it rests on must still hold when it is carried out.

    Attributes:
        version: As it was when it was decided; its stage then is compared.
        stage: Where to.
        incumbent: The number in production then, when the move is into production; None: nobody.
        how: See `Transition`.
        why: The reason's text.
        who: Who decided.
        policy: The revision of the policy that they were of; None: there was none.
        checked: The gate check, if gates stood before it.
        evidence: The digest of that check.
    """

    version: Version
    stage: str
    incumbent: int | None
    how: str
    why: str
    who: Who
    policy: int | None = None
    checked: str | None = None
    evidence: str = ""


def carry_out(store: Store, plan: Plan) -> Transition:
    """Move a version, archive whom it replaces, and write both into the history and the audit log; all or nothing.

    Returns:
        The move as it stands in the history.

    Raises:
        Refused: What the plan rests on does not hold any more.
    """
    version = plan.version
    facts: dict[str, object] = {"from": version.stage, "to": plan.stage, "how": plan.how}
    if plan.stage == "production":
        facts["replaced"] = plan.incumbent
    if plan.checked:
        facts |= {"checked": plan.checked, "evidence": plan.evidence}
    if plan.stage == "production" and plan.incumbent is not None:
        # By its node, so that `audit` of the version that left has this row as well.
        facts["archived"] = f"version:{version.model_id}/{plan.incumbent}"
    moved: dict[str, str] = {}

    def write(connection: sqlite3.Connection) -> int:
        at = _move(connection, plan)
        moved["at"] = moment_text(at)
        return at

    at = store.change(write, "stage", version.node, why=plan.why, **facts, added=moved)
    return replace(move_at(store, version, at), replaced=plan.incumbent or 0)


def moment_text(us: int) -> str:
    """A moment as the log has it: ISO 8601 in UTC, to the microsecond."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat(timespec="microseconds")


def _move(connection: sqlite3.Connection, plan: Plan) -> int:
    model, number = plan.version.model_id, plan.version.version
    _compare(connection, plan)
    reason = reasons.keep(connection, plan.why)
    moment: int = max(now_us(), connection.execute(queries.LAST_US, (model,)).fetchone()[0] + 1)

    def note(moved: int, before: str, after: str, how: str) -> None:
        who = (plan.who.actor, plan.who.verified, moment)
        connection.execute(queries.MOVE, (model, moved, "", before, after, how, plan.checked, reason, *who))

    if plan.stage == "production" and plan.incumbent is not None:
        connection.execute(queries.PLACE, (model, plan.incumbent, "archived", moment))
        connection.execute(queries.RELEASE, (f"stage:{model}/{plan.incumbent}",))
        note(plan.incumbent, "production", "archived", "replaced")
    if plan.stage == "none":
        connection.execute(queries.UNPLACE, (model, number))
    else:
        connection.execute(queries.PLACE, (model, number, plan.stage, moment))
    note(number, plan.version.stage, plan.stage, plan.how)
    connection.execute(queries.RELEASE, (f"stage:{model}/{number}",))
    if plan.stage in GUARDED:
        connection.execute(queries.HOLD, (f"stage:{model}/{number}", plan.version.node))
    return moment


def _compare(connection: sqlite3.Connection, plan: Plan) -> None:
    version = plan.version
    if connection.execute(queries.IN_TRASH, (version.model_id, version.version)).fetchone():
        raise Refused(f"{version.ref} is in the trash", fix=f"%restore {quoted(version.ref)}")
    row = connection.execute(queries.STAGE_OF, (version.model_id, version.version)).fetchone()
    now = row[0] if row else "none"
    if now != version.stage:
        raise Refused(
            f"{version.ref} went from {version.stage} to {now} meanwhile", fix=f"%stages {quoted(version.model)}"
        )
    if plan.checked and connection.execute(queries.POLICY, (version.model_id, plan.stage)).fetchone()[0] != plan.policy:
        raise Refused(
            f"the gates before {plan.stage} were changed meanwhile: {version.ref} was not let in",
            fix=f"%stage {quoted(version.ref)} {plan.stage} --reason … again",
        )
    if plan.stage != "production":
        return
    row = connection.execute(queries.INCUMBENT, (version.model_id,)).fetchone()
    incumbent = row[0] if row else None
    if incumbent != plan.incumbent:
        then = f"{version.model}/{plan.incumbent}" if plan.incumbent else "nobody"
        came = f"{version.model}/{incumbent} entered production" if incumbent else f"{then} left production"
        raise Refused(
            f"{came} meanwhile, and {version.ref} was judged against {then}: it was not promoted",
            fix=f"%stage {quoted(version.ref)} production --reason … again",
        )
