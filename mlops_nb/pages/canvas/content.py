"""The HTML of one canvas as it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mlops_nb.pages import forms, markup, revisions
from mlops_nb.pages.registry import cells
from mlops_nb.pages.standing import score
from mlops_nb.registry.framing.blocks import BLOCKS, CREATOR, LINK, MENTION, asked, typed
from mlops_nb.registry.framing.model import Canvas, Change, Decision
from mlops_nb.show.canvas import SIGNS, goal
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, short, when

if TYPE_CHECKING:
    from mlops_nb.pages.canvas.view import CanvasAddress, CanvasFound

# A block that says more than this opens.
_LONG = 420
_OPTIONS = 5
_RUN = re.compile(r"\brun ([0-9A-HJKMNP-TV-Z]{10,26})\b")
_PAYOFFS = ("gain_true_positive", "cost_false_positive", "cost_false_negative", "gain_true_negative")
_WRONG = {
    "cost_false_positive": " for a false alarm",
    "cost_false_negative": " for a miss",
    "cost_per_error": " per unit it is off",
}
_RIGHT = {"gain_true_positive": " for a hit", "gain_true_negative": " for a rightful no"}
_CLASSES = ("", "binary", "classification")


def missing() -> str:
    """There is no such canvas."""
    return markup.heading("Canvas") + f"<p>{markup.link('All canvases', 'canvas')}</p>"


def body(address: CanvasAddress, found: CanvasFound, typed_: str, *, decide: str, can_sign_in: bool) -> str:
    """The whole page.

    Args:
        address: Where it is.
        found: What is shown.
        typed_: What one would type for the same.
        decide: The key of the form for a decision; empty for whoever may not write.
        can_sign_in: Whether signing in would help.
    """
    canvas = found.canvas
    edit = ""
    if decide and not markup.still():
        edit = markup.link(
            "Edit" if canvas.revision else "Fill it in", address.link(edit=True), here=True, kind="button main"
        )
    head = markup.heading(title(canvas), _lead(found), cell=typed_, csv=True, above=_state(found), tools=edit)
    ask = '<p class="muted">Sign in as an editor to change it.</p>' if can_sign_in and not markup.still() else ""
    return "".join(
        (
            head,
            _missing(canvas),
            _tiles(found),
            grid(lambda one: _block(one.title, one.asks, str(canvas.fields.get(one.name, "")), one.name)),
            mention(),
            ask,
            f'<div class="two"><section>{_framing(canvas)}</section><section>{_feasible(canvas)}</section></div>',
            _decisions(canvas, decide),
            revisions.history(found.changes, found.canvas.model, _changed),
        )
    )


def title(canvas: Canvas) -> str:
    """Whose canvas it is, as a heading."""
    return f'{cells.model(canvas.model)} <small class="muted">canvas</small>'


def _state(found: CanvasFound) -> str:
    canvas = found.canvas
    if not canvas.revision:
        there = (
            "nothing was saved yet" if found.known else "there is no model of this name yet; saving a canvas makes it"
        )
        return f'<p class="muted" data-key="state">{there}</p>'
    by = cells.who(canvas.actor, canvas.verified)
    none = "" if found.judged else ", no version yet"
    said = f"revision {canvas.revision}, {escape(when(canvas.saved_us))} by {by}{none}"
    return f'<p class="muted" data-key="state">{said}</p>'


def _lead(found: CanvasFound) -> str:
    """What it is for, and when it is good enough."""
    canvas = found.canvas
    task = escape(cut(canvas.fields.get("prediction_task", ""), 220)) or "Nobody has said what is predicted."
    target = goal(canvas)
    enough = f"It is good enough at {escape(target)}." if target else "Nobody has said what is good enough."
    return f"{task} {enough}"


def _missing(canvas: Canvas) -> str:
    """What nobody has said yet, and so can't be judged by anybody."""
    blocks = [one.title for one in BLOCKS if one.name not in canvas.fields]
    framing = [one.title for one in asked(_task(canvas)) if one.name not in canvas.fields]
    if not blocks and not framing:
        return ""
    parts = []
    if blocks:
        parts.append(
            f"{len(blocks)} of {len(BLOCKS)} blocks ({', '.join(blocks)})"
            if len(blocks) < len(BLOCKS)
            else "all ten blocks"
        )
    if framing:
        parts.append(", ".join(framing))
    return f'<div class="notice" data-key="missing"><strong>Not said yet:</strong> {escape("; ".join(parts))}.</div>'


