"""The HTML of the page of one model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.registry.framing.model import Decision
from mlops_nb.registry.gates.model import Policy
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, number, short, when

if TYPE_CHECKING:
    from mlops_nb.pages.model_page.view import ModelAddress, ModelFound, VersionFacts

_HEAD = ("version", "stands", "how good it is", "what it is", "registered")


def missing(refused: bool) -> str:
    """There is no such model, or none at all."""
    said = "" if refused else "There is no model yet."
    return markup.heading("Model", said) + f"<p>{markup.link('All models', 'registry')}</p>"


def body(address: ModelAddress, found: ModelFound, typed: str, zone: str, *, may_write: bool) -> str:
    """The whole page."""
    above = f'<p class="muted">{markup.link("Registry", "registry")}</p>'
    tools = _links(found) + (_back(found) if may_write else "")
    head = markup.heading(escape(found.name), _lead(found), cell=typed, csv=True, above=above, tools=tools)
    parts = [head, _moment(address, found, zone), _aliases(found), _versions(address, found)]
    parts += [_policies(found.policies, found.name) if found.at_us is None else "", _moves(address, found)]
    return "".join(parts) + _decisions(found)


def _lead(found: ModelFound) -> str:
    """What is in production, since when, who let it in, on what evidence, and why."""
    champion, then = found.champion, found.at_us is not None
    at = f"On {escape(when(found.at_us))} " if then else ""
    if champion is None:
        return f"{at}{'nothing' if then else 'Nothing'} {'was' if then else 'is'} in production."
    stage, since = markup.stage(champion.stage, champion.mark), escape(cells.since(champion.since_us))
    moved = found.entered
    stood = f"{at}{cells.version(champion.ref)} {'was' if then else 'is'} in {stage} since {since}"
    if moved is None:
        return f"{stood}."
    how = cells.how(moved)
    how = f" ({how})" if how else ""
    why = f": “{escape(cut(champion.reason, 240))}”" if champion.reason else ""
    return f"{stood}. {cells.person(champion.actor)} moved it there{how}{why}."


def _links(found: ModelFound) -> str:
    named = {"model": found.name}
    return markup.link("Canvas", f"canvas?{urlencode(named)}", kind="button") + markup.link(
        "Audit", f"audit?{urlencode({'about': found.name})}", kind="button"
    )


def _back(found: ModelFound) -> str:
    """The way back, with what it does in plain words."""
    champion = found.champion
    if not found.back or champion is None or found.at_us is not None:
        return ""
    to = f"{found.name}/{found.back}"
    says = f"{to} goes back into production, {champion.ref} is archived in the same step. No gate is asked."
    form = (
        f'<form data-do="rollback"><p>{escape(says)}</p><label for="back-why">Why</label>'
        f'<textarea id="back-why" name="reason" rows="2" maxlength="10000" required></textarea>'
        f'<input type="hidden" name="to" value="{found.back}">'
        f'<p><button type="submit">Put {escape(to)} back</button></p></form>'
    )
    return markup.menu("Roll back", form, f"rollback{champion.version}")


def _moment(address: ModelAddress, found: ModelFound, zone: str) -> str:
    """A field for "what was in production on 3 May at 14:00"."""
    if markup.still():
        return f'<p class="muted">As of {escape(when(found.at_us))} ({escape(zone)}).</p>' if found.at_us else ""
    value = ""
    if found.at_us is not None:
        moment = datetime.fromtimestamp(found.at_us // 1_000_000, UTC).astimezone(ZoneInfo(zone))
        value = moment.strftime("%Y-%m-%dT%H:%M:%S")
    now = markup.link("Now", replace(address, at="", before=0, moves=0).link(), here=True, kind="button")
    return (
        f'<form class="filter" method="get" action="{markup.href("model")}" data-key="moment">'
        f"{markup.hidden({'model': found.name})}"
        f'<label for="at">What was in production on</label><input id="at" type="datetime-local" name="at" step="1" '
        f'min="1970-01-02T00:00" max="9999-12-30T00:00" required value="{value}">'
        f'<button type="submit">Show</button>{now if value else ""}<span class="muted">in {escape(zone)}</span></form>'
    )


def _aliases(found: ModelFound) -> str:
    if not found.aliases:
        return ""
    names = "".join(
        f'<span class="chip">{escape(f"@{alias}")} → {cells.version(f"{found.name}/{number}")}</span>'
        for alias, number in found.aliases.items()
    )
    return f'<div class="chips" data-key="aliases"><span class="muted">Aliases</span>{names}</div>'


def _versions(address: ModelAddress, found: ModelFound) -> str:
    title = f"<h2>{'Versions' if found.at_us is None else 'Versions at that moment'}</h2>{_target(found)}"
    if not found.versions:
        said = "No version was registered yet." if found.at_us is None else "No version was registered by then."
        return f'{title}<p class="muted">{said}</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    listed = markup.table(head, (_version(one) for one in found.versions), "Versions")
    first = replace(address, before=0).link() if address.before else ""
    following = replace(address, before=found.more).link() if found.more else ""
    said = f"{len(found.versions)} versions" if first or following else ""
    return title + listed + cells.pager(said, first, following)


def _target(found: ModelFound) -> str:
    """What the canvas asks for, said once above all versions."""
    wanted = found.canvas.success if found.canvas is not None else None
    if wanted is None:
        return ""
    way = "at least" if wanted.higher_is_better else "at most"
    asked = f"{escape(wanted.metric)} {way} {number(wanted.target)}"
    return f'<p class="muted">The canvas asks for {asked}, with its whole 95 % interval.</p>'


def _version(one: VersionFacts) -> str:
    stood, ready = one.stood, one.ready
    aliases = _below(escape(", ".join(f"@{name}" for name in stood.aliases)))
    since = _below(f"since {escape(when(stood.since_us))}") if stood.since_us else ""
    stands = f"<td>{cells.stands(stood)}{since}</td>"
    if ready is None:
        rest = '<td class="muted" colspan="3">it is in the trash now</td>'
        return f'<tr data-key="v{stood.version}"><td>{escape(stood.ref)}{aliases}</td>{stands}{rest}</tr>'
    version = ready.version
    pickle = " " + markup.sign("▲ pickle", "warn") if version.pickled else ""
    made = f"{escape(cut(version.estimator, 60))}{pickle}{_below(escape(cut(version.note, 160)))}"
    by = f"{escape(when(version.created_us))}{_below(f'by {cells.who(version.actor, version.verified)}')}"
    return (
        f'<tr data-key="v{stood.version}"><td>{cells.version(stood.ref)}{aliases}</td>{stands}'
        f'<td class="full">{cells.scored(ready)}</td><td class="wrap">{made}</td><td>{by}</td></tr>'
    )


def _below(words: str) -> str:
    return f'<div class="muted">{words}</div>' if words else ""


def _policies(policies: tuple[Policy, ...], name: str) -> str:
    """The gates before each stage."""
    title = "<h2>What is good enough</h2>"
    if not policies:
        fix = f"%gates define {markup.word(name)} production --usual"
        said = markup.sign("▲ ungated:", "warn") + " no gates stand before any stage of this model."
        return f"{title}<p>{said} {markup.copier(f'Copy: {fix}', fix)}</p>"
    cards = "".join(_policy(one) for one in policies)
    return f'{title}<div class="cards">{cards}</div>'


def _policy(one: Policy) -> str:
    gates = "".join(f"<li><code>{escape(gate)}</code></li>" for gate in one.gates)
    made = f"revision {one.revision}, {escape(when(one.created_us))} by {cells.who(one.actor, one.verified)}"
    return (
        f'<div class="card" data-key="p{one.stage}"><h3>Into {escape(one.stage)}</h3><ul>{gates}</ul>'
        f'<p class="muted">{made}</p></div>'
    )


def _moves(address: ModelAddress, found: ModelFound) -> str:
    if not found.moves:
        return ""
    title = "<h2>How they came there</h2>" if found.at_us is None else "<h2>Moves until then</h2>"
    first = replace(address, moves=0).link() if address.moves else ""
    following = replace(address, moves=found.earlier).link() if found.earlier else ""
    said = f"{len(found.moves)} moves, the newest first" if first or following else ""
    return title + cells.moves(found.moves, "Moves") + cells.pager(said, first, following)


def _decisions(found: ModelFound) -> str:
    if found.canvas is None or not found.canvas.design:
        return ""
    shown = "".join(_decision(one) for one in found.canvas.design)
    return f'<h2>Design decisions</h2><div class="cards">{shown}</div>'


def _decision(one: Decision) -> str:
    runs = ", ".join(
        markup.link(f'<span class="mono">{escape(short(run))}</span>', f"run?{urlencode({'run': run})}")
        for run in one.runs
    )
    told = [
        ("of", escape(cut(", ".join(one.options), 300))),
        ("why", escape(cut(one.reason, 600))),
        ("runs", runs),
        ("by", f"{escape(one.actor.removeprefix('person:'))}, {escape(when(one.at_us))}"),
    ]
    title = f"{escape(cut(one.title, 200))}: {escape(cut(one.choice, 200))}"
    return f'<div class="card"><h3>{title}</h3>{markup.facts(told)}</div>'
