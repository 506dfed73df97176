"""Where a version stands and what is next, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import quoted
from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.pages.standing import next_step
from mlops_nb.registry.gates.model import GateCheck
from mlops_nb.registry.standing import GOAL
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.version.view import VersionFound
    from mlops_nb.registry.paging import Moved


def is_approval(gate: str) -> bool:
    """Whether a gate of a policy waits for people."""
    return gate.partition(" ")[0] == "approval"


def where(found: VersionFound) -> str:
    """Where it stands since when, by whom and why; HTML."""
    version = found.version
    move = next((one for one in found.moves if not one.move.alias), None)
    if move is None or version.stage == "none":
        return f"{escape(version.ref)} is in no stage."
    stage = markup.stage(version.stage, version.mark)
    stood = f"{escape(version.ref)} is {'in ' if version.stage != 'archived' else ''}{stage} since "
    stood += escape(cells.since(version.since_us))
    told = move.move
    why = f": “{escape(cut(told.reason, 240))}”" if told.reason else ""
    how = _how(found, move)
    return f"{stood}. {cells.person(told.actor)} {how}{why}."


def _how(found: VersionFound, moved: Moved) -> str:
    told = moved.move
    if told.how == "replaced":
        successor = f" by {cells.version(found.champion.ref)}" if found.champion is not None else ""
        return f"had it replaced{successor if found.was_champion else ''}"
    if told.how == "rollback":
        return "rolled back to it"
    if told.how == "overridden":
        passed = f"{moved.passed} of {moved.asked} passed"
        shown = cells.version(told.ref, passed, stage=told.after, check=told.checked or "")
        return f"let it in {markup.sign('▲ against the gates', 'warn')} ({shown})"
    if told.how == "ungated":
        return f"moved it there, {markup.sign('▲ judged by no policy', 'warn')}"
    return "moved it there" + (", and every gate passed" if told.how == "gated" else "")


def following(found: VersionFound, *, may_decide: bool) -> tuple[str, str]:
    """What is next, as text, and the cell to type for it; ('', '') when nothing is to be done."""
    version, ref = found.version, quoted(found.version.ref)
    check = found.ready.check
    told = next_step(found.ready, found.serving)
    if check is None or version.stage in (GOAL, "archived") or not told[0] or check.policy is None:
        return told
    closed = [one.gate for one in check.closed]
    people = [gate for gate in closed if is_approval(gate)]
    if found.ready.stale and people and people == closed and _approved_since(found, check):
        # What changed since is what was missing: a move asks every gate again by itself.
        return _move(found, f"All gates but the approval passed, and {_approvers(found)} approved since:")
    if found.ready.stale:
        return told
    if not closed:
        return _move(found, f"All {len(check.results)} gates into {GOAL} pass:")
    passed, asked = cells.counted(check)
    if people == closed:
        missing = f"an approval by somebody other than {_authors(found)} is missing"
        counted = f"{passed} of {asked} gates into {GOAL} pass; {missing}: "
        here = "you can approve it below." if may_decide else "an approver signs in and approves here, or types it."
        return counted + here, f"%approve {ref} --reason …"
    names = (
        " and ".join(", ".join(closed).rsplit(", ", 1))
        if len(closed) < 4
        else f"{', '.join(closed[:3])} and {len(closed) - 3} more"
    )
    said = f"{passed} of {asked} gates into {GOAL} pass. Closed {'is' if len(closed) == 1 else 'are'} {names}."
    first = next((one for one in check.closed if one.fix and not is_approval(one.gate)), None)
    return said, first.fix if first is not None else told[1]


def _move(found: VersionFound, because: str) -> tuple[str, str]:
    """Into production; by way of staging where that is asked for."""
    version, ref = found.version, quoted(found.version.ref)
    if version.stage != "staging":
        return f"{because} move it into staging, and from there into {GOAL}.", f"%stage {ref} staging --reason …"
    instead = f" instead of {found.champion.ref}" if found.champion is not None else ""
    return (
        f"{because} move it into {GOAL}{instead}; every gate is asked again on the way.",
        f"%stage {ref} {GOAL} --reason …",
    )


def _approved_since(found: VersionFound, check: GateCheck) -> bool:
    return bool(_yes(found, check)) and not any(one.verdict == "reject" for one in found.approvals)


def _yes(found: VersionFound, check: GateCheck) -> list[str]:
    said = found.approvals if check.stage == GOAL else ()
    return [one.actor.removeprefix("person:") for one in said if one.verdict == "approve" and one.at_us > check.at_us]


def _approvers(found: VersionFound) -> str:
    return " and ".join(_yes(found, found.ready.check)) if found.ready.check is not None else ""


def _authors(found: VersionFound) -> str:
    return " and ".join(sorted(found.author.names)) or found.version.actor.removeprefix("person:")
