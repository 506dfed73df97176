"""The forms of a version: a decision for who may decide; stages, aliases and the way back for who may write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.registry.standing import GOAL, is_approval
from mlops_nb.show.page import escape
from mlops_nb.show.words import when

if TYPE_CHECKING:
    from mlops_nb.pages.version.view import VersionAddress, VersionFound
    from mlops_nb.pages.visit import Visit

_AGAINST = "Let it in although a gate keeps closed. It shows as overridden wherever it shows, with your reason."


def form(address: VersionAddress, found: VersionFound, visit: Visit) -> str:
    """Approve or reject; or who would, for whoever may not."""
    policy, version, stage = found.policy, found.version, address.stage
    if policy is None or not any(is_approval(gate) for gate in policy.gates):
        return ""
    if markup.still() or version.stage in (stage, "archived"):
        return ""
    if not found.author.known:
        way = f" {markup.copier(f'Copy: {found.author.fix}', found.author.fix)}"
        sign = markup.sign("? No approval counts yet:", "warn")
        return f'<p class="after">{sign} {escape(found.author.why)}.{way}</p>'
    if visit.person is None:
        sign_in = " " + markup.link("Sign in", "login") if visit.can_sign_in else ""
        return f'<p class="after muted">An approver who did not register it decides here, once signed in.{sign_in}</p>'
    if found.why_not:
        return f'<p class="after muted">You can\'t decide about it: {escape(found.why_not)}.</p>'
    return _decision(found, stage, visit.person.name)


def _decision(found: VersionFound, stage: str, name: str) -> str:
    ref = found.version.ref
    mine = next((one for one in found.approvals if one.actor == f"person:{name}"), None)
    said = {"approve": "approved", "reject": "rejected"}
    # With another key it is another form: what was typed into the one that was sent goes.
    latest = found.approvals[0].at_us if found.approvals else 0
    before = (
        f"<p>You {said[mine.verdict]} it on {escape(when(mine.at_us))}; another word takes its place.</p>"
        if mine
        else ""
    )
    return (
        f'<form class="card" data-do="decide" data-key="decide{latest}">'
        f"<h3>Your decision: may {escape(ref)} enter {stage}?</h3>"
        f'{before}<label for="decide-why">Why</label>'
        '<textarea id="decide-why" name="reason" rows="2" maxlength="10000" required></textarea>'
        f'<input type="hidden" name="stage" value="{stage}"><input type="hidden" name="ref" value="{escape(ref)}">'
        '<p class="chips"><button type="submit" class="main" name="verdict" value="approve">Approve</button>'
        '<button type="submit" name="verdict" value="reject">Reject</button>'
        '<span class="muted">It is on record with your name, for good.</span></p></form>'
    )


def _key(name: str, found: VersionFound) -> str:
    """A menu closes once its version has moved: with another key it is another menu."""
    return f"{name}{found.moves[0].id if found.moves else 0}"


def menus(found: VersionFound) -> str:
    """Move, pin, go back: each says in plain words what it does."""
    return _stage(found) + _back(found) + _pin(found)


def _why(key: str, *, needed: bool = True) -> str:
    return (
        f'<label for="{key}-why">Why</label><textarea id="{key}-why" name="reason" rows="2" maxlength="10000"'
        f"{' required' if needed else ''}></textarea>"
    )


def _stage(found: VersionFound) -> str:
    """Each stage that it can enter from here, with what that does."""
    version = found.version
    forms = "".join(_move(found, stage, says) for stage, says in _ways(found).items())
    return markup.menu(
        "Move", f'<p class="muted">{escape(version.ref)} is in {version.stage}.</p>{forms}', _key("move", found)
    )


def _ways(found: VersionFound) -> dict[str, str]:
    """Where it may go: the stage, and what that means."""
    version, champion = found.version, found.champion
    gates = "The gates before it are asked first."
    replaces = f" {champion.ref} is archived in the same step." if champion is not None else ""
    into = {
        "staging": f"It becomes a candidate. {gates}",
        GOAL: f"It becomes the champion.{replaces} {gates}",
        "archived": "It is taken out of use.",
        "none": "It is no candidate any more.",
    }
    allowed = {
        "none": ("staging", GOAL, "archived"),
        "staging": (GOAL, "archived", "none"),
        "archived": ("staging", GOAL),
        GOAL: ("archived",),
    }[version.stage]
    if version.stage != "staging" and found.guarded:
        allowed = tuple(stage for stage in allowed if stage != GOAL)
    return {stage: into[stage] for stage in allowed}


def _move(found: VersionFound, stage: str, says: str) -> str:
    ref = escape(found.version.ref)
    word = {"none": "Take it out of staging", "archived": "Archive it"}.get(stage, f"Move it into {stage}")
    over = (
        f'<p><label><input type="checkbox" name="override" value="yes"> {_AGAINST}</label></p>'
        if stage in ("staging", GOAL)
        else ""
    )
    return (
        f'<form data-do="stage" data-key="to-{stage}"><h3>{word}</h3><p>{escape(says)}</p>{_why(f"to-{stage}")}'
        f'<input type="hidden" name="stage" value="{stage}"><input type="hidden" name="ref" value="{ref}">'
        f'{over}<p><button type="submit">{word}</button></p></form>'
    )


def _back(found: VersionFound) -> str:
    if not found.was_champion:
        return ""
    version, champion = found.version, found.champion
    replaces = f", and {champion.ref} is archived in the same step" if champion is not None else ""
    says = f"{version.ref} was in production before. It goes back{replaces}. No gate is asked."
    inside = (
        f'<form data-do="rollback"><p>{escape(says)}</p>{_why("back")}'
        f'<input type="hidden" name="ref" value="{escape(version.ref)}">'
        '<p><button type="submit">Put it back into production</button></p></form>'
    )
    return markup.menu("Roll back to it", inside, _key("back", found))


def _pin(found: VersionFound) -> str:
    version = found.version
    name = f"{version.model}@"
    inside = (
        f'<form data-do="pin"><label>Alias, as in {escape(name)}challenger '
        '<input type="text" name="alias" required maxlength="128"></label>'
        f"<p>It leaves the version that it is at.</p>{_why('pin', needed=False)}"
        f'<input type="hidden" name="ref" value="{escape(version.ref)}">'
        '<p><button type="submit">Pin</button></p></form>'
    )
    taken = "".join(
        f"<p>{escape(f'@{alias}')} {markup.button(f'Take @{alias} away', 'unpin', alias=alias, ref=version.ref)}</p>"
        for alias in version.aliases
    )
    return markup.menu("Pin", inside + taken, _key("pin", found))