def _tiles(found: CanvasFound) -> str:
    canvas, judged = found.canvas, found.judged
    nobody = '<span class="muted">nobody said</span>'
    if judged is not None:
        now, rests = score(judged)
        where = f"{judged.version.stage}, " if judged.version.stage != "none" else ""
        more = f"{escape(where)}{cells.version(judged.version.ref)}{f', {rests}' if rests else ''}"
        first = markup.tile("how good it is", now or '<span class="muted">never evaluated</span>', more, small=True)
    else:
        first = markup.tile("good enough at", escape(goal(canvas)) or nobody, "no version yet", small=True)
    right = _worth(canvas, _RIGHT)
    brings = f"a right one brings {right}" if right else ""
    tiles = [first, markup.tile("a wrong answer costs", _worth(canvas, _WRONG) or nobody, brings, small=True)]
    owner = escape(cut(canvas.fields.get("owner", ""), 60)) or nobody
    tiles.append(markup.tile("owner", owner, escape(cut(canvas.fields.get("contact", ""), 80)), small=True))
    tiles.append(
        markup.tile("can it be done", markup.sign(*SIGNS[canvas.feasible]), "data, labels, baseline, owner", small=True)
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _worth(canvas: Canvas, names: Mapping[str, str]) -> str:
    """What answers of a kind cost or bring, in a few words."""
    unit = escape(cut(canvas.fields.get("unit", ""), 20))
    said = [f"{escape(typed(canvas.fields[key]))} {unit}{text}" for key, text in names.items() if key in canvas.fields]
    return ", ".join(said)


def grid(block: Callable[..., str]) -> str:
    """The ten blocks in the arrangement of the canvas; a list where there is no room for it."""
    return f'<div class="canvas">{"".join(block(one) for one in BLOCKS)}</div>'


def _block(name: str, asks: str, text: str, area: str) -> str:
    said = long(text) if text else f'<span class="muted">{escape(asks)}</span>'
    look = "block" if text else "block unsaid"
    none = "" if text else '<span class="hidden">nobody said yet; it asks:</span> '
    return f'<section class="{look}" style="grid-area:{area}"><h2>{escape(name)}</h2><div>{none}{said}</div></section>'


def mention() -> str:
    """Where the blocks come from; it must stand with every canvas."""
    said = escape(f"{MENTION}, created by {CREATOR}")
    link = "ownml.co" if markup.still() else f'<a href="{LINK}" rel="noopener noreferrer" target="_blank">ownml.co</a>'
    return f'<p class="muted mention">{said}: {link}</p>'


def long(text: str) -> str:
    """A text with its line breaks; what is very long opens."""
    whole = f'<span class="words">{escape(text)}</span>'
    if len(text) <= _LONG or markup.still():
        return whole
    return f"<details><summary>{escape(cut(text, _LONG))}</summary>{whole}</details>"


def _task(canvas: Canvas) -> str:
    return str(canvas.fields.get("task", ""))


def _framing(canvas: Canvas) -> str:
    fields, unit = canvas.fields, str(canvas.fields.get("unit", ""))
    in_table = _PAYOFFS if _task(canvas) in _CLASSES else ()
    pairs = []
    for one in asked(_task(canvas)):
        if one.name in in_table:
            continue
        value = (
            long(typed(fields[one.name]))
            if one.name in fields
            else f'<span class="muted">not said: {escape(one.asks)}</span>'
        )
        pairs.append((one.title, value))
    table = _payoffs(canvas, unit) if in_table else ""
    return f"<h2>The problem in numbers and names</h2>{markup.facts(pairs)}{table}"


def _payoffs(canvas: Canvas, unit: str) -> str:
    """What each of the four outcomes costs or brings."""
    cells_ = {name: _payoff(canvas, name, unit) for name in _PAYOFFS}
    rows = (
        f"<tr><th scope=row>the model says yes</th>{cells_['gain_true_positive']}{cells_['cost_false_positive']}</tr>",
        f"<tr><th scope=row>the model says no</th>{cells_['cost_false_negative']}{cells_['gain_true_negative']}</tr>",
    )
    head = '<td></td><th scope="col">and it is so</th><th scope="col">and it is not so</th>'
    return f"<h2>What a decision costs and brings</h2>{markup.table(head, rows, 'What a decision costs and brings')}"


def _payoff(canvas: Canvas, name: str, unit: str) -> str:
    if name not in canvas.fields:
        return '<td><span class="muted">not said</span></td>'
    value = float(canvas.fields[name])
    brings = value if name.startswith("gain") else -value
    kind, sign = ("good", "+") if brings > 0 else ("bad", "−") if brings < 0 else ("muted", "")
    what = "right" if name.startswith("gain") else "wrong"
    amount = f"{sign}{escape(typed(abs(brings)))} {escape(cut(unit, 20))}"
    return f'<td><span class="{kind}">{amount}</span> <span class="muted">{what}</span></td>'


def _feasible(canvas: Canvas) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("question", "answer", "what the store says"))
    rows = (
        f"<tr><th scope=row>{escape(one.name)}</th><td>{markup.sign(*SIGNS[one.answer])}</td>"
        f"<td class=wrap>{_with_runs(one.says)}</td></tr>"
        for one in canvas.feasibility
    )
    said = "Read from the store each time this page is shown; nobody ticks a box."
    return f'<h2>Can it be done?</h2><p class="muted">{said}</p>{markup.table(head, rows, "Feasibility")}'


