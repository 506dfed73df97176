"""The HTML of a canvas that is being filled in: the same arrangement, with fields in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.pages import forms, markup
from mlops_nb.pages.canvas import content
from mlops_nb.registry.evaluating.metrics import METRICS
from mlops_nb.registry.framing.blocks import BY_NAME, FRAMING, TASKS, Field, typed
from mlops_nb.registry.framing.model import Canvas, Change
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.canvas.view import CanvasAddress, CanvasFound

_ROWS = {"value_proposition": 17, "monitoring": 3}
_USUAL_ROWS = 6


@dataclass(frozen=True, slots=True)
class Draft:
    """A canvas in somebody's hands.

    Attributes:
        model: Whose.
        began: The revision that the form began with.
        key: Tells this form from the next one.
        moved: Fields that somebody else saved meanwhile and that this reader changed too: saving was refused.
    """

    model: str
    began: int
    key: str
    moved: tuple[str, ...] = ()


def body(address: CanvasAddress, found: CanvasFound, draft: Draft, refusal: str) -> str:
    """The whole page.

    Args:
        address: Where it is.
        found: What is in the store now, which may be newer than what the form began with.
        draft: The form.
        refusal: Why it was not saved; empty when it was not tried.
    """
    canvas = found.canvas
    lead = "What you leave empty stays unsaid. Nothing is saved before you save it."
    head = markup.heading(content.title(canvas), lead, above='<p class="muted">being filled in</p>')
    blocks = content.grid(lambda one: _block(one, canvas))
    framing = "".join(_field(one, canvas) for one in FRAMING)
    inside = f'{blocks}{content.mention()}<h2>The problem in numbers and names</h2><div class="fields">{framing}</div>'
    form = forms.kept("save-canvas", draft.key, inside, revision=str(draft.began) if draft.began else "0")
    return f"{head}{form}{_bar(address, found, draft, refusal)}"


def _block(one: Field, canvas: Canvas) -> str:
    text = typed(canvas.fields.get(one.name))
    made = forms.area(one.name, one.title, text, asks=one.asks, rows=_ROWS.get(one.name, _USUAL_ROWS))
    return f'<div class="block" style="grid-area:{one.name}">{made}</div>'


def _field(one: Field, canvas: Canvas) -> str:
    value = typed(canvas.fields.get(one.name))
    if one.shape == "task":
        return forms.choice(
            one.name, one.title, {"": "not said", **{task: task for task in TASKS}}, value, asks=one.asks
        )
    if one.shape == "metric":
        known = {"": "not said", **{metric.name: metric.name for metric in METRICS}}
        return forms.choice(one.name, one.title, known, value, asks=one.asks)
    # A field of one line would take the line breaks away.
    if one.name == "data_needs" or "\n" in value:
        return forms.area(one.name, one.title, value, asks=one.asks, rows=2)
    return forms.line(one.name, one.title, value, asks=one.asks, number=one.shape in ("number", "cost"))


def _bar(address: CanvasAddress, found: CanvasFound, draft: Draft, refusal: str) -> str:
    """What can be done with the form, why it was not saved, and what others did meanwhile; always in sight."""
    if markup.still():
        return ""
    parts = [
        forms.send("Save canvas", draft.key),
        markup.link("Leave it", address.link(edit=False), here=True, kind="button"),
    ]
    if refusal and not draft.moved:
        parts.append(f'<span class="bad">Not saved: {escape(cut(refusal, 260))}</span>')
    since = [one for one in found.changes if one.revision > draft.began]
    if since:
        parts.append(_meanwhile(found, draft, since))
    return f'<div class="picks" data-key="bar" role="group" aria-label="Save the canvas">{"".join(parts)}</div>'


def _meanwhile(found: CanvasFound, draft: Draft, since: list[Change]) -> str:
    """What somebody else saved since the form was opened."""
    who = " and ".join(dict.fromkeys(escape(one.actor.removeprefix("person:")) for one in since))
    names = dict.fromkeys(BY_NAME[name].title for one in since for name, _, _ in one.fields)
    what = escape(", ".join(names)) or "a decision"
    now = found.canvas.revision
    if not draft.moved:
        told = f"{who} saved revision {now} meanwhile: {what}. What you don't change here stays as they saved it."
        return f'<div class="meanwhile" role="status">{told}</div>'
    theirs = markup.facts(
        (BY_NAME[name].title, content.long(typed(found.canvas.fields.get(name))) or "nothing") for name in draft.moved
    )
    over = forms.send(f"Save yours over revision {now}", draft.key, name="over", value=str(now), kind="")
    told = f'<span class="bad">Not saved:</span> {who} saved revision {now} meanwhile. There it says:'
    return f'<div class="meanwhile" role="status"><p>{told}</p>{theirs}<p>{over}</p></div>'
