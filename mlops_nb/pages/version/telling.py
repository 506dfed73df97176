"""Where a version stands and what is next, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.pages.standing import next_step
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.version.view import VersionFound
    from mlops_nb.registry.paging import Moved


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
    said, cell = next_step(found.ready, found.serving)
    if found.ready.waits:
        said += " You can approve it below." if may_decide else " An approver signs in and approves here, or types it."
    return said, cell