def _with_runs(text: str) -> str:
    """The sentence, with the runs that it names as links."""
    return _RUN.sub(lambda m: f"run {_run(m[1])}", escape(text))


def _run(ulid: str) -> str:
    return markup.link(f'<span class="mono">{escape(short(ulid))}</span>', f"run?{urlencode({'run': ulid})}")


def _decisions(canvas: Canvas, key: str) -> str:
    made = "".join(_decision(one) for one in canvas.design)
    none = "" if made else '<p class="muted">No decision about the design is on record.</p>'
    return f"<h2>Design decisions</h2>{made or none}{_decide(key)}"


def _decision(one: Decision) -> str:
    chosen = f"<li class=chosen>✓ {escape(one.choice)} <span class=muted>(chosen)</span></li>"
    options = "".join(chosen if option == one.choice else f"<li>{escape(option)}</li>" for option in one.options)
    pairs = [
        ("options", f'<ul class="options">{options}</ul>'),
        ("why", long(one.reason)),
        ("runs", ", ".join(_run(run) for run in one.runs)),
        ("by", f"{escape(one.actor.removeprefix('person:'))}, {escape(when(one.at_us))}"),
    ]
    head = f"<h3>{escape(one.title)} → {escape(one.choice)}</h3>"
    return f'<article class="card decision">{head}{markup.facts(pairs)}</article>'


def _decide(key: str) -> str:
    if not key or markup.still():
        return ""
    options = "".join(
        f'<div class="option"><input type="radio" name="choice" value="option{i}" aria-label="option {i} was chosen">'
        f'<input type="text" name="option{i}" aria-label="option {i}" placeholder="option {i}"></div>'
        for i in range(1, _OPTIONS + 1)
    )
    legend = "<legend>Options, with a mark beside the one that was chosen</legend>"
    asks = "last, best:auc or their ids, with commas between; may be empty"
    inside = (
        forms.line("title", "What is decided", asks="such as: which kind of model first", needed=True)
        + f'<fieldset class="field">{legend}{options}</fieldset>'
        + forms.area("reason", "Why", asks="for whoever asks later", rows=3, needed=True)
        + forms.line("runs", "Runs that show it", asks=asks)
        + f"<p>{forms.send('Put it on record')}</p>"
    )
    made = forms.kept("decide", key, inside)
    return f'<details class="adding" data-key="open-{key}"><summary>Record a decision</summary>{made}</details>'


def _changed(one: Change) -> str:
    titles = {field.name: field.title for field in (*BLOCKS, *asked(""))}
    lines = []
    for name, before, after in one.fields:
        was = f"{escape(cut(before, 60))} → " if before else ""
        lines.append(f"<div><strong>{escape(titles[name])}</strong> {was}{escape(cut(after, 90)) or 'emptied'}</div>")
    lines += [f"<div><strong>decided</strong> {escape(cut(title, 90))}</div>" for title in one.decisions]
    return "".join(lines)
