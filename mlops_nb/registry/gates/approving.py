"""A person's yes or no to a version: who may give it, and what was given.

The author of a version does not approve it. Names only tell two people apart when both were checked: an author who is
no more than the system's word (`root` of a notebook server) may be anybody, so nobody's approval counts until that
name belongs to somebody in `people` (`people add ada --system root`) or the version was registered with a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, Refused, quoted
from mlops_nb.registry.evaluating.reading import latest_evaluation
from mlops_nb.registry.gates.grammar import bind, parse
from mlops_nb.registry.gates.model import Approval, Verdict, Waiting
from mlops_nb.registry.gates.policies import policy_of
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.store import reasons
from mlops_nb.store.actor import checked, identify
from mlops_nb.store.ids import now_us
from mlops_nb.store.people import entries

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_ADD = """
INSERT INTO approval (model, number, stage, verdict, reason, evaluation, actor, verified, at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SYSTEM = "SELECT system FROM version WHERE model = ? AND number = ?"
_SAID = """
SELECT m.name, a.number, a.stage, a.verdict, coalesce(r.body, ?), a.actor, a.verified, a.at_us, a.evaluation
FROM approval a JOIN model m ON m.id = a.model LEFT JOIN reason r ON r.digest = a.reason
WHERE a.model = ? AND a.number = ? AND a.stage = ? ORDER BY a.id DESC"""
_ASKED = """
SELECT m.name, c.number, c.stage, g.gate, g.verdict, g.says, c.actor, c.at_us,
  (SELECT min(CASE o.verdict WHEN 'fail' THEN 0 WHEN 'insufficient' THEN 1 ELSE 2 END) FROM gate_result o
   WHERE o.checked = c.ulid AND o.position <> g.position)
FROM gate_check c JOIN gate_result g ON g.checked = c.ulid JOIN model m ON m.id = c.model
JOIN version v ON v.model = c.model AND v.number = c.number
LEFT JOIN placement p ON p.model = c.model AND p.number = c.number
WHERE (g.gate = 'approval' OR g.gate LIKE 'approval %') AND m.trashed_us IS NULL AND v.trashed_us IS NULL
  AND coalesce(p.stage, 'none') NOT IN ('archived', c.stage)
  AND c.ulid = (SELECT max(d.ulid) FROM gate_check d
    WHERE d.model = c.model AND d.number = c.number AND d.stage = c.stage)
ORDER BY c.at_us DESC"""
_OTHERS: tuple[Verdict, ...] = ("fail", "insufficient", "pass")


@dataclass(frozen=True, slots=True)
class Author:
    """Who registered a version: the names they go by, and whether that is known well enough to tell others apart."""

    names: frozenset[str]
    system: frozenset[str]
    known: bool
    why: str = ""
    fix: str = ""


def author_of(store: Store, version: Version) -> Author:
    """Who registered a version."""
    name = version.actor.removeprefix("person:")
    people = entries.read(store.folder)
    if version.verified:
        entry = people.get(name)
        return Author(frozenset({name}), frozenset(entry.system if entry else ()), True)
    # A name that was not checked was perhaps chosen (MLOPS_NB_ACTOR): whose process it was is not.
    found = store.query(_SYSTEM, (version.model_id, version.version))[0][0]
    system = found or (name if version.actor.startswith("person:") else "")
    owners = [person for person, entry in people.items() if system and system in entry.system]
    if owners:
        return Author(frozenset(owners), frozenset({system}), True)
    if not system:
        why = f"it was registered as {version.actor}, which is only a name: who stands behind it can't be said"
        return Author(frozenset(), frozenset(), False, why, "register with a key (MLOPS_NB_KEY)")
    why = f"that {name} registered it is only the system's word: who else is somebody else can't be said"
    fix = f"mlops-nb people add NAME --system {quoted(system)}, or register with a key"
    return Author(frozenset(), frozenset({system}), False, why, fix)


def may(store: Store, author: Author, person: str, by: Sequence[str] | None) -> str:
    """Why somebody may not decide about a version; empty when they may."""
    entry = entries.read(store.folder).get(person)
    if entry is None or entry.role != "approver":
        return f"{person} is no approver of this project"
    if person in author.names:
        return "who registered it does not approve it"
    if by and person not in by:
        return f"the policy asks for {' or '.join(by)}"
    return ""


def why_not(store: Store, version: Version, stage: str, person: str) -> str:
    """Why somebody may not decide about a version entering a stage; empty when they may."""
    return may(store, author_of(store, version), person, _by(store, version, stage))


def decide(store: Store, ref: str, stage: str, yes: bool, reason: str) -> Approval:
    """Put somebody's yes or no on record.

    Raises:
        NotFound: No such version.
        InvalidInput: No reason, or no such stage.
        Refused: The name was not checked, belongs to no approver, or is the author's.
    """
    from mlops_nb.registry.stages.moving import GUARDED, known_stage

    stage = known_stage(stage)
    if stage not in GUARDED:
        raise InvalidInput(f"nobody is asked before {stage}", expected=" or ".join(GUARDED))
    version = resolve_version(store, ref)
    why = reasons.checked(reason, needed=True)
    who = checked(store.folder, "an approval" if yes else "a rejection")
    author = author_of(store, version)
    # The same user of the system, unverified as author: a second name for one person is what this stands against.
    same = bool(who.system) and who.system in author.system and not version.verified
    refusal = may(store, author, who.person, _by(store, version, stage))
    if same and not refusal and yes:
        refusal = f"{who.system} of this system registered it, and approves under another name"
    if refusal:
        raise Refused(f"{who.person} can't decide about {version.ref}: {refusal}", fix="have another approver do it")
    seen = latest_evaluation(store, version)
    word = "approve" if yes else "reject"

    def write(connection: sqlite3.Connection) -> None:
        kept = reasons.keep(connection, why)
        about = (version.model_id, version.version, stage, word, kept, seen.id if seen else None)
        connection.execute(_ADD, (*about, who.actor, who.verified, now_us()))

    facts: dict[str, Any] = {"stage": stage, "artifact": version.artifact}
    if seen is not None:
        facts |= {"evaluation": seen.id, "evidence": seen.digest}
    store.change(write, word, version.node, why=why, **facts)
    return _said(store, version, stage)[0]


def approvals_of(store: Store, version: Version, stage: str) -> list[Approval]:
    """The last word of each person about a version entering a stage, the newest first."""
    last: dict[str, Approval] = {}
    for one in _said(store, version, stage):
        last.setdefault(one.actor, one)
    return list(last.values())


def _said(store: Store, version: Version, stage: str) -> list[Approval]:
    rows = store.query(_SAID, (reasons.ERASED, version.model_id, version.version, stage))
    return [Approval(*row) for row in rows]


def waiting(store: Store, everybody: bool) -> list[Waiting]:
    """Decisions that wait for a person, the newest first; of whoever asks, or of everybody."""
    who, found = identify(store.folder), []
    for name, number, stage, gate, verdict, says, asked_by, asked_us, others in store.query(_ASKED):
        if verdict == "pass":
            continue
        version = resolve_version(store, f"{name}/{number}")
        author = author_of(store, version)
        by = bind(parse(gate), _approval()).get("by")
        why = may(store, author, who.person, by) if who.verified else "sign in, or set MLOPS_NB_KEY"
        if not why and any(one.actor == who.actor for one in approvals_of(store, version, stage)):
            why = "you have decided already"
        worst: Verdict = "pass" if others is None else _OTHERS[others]
        if everybody or not why:
            found.append(Waiting(name, number, stage, says, worst, version.actor, asked_by, asked_us, not why, why))
    return found


def _by(store: Store, version: Version, stage: str) -> Sequence[str] | None:
    """Whom the policy asks: of several approval gates everybody; None: any approver."""
    policy = policy_of(store, version, stage)
    gates = [parse(text) for text in policy.gates] if policy is not None else []
    asked: list[Sequence[str] | None] = [bind(gate, _approval()).get("by") for gate in gates if gate.name == "approval"]
    return None if None in asked else [name for by in asked for name in by or ()] or None


def _approval() -> Any:
    from mlops_nb.registry.gates.people import approval

    return approval
