"""The HTML of all canvases, and of the models that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.pages import markup, revisions
from mlops_nb.pages.registry import cells
from mlops_nb.registry.framing.blocks import BLOCKS
from mlops_nb.registry.framing.model import Canvas
from mlops_nb.show.canvas import SIGNS, goal
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, when

if TYPE_CHECKING:
    from mlops_nb.pages.canvas.view import CanvasAddress, Listed

_HEAD = ("model", "blocks", "what it predicts", "good enough at", "owner", "can it be done", "saved")
_BEGIN = (
    "A canvas says what a model is for, before there is one: what is predicted for whom, when it is good enough, "
    "and what a wrong answer costs. Gates and risk read it."
)


def body(address: CanvasAddress, found: Listed, typed: str, *, may_write: bool) -> str:
    """The whole page."""
    some = bool(found.page.items)
    head = markup.heading("Canvases", _lead(found), cell=typed, csv=some)
    if not some:
        how = "" if may_write else f"<p>In a notebook:</p><pre tabindex=0>{escape('%canvas NAME --form')}</pre>"
        return f'{head}<div class="begin"><p>{escape(_BEGIN)}</p>{how}</div>{_begin(may_write)}'
    names = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    listed = markup.table(names, (_row(address, one, may_write) for one in found.page), "Canvases")
    pager = revisions.pager(address, address.after, found.page.next_page)
    return f'{head}<div class="listed">{listed}</div>{pager}{_begin(may_write)}'


def row(one: Canvas) -> dict[str, Any]:
    """A canvas as a row of a table that is saved."""
    said = {"model": one.model, "blocks": one.filled, "of": len(BLOCKS), "revision": one.revision}
    said |= {"success": goal(one), "feasible": one.feasible, "by": one.actor, "saved": when(one.saved_us)}
    return said | {name: one.fields.get(name) for name in ("prediction_task", "owner", "contact")}


def _lead(found: Listed) -> str:
    if not found.models:
        return "There is no model and no canvas yet."
    if found.canvases == found.models:
        return "Each model has a canvas." if found.models > 1 else "The only model has a canvas."
    have = "has" if found.canvases == 1 else "have"
    none = found.models - found.canvases
    return (
        f"<strong>{found.canvases:,}</strong> of {found.models:,} models {have} a canvas. "
        f"Of {'the other' if none == 1 else f'the other {none:,}'} nobody has said what "
        f"{'it is' if none == 1 else 'they are'} for."
    )


def _begin(may_write: bool) -> str:
    """Where a canvas of a model begins that may not be there yet."""
    if not may_write or markup.still():
        return ""
    return (
        f'<form class="filter begins" method="get" action="{markup.href("canvas")}">{markup.hidden({"edit": "1"})}'
        '<label for="begin">Canvas of another model</label> <span class="combo">'
        '<input type="text" id="begin" name="model" required maxlength="128" autocomplete="off" '
        'placeholder="its name"></span><button type="submit">Begin</button></form>'
    )


def _row(address: CanvasAddress, one: Canvas, may_write: bool) -> str:
    name = markup.link(escape(one.model), address.link(model=one.model, after=""), here=True)
    if not one.revision:
        begin = (
            markup.link("Begin it", address.link(model=one.model, edit=True, after=""), here=True) if may_write else ""
        )
        said = f'<td colspan="{len(_HEAD) - 1}"><span class="muted">no canvas yet</span> {begin}</td>'
        return f"<tr><th scope=row>{name}</th>{said}</tr>"
    task = escape(cut(one.fields.get("prediction_task", ""), 110)) or '<span class="muted">not said</span>'
    target = escape(goal(one)) or '<span class="muted">not said</span>'
    owner = escape(cut(one.fields.get("owner", ""), 40)) or '<span class="muted">nobody</span>'
    saved = f"{escape(when(one.saved_us))}<div>{cells.who(one.actor, one.verified)}</div>"
    return (
        f"<tr><th scope=row>{name}</th><td>{meter(one.filled)}</td><td class=wrap>{task}</td><td>{target}</td>"
        f"<td>{owner}</td><td>{markup.sign(*SIGNS[one.feasible])}</td><td>{saved}</td></tr>"
    )


def meter(filled: int) -> str:
    """How many blocks say something, as a word and as a bar."""
    boxes = "".join(f"<i{' class=on' if i < filled else ''}></i>" for i in range(len(BLOCKS)))
    return f'{filled} of {len(BLOCKS)} <span class="meter" aria-hidden="true">{boxes}</span>'
