"""The HTML of the risk of one version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mlops_nb.pages import markup, revisions
from mlops_nb.pages.canvas.content import long
from mlops_nb.pages.registry import cells
from mlops_nb.pages.risk import writing
from mlops_nb.registry.risks.model import LIKELIHOODS, SEVERITIES, TABLE, Amount, Change, Expected, Hazard, Risk
from mlops_nb.show.page import escape
from mlops_nb.show.risk import SIGNS, digits
from mlops_nb.show.words import cut, when

if TYPE_CHECKING:
    from mlops_nb.pages.risk.view import RiskAddress, RiskFound
    from mlops_nb.pages.risk.writing import Draft

_HEAD = ("", "what may go wrong", "likelihood", "severity", "level", "what is done about it", "left")
# What stands in brackets at the end of a sentence is what one would type.
_TYPED = re.compile(r" \((%[^)]*)\)$")


def missing() -> str:
    """There is no such version."""
    return markup.heading("Risk") + f"<p>{markup.link('All versions that have risks', 'risk')}</p>"


def body(
    address: RiskAddress, found: RiskFound, typed: str, *, key: str, who: str, draft: Draft | None, can_sign_in: bool
) -> str:
    """The whole page.

    Args:
        address: Where it is.
        found: What is shown.
        typed: What one would type for the same.
        key: What tells forms from those before them; empty for whoever may not write.
        who: The reader's name, if they may write.
        draft: The hazard that the reader is changing.
        can_sign_in: Whether signing in would help.
    """
    risk = found.risk
    stage = markup.stage(risk.stage, risk.mark)
    above = f'<p class="muted" data-key="state">{stage or "in no stage"}{_saved(found)}</p>'
    title = f'{cells.version(risk.ref)} <small class="muted">risk</small>'
    head = markup.heading(title, _lead(risk), cell=typed, csv=bool(risk.hazards), above=above)
    ask = (
        '<p class="muted">Sign in as an editor to change or accept it.</p>'
        if can_sign_in and not markup.still()
        else ""
    )
    gone = key and address.edit and draft is None
    lost = (
        '<div class="notice" data-key="lost">The hazard that was to be changed is not there any more.</div>'
        if gone
        else ""
    )
    parts = [head, lost, _tiles(found), _cost(risk)]
    parts += [writing.change(address, risk, draft)] if draft is not None and key else []
    parts += [_hazards(address, found, bool(key)), _accepted(found)]
    if key and draft is None:  # one form for a hazard at a time
        parts.append(writing.accept(risk, f"accept-{key}", who, found.author) + writing.name(f"name-{key}"))
    parts += [] if key else [ask]
    return "".join((*parts, revisions.history(found.changes, found.risk.ref, _changed)))


def _saved(found: RiskFound) -> str:
    if not found.changes:
        return ", nothing was saved for this version yet" if not found.risk.hazards else ", as it was carried over"
    last = found.changes[0]
    by = cells.who(last.actor, last.verified)
    return f", revision {last.revision}, {escape(when(last.saved_us))} by {by}"


def _lead(risk: Risk) -> str:
    """What remains, who accepts it, and what errors cost: what a manager reads."""
    return f"{_remains(risk)} {_costs(risk.expected)}"


def _remains(risk: Risk) -> str:
    if not risk.hazards:
        return "Nobody has named what may go wrong."
    count, left = len(risk.hazards), risk.residual
    worst = sum(one.residual == left for one in risk.hazards)
    all_ = "the one hazard that was named" if count == 1 else f"{worst} of {count} hazards"
    said = f"A <strong>{left}</strong> risk remains in {all_}"
    if risk.accepted is not None:
        return f"{said}; {escape(risk.accepted.actor.removeprefix('person:'))} accepts it."
    return (
        f"{said}, and {'the hazards changed since somebody accepted them' if risk.void else 'nobody has accepted it'}."
    )


def _costs(found: Expected) -> str:
    if found.cost is None:
        return f"What its errors cost can't be said: {escape(_TYPED.sub('', found.why))}."
    said = (
        f"Its errors are expected to cost <strong>{digits(found.cost.value)}{_unit(found)}</strong> per 1,000 decisions"
    )
    if found.rule is None:
        return f"{said}."
    rule = f"always answering “{escape(cut(found.answer, 30))}” would cost {digits(found.rule.value)}{_unit(found)}"
    if found.cost.high < found.rule.low:
        return f"{said}; {rule}."
    if found.cost.low > found.rule.high:
        return (
            f"{said}; {rule}, <strong>which is less</strong>: at these costs, a rule that looks at nothing does better."
        )
    return f"{said}; {rule}, which is not clearly more."


def _unit(found: Expected) -> str:
    return f" {escape(cut(found.unit, 20))}" if found.unit else ""


def _tiles(found: RiskFound) -> str:
    risk = found.risk
    left = markup.sign(*SIGNS[risk.residual]) if risk.residual else '<span class="muted">nothing named</span>'
    count = len(risk.hazards)
    tiles = [markup.tile("highest level left", left, f"{count} hazard{'' if count == 1 else 's'}", small=True)]
    if risk.accepted is not None:
        by = cells.who(risk.accepted.actor, risk.accepted.verified)
        tiles.append(markup.tile("accepted", by, escape(when(risk.accepted.at_us)), small=True))
    else:
        why = "the hazards changed since" if risk.void else "by nobody"
        tiles.append(markup.tile("accepted", markup.sign("! no", "warn"), why, small=True))
    cost = risk.expected
    if cost.cost is not None:
        tiles.append(
            markup.tile(
                "errors cost per 1,000", f"{digits(cost.cost.value)}{_unit(cost)}", _between(cost.cost), small=True
            )
        )
    if cost.net is not None:
        tiles.append(
            markup.tile("gains minus that", f"{digits(cost.net.value)}{_unit(cost)}", _between(cost.net), small=True)
        )
    if cost.rule is not None:
        name = f"always answering “{cost.answer}”"
        tiles.append(markup.tile(name, f"{digits(cost.rule.value)}{_unit(cost)}", _between(cost.rule), small=True))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _between(one: Amount) -> str:
    return f"95 %: {digits(one.low)} to {digits(one.high)}"


def _cost(risk: Risk) -> str:
    """What the amounts rest on, or where to say what is missing."""
    found = risk.expected
    canvas = markup.link("the canvas", f"canvas?{urlencode({'model': risk.model})}")
    if found.cost is not None:
        rests = f"Costs are those of {canvas}, shares those found on {found.rows:,} rows"
        return f'<p class="muted">{rests}; intervals by {escape(found.method)}.</p>'
    asked = _TYPED.search(found.why)
    typed = f" {markup.copier(f'Copy: {asked[1]}', asked[1])}" if asked else ""
    return f"<p>Costs are said in {canvas}, and an evaluation says how often each error comes.{typed}</p>"


def _hazards(address: RiskAddress, found: RiskFound, may_write: bool) -> str:
    hazards = found.risk.hazards
    if not hazards:
        return "<h2>Hazards</h2><p>None was named. A version without any is not safe: nobody has looked.</p>"
    offered = may_write and not markup.still()
    names = (*_HEAD, *([""] if offered else []))
    head = "".join(f'<th scope="col">{name or "<span class=hidden>number</span>"}</th>' for name in names)
    rows = (_hazard(address, found.risk, i, one, offered) for i, one in enumerate(hazards, 1))
    return f"<h2>Hazards</h2>{markup.table(head, rows, 'Hazards')}{_matrix(hazards)}"


def _hazard(address: RiskAddress, risk: Risk, i: int, one: Hazard, offered: bool) -> str:
    carried = f'<div class="muted">carried over from {escape(risk.model)}/{one.carried}</div>' if one.carried else ""
    done = long(one.mitigation) if one.mitigation else '<span class="muted">nothing</span>'
    change = markup.link("Change", address.link(edit=one.text), here=True, title=f"Change: {cut(one.text, 60)}")
    return (
        f"<tr><td class=num>{i}</td><td class=wrap>{escape(one.text)}{carried}</td><td>{one.likelihood}</td>"
        f"<td>{one.severity}</td><td>{markup.sign(*SIGNS[one.level])}</td><td class=wrap>{done}</td>"
        f"<td>{markup.sign(*SIGNS[one.residual])}</td>{f'<td>{change}</td>' if offered else ''}</tr>"
    )


def _matrix(hazards: tuple[Hazard, ...]) -> str:
    """Where the hazards stand before anything is done about them; the table is its own text."""
    head = "".join(f'<th scope="col">{name}</th>' for name in SEVERITIES)
    rows = "".join(
        f'<tr><th scope="row">{likelihood}</th>'
        + "".join(_cell(hazards, likelihood, j) for j in range(len(SEVERITIES)))
        + "</tr>"
        for likelihood in reversed(LIKELIHOODS)
    )
    said = "Numbers are those of the hazards above, before anything is done about them."
    return (
        f'<h2>How likely, how bad</h2><p class="muted">{said}</p><div class="scroll fit" tabindex="0" role="region" '
        'aria-label="Likelihood and severity"><table class="matrix"><caption class="hidden">Level by likelihood and '
        f"severity, with the numbers of the hazards</caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(hazards: tuple[Hazard, ...], likelihood: str, j: int) -> str:
    level = TABLE[likelihood][j]
    here = [i for i, one in enumerate(hazards, 1) if (one.likelihood, one.severity) == (likelihood, SEVERITIES[j])]
    numbers = f"<div><b>{', '.join(str(i) for i in here)}</b></div>" if here else ""
    look = f"{level} some" if here else level
    return f'<td class="{look}">{markup.sign(*SIGNS[level])}{numbers}</td>'


def _accepted(found: RiskFound) -> str:
    risk = found.risk
    if not risk.hazards:
        return ""
    given = risk.accepted
    if given is None:
        said = "not accepted: the hazards changed since somebody did" if risk.void else "nobody has accepted them"
        return f"<h2>Acceptance</h2><p>{markup.sign(f'! {said}', 'warn')}</p>"
    by = cells.who(given.actor, given.verified)
    own = ""
    if given.actor.removeprefix("person:") in found.author:
        own = f"<p>{markup.sign('! who accepts is who registered this version', 'warn')}</p>"
    pairs = [("by", by), ("when", escape(when(given.at_us))), ("why", long(given.reason))]
    bound = '<p class="muted">It is bound to the hazards word by word: any change makes it void.</p>'
    return f"<h2>Acceptance</h2>{own}{markup.facts(pairs)}{bound}"


def _changed(one: Change) -> str:
    lines = [("named", text) for text in one.added] + [("changed", text) for text in one.changed]
    lines += [("removed", text) for text in one.removed]
    said = "".join(f"<div><strong>{what}</strong> {escape(cut(text, 90))}</div>" for what, text in lines)
    return said + ("<div><strong>accepted</strong> as they stood</div>" if one.accepted else "")
