"""What the pages about models show alike: references that lead on, people, moments, moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from mlops_nb.pages import markup
from mlops_nb.pages.standing import REACHED, score
from mlops_nb.registry.gates.model import GateCheck
from mlops_nb.registry.paging import Moved
from mlops_nb.registry.stages.model import Standing, Transition
from mlops_nb.registry.standing import Standing as Ready
from mlops_nb.show import gates, risk, stages
from mlops_nb.show.page import escape
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, number, when
from mlops_nb.store.ids import now_us

_DAY_US = 86_400_000_000
_WRAPPED = 40
_SIGNS = dict((*risk.SIGNS.values(), *gates.SIGNS.values()))
_HEAD = ("when", "what", "from", "to", "how", "by", "why")


def model(name: str, text: str = "", **more: str) -> str:
    """A model's name, which leads to its page; `text` is HTML."""
    return markup.link(text or escape(name), f"model?{urlencode({'model': name, **more})}")


def version(ref: str, text: str = "", **more: str) -> str:
    """A version's reference, which leads to its page; `text` is HTML, `more` further fields of its address."""
    return markup.link(text or escape(ref), f"version?{urlencode({'version': ref, **more})}")


def who(actor: str, verified: str) -> str:
    """Who did it, and how the name was checked; HTML."""
    if not verified:
        return f'{person(actor)} <span class="muted">(the system\'s word)</span>'
    return f"{person(actor)} {markup.sign(f'✓ {verified}', 'good')}"


def person(actor: str) -> str:
    """Who, in a sentence; a table says how the name was checked."""
    return escape(cut(actor.removeprefix("person:"), 60))


def ago(us: int) -> str:
    """How long ago: `today`, `yesterday`, `12 days ago`."""
    days = max(0, now_us() - us) // _DAY_US
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days:,} days ago"


def since(us: int | None) -> str:
    """A moment, and how long ago that is."""
    return "" if us is None else f"{when(us)} ({ago(us)})"


def verdict(word: str) -> str:
    """A verdict with its sign; `insufficient` is never told as good."""
    return markup.sign(*gates.SIGNS[word])


def counted(check: GateCheck) -> tuple[int, int]:
    """How many gates pass, of how many."""
    return sum(one.verdict == "pass" for one in check.results), len(check.results)


def judged(found: Ready | None) -> str:
    """How good a version is against its target, and what that rests on; in words also when nobody can say."""
    if found is None:
        return ""
    said, rests = score(found)
    return f'{said}<div class="muted">{rests}</div>' if said else '<span class="muted">not evaluated</span>'


def scored(found: Ready) -> str:
    """The same in one line, for a list of versions that are held against the same target."""
    one = found.score
    if one is None:
        return '<span class="muted">not evaluated</span>'
    ends = f" [{number(one.low)} – {number(one.high)}]" if one.low is not None and one.high is not None else ""
    sign = markup.sign(*REACHED[found.reached]) if found.success is not None else ""
    value = "undefined" if one.value is None else number(one.value)
    return f'{escape(one.name)} <strong>{value}</strong><span class="muted">{ends}</span> {sign}'.rstrip()


def stands(one: Standing) -> str:
    """Where a version stands or stood, with its mark; a word also for `none`."""
    return markup.stage(one.stage, one.mark) or '<span class="muted">none</span>'


def moves(found: Sequence[Moved], caption: str) -> str:
    """Moves as a table: who, when, why, and the gates that were asked, which lead to what each said."""
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    return markup.table(head, (_move(one) for one in found), caption)


def _move(one: Moved) -> str:
    move = one.move
    what = version(move.ref) if not move.alias else f"{escape(f'@{move.alias}')}"
    cells = (
        escape(when(move.at_us)),
        what,
        _end(move, move.before),
        _end(move, move.after),
        how(one),
        who(move.actor, move.verified),
    )
    shown = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr data-key="m{one.id}">{shown}<td class="wrap">{escape(cut(move.reason, 400))}</td></tr>'


def _end(move: Transition, end: str) -> str:
    if move.alias:
        return version(f"{move.model}/{end}") if end else '<span class="muted">nothing</span>'
    return markup.stage(end) or '<span class="muted">none</span>'


def how(one: Moved) -> str:
    """How a move came about, its mark, and the gates behind it."""
    move = one.move
    free = "" if move.how == "free" else escape(move.how)
    said = markup.marked(move.how) if move.how in stages.MARKS else free
    if not move.checked:
        return said
    ref = f"{move.model}/{one.judged}"
    if one.judged != move.version:
        return f"{said} by {version(ref)}"
    told = f"{one.passed} of {one.asked} gates passed"
    return f"{said}, {version(ref, told, stage=move.after, check=move.checked)}"


def listed(view: TableView, caption: str) -> str:
    """A table of `show/` as pages have them, and what stands under it."""
    columns = view.used()
    head = "".join(f'<th scope="col"{" class=num" if c.right else ""}>{escape(c.title)}</th>' for c in columns)
    rows = ("<tr>" + "".join(_cell(column, item) for column in columns) + "</tr>" for item in view.items)
    note = f'<p class="muted">{escape(view.note)}</p>' if view.note else ""
    return markup.table(head, rows, caption) + note


def _cell(column: Column, item: Any) -> str:
    text = column.cell(item)
    # A sign is coloured as pages do it: their colours are tested for contrast in both themes.
    shown = markup.sign(text, _SIGNS[text]) if text in _SIGNS else escape(text)
    look = ' class="num"' if column.right else ' class="wrap"' if len(text) > _WRAPPED else ""
    return f"<td{look}>{shown}</td>"


def pager(said: str, first: str, following: str) -> str:
    """What of how much is shown, and links on; `first` and `following` are addresses or empty."""
    links = (markup.link("First page", first, here=True, kind="button") if first else "") + (
        markup.link("Next page", following, here=True, kind="button") if following else ""
    )
    shown = "" if markup.still() else links
    return f'<div class="pager"><span role="status">{escape(said)}</span>{shown}</div>' if said or shown else ""
