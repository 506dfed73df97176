"""The HTML of the page of all models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.registry.gates.model import Waiting
from mlops_nb.registry.standing import Standing
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.registry.view import ModelFacts, RegistryAddress, RegistryFound
    from mlops_nb.store.people.entries import Person

_BEGIN = "%register NAME last"
_SHOWS = (("", "all"), ("production", "in production"), ("marked", "ungated or overridden"), ("waiting", "waiting"))
_HEAD = ("model", "in production", "how good it is", "in staging", "newest", "next")
_MOST = 8


def some(number: int, word: str, several: str = "") -> str:
    """`1 model`, `3 models`."""
    return f"{number:,} {word if number == 1 else several or word + 's'}"


def body(address: RegistryAddress, found: RegistryFound | None, typed: str, reader: Person | None) -> str:
    """The whole page."""
    if found is None:
        return markup.heading("Registry") + f"<p>{markup.link('All models', 'registry')}</p>"
    if not found.total:
        return markup.heading("Registry", "There is no model yet.") + _begin()
    head = markup.heading("Registry", _lead(found), cell=typed, csv=True)
    return head + _waiting(found.waiting, reader) + _filter(address) + _table(found) + _pager(address, found)


def _begin() -> str:
    return (
        '<div class="begin"><p>A run whose cell fitted a model becomes version 1 of a model by one line:</p>'
        f'<pre tabindex="0">{escape(_BEGIN)}</pre>{markup.copier("Copy", _BEGIN)}'
        "<p>The model appears here by itself, with what is in production, what is good enough, and what is next.</p>"
        "</div>"
    )


def _lead(found: RegistryFound) -> str:
    produced = f"{found.produced:,} of {some(found.total, 'model')} in production"
    marked = (
        f", {markup.sign(f'▲ {found.marked:,} let in', 'warn')} past the gates or without any" if found.marked else ""
    )
    count = len(found.waiting)
    mine = sum(one.mine for one in found.waiting)
    yours = f", {mine:,} of them for you" if mine else ""
    waits = f" {some(count, 'decision')} {'waits' if count == 1 else 'wait'} for a person{yours}." if count else ""
    return f"{produced}{marked}.{waits}"


def _waiting(waiting: tuple[Waiting, ...], reader: Person | None) -> str:
    """Decisions that wait: those of whoever reads first, then those of others."""
    if not waiting:
        return ""
    title = "Waits for you" if any(one.mine for one in waiting) else "Waits for an approver"
    shown = "".join(_decision(one, reader) for one in waiting[:_MOST])
    left = len(waiting) - _MOST
    more = f"<p class=muted>and {some(left, 'more decision', 'more decisions')}</p>" if left > 0 else ""
    return f'<h2>{title}</h2><div class="notice">{shown}</div>{more}'


def _decision(one: Waiting, reader: Person | None) -> str:
    others = {
        "pass": markup.sign("✓ all other gates pass", "good"),
        "fail": markup.sign("✗ another gate fails", "bad"),
        "insufficient": markup.sign("? another gate can't say", "warn"),
    }[one.others]
    wants = f"{cells.version(one.ref)} wants to enter {escape(one.stage)}: {escape(one.says)}; {others}."
    asked = f'<span class="muted">Asked {escape(cells.since(one.asked_us))}.</span>'
    if one.mine:
        decide = cells.version(one.ref, "Decide", stage=one.stage)
        return f'<p data-key="w{escape(one.ref)}{one.stage}">{wants} {asked} <strong>{decide}</strong></p>'
    why = f' <span class="muted">Not yours: {escape(one.why)}.</span>' if reader is not None and one.why else ""
    return f'<p data-key="w{escape(one.ref)}{one.stage}">{wants} {asked}{why}</p>'


def _filter(address: RegistryAddress) -> str:
    if markup.still():
        return ""
    chips = "".join(
        f'<span class="chip" aria-current="true"><strong>{word}</strong></span>'
        if address.show == show
        else markup.link(word, replace(address, show=show, after=0).link(), here=True, kind="chip")
        for show, word in _SHOWS
    )
    return (
        f'<form class="filter" method="get" action="{markup.href("registry")}">'
        f"{markup.hidden({'show': address.show})}"
        f'<span class="combo"><input type="search" name="find" value="{escape(address.find)}" maxlength="200" '
        'aria-label="Part of a model\'s name" placeholder="Part of a model\'s name"></span>'
        f'<button type="submit">Find</button></form><div class="chips" data-key="shows">{chips}</div>'
    )


def _table(found: RegistryFound) -> str:
    if not found.models:
        return '<p class="muted">No model is so.</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    return markup.table(head, (_row(one) for one in found.models), "Models")


def _row(one: ModelFacts) -> str:
    row = one.row
    shown = (
        f"<strong>{cells.model(row.name)}</strong>",
        _champion(one.champion),
        cells.judged(one.champion or one.newest),
        _staging(one),
        _newest(one),
    )
    made = "".join(f"<td{' class=wrap' if i in (1, 2) else ''}>{cell}</td>" for i, cell in enumerate(shown))
    return f'<tr data-key="{escape(row.name)}">{made}<td class="wrap">{_next(one)}</td></tr>'


def _champion(found: Standing | None) -> str:
    if found is None:
        return '<span class="muted">nothing</span>'
    version = found.version
    sign = markup.stage(version.stage, version.mark)
    return f'{cells.version(version.ref)} {sign}<div class="muted">since {escape(cells.since(version.since_us))}</div>'


def _staging(one: ModelFacts) -> str:
    links = [cells.version(f"{one.row.name}/{number}") for number in one.row.staging]
    left = one.row.staged - len(links)
    return ", ".join(links) + (f" and {left:,} more" if left else "")


def _newest(one: ModelFacts) -> str:
    if one.newest is None:
        return '<span class="muted">no version</span>'
    version = one.newest.version
    made = f'<div class="muted">{escape(cells.ago(version.created_us))}, {some(one.row.versions, "version")}</div>'
    return f"{cells.version(version.ref)}{made}"


def _next(one: ModelFacts) -> str:
    """The next step of the version on its way; of the champion when none is on its way."""
    if one.newest is None:
        return escape("Register a version of it.")
    chosen = one.candidate if one.candidate is not None and one.candidate.next else one.champion
    if chosen is None or not chosen.next:
        if one.champion is not None and one.champion.version.mark == "overridden":
            return f"{cells.version(one.champion.version.ref)}: it was let in against its gates; see why."
        return '<span class="muted">nothing is to be done</span>'
    said = escape(cut(chosen.next, 180))
    return f"{cells.version(chosen.version.ref)}: {said}"


def _pager(address: RegistryAddress, found: RegistryFound) -> str:
    shown = len(found.models)
    first, last = address.after + 1, address.after + shown
    said = f"{first:,} to {last:,} of {some(found.matching, 'model')}" if shown else ""
    begin = replace(address, after=0).link() if address.after else ""
    following = replace(address, after=last).link() if last < found.matching else ""
    return cells.pager(said, begin, following)
