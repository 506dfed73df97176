"""The parts of a version's page that people write: what may go wrong, and the model card."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.registry.cards.model import Fact, ModelCard, Word
from mlops_nb.registry.cards.words import LONGEST
from mlops_nb.registry.risks.model import Risk
from mlops_nb.show.page import escape
from mlops_nb.show.risk import SIGNS, RiskView, amount
from mlops_nb.show.words import cut, when

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version


def risk(version: Version, found: Risk) -> str:
    """Hazards, who accepted them, and what errors cost."""
    to = markup.link("Name or accept hazards", f"risk?{urlencode({'version': version.ref})}", kind="button")
    tools = "" if markup.still() else f"<p>{to}</p>"
    listed = cells.listed(RiskView(found).table, "Hazards") if found.hazards else ""
    return f"<h2>Risk</h2><p>{_accepted(found)}</p>{listed}<h2>What errors cost</h2>{_cost(found)}{tools}"


def _accepted(found: Risk) -> str:
    count = len(found.hazards)
    if not count:
        return markup.sign("? no hazard was named yet", "warn") + "."
    named = f"{count} hazard{'' if count == 1 else 's'}"
    left = f", the highest that remains is {markup.sign(*SIGNS[found.residual])}" if found.residual else ""
    if found.accepted is None:
        nobody = "they changed since they were accepted" if found.void else "nobody accepted them"
        return f"{named}{left}; {markup.sign(f'▲ {nobody}', 'warn')}."
    one = found.accepted
    why = f": “{escape(cut(one.reason, 400))}”" if one.reason else ""
    return f"{named}{left}; accepted by {cells.who(one.actor, one.verified)} on {escape(when(one.at_us))}{why}."


def _cost(found: Risk) -> str:
    cost = found.expected
    if cost.cost is None:
        return f'<p class="muted">It can\'t be said: {escape(cost.why)}.</p>'
    unit = f" {escape(cut(cost.unit, 30))}" if cost.unit else ""
    net = f" Gains minus that: {amount(cost.net)}{unit}." if cost.net is not None else ""
    how = f"At the shares found on {cost.rows:,} rows; 95 % intervals by {escape(cost.method)}."
    return (
        f'<p><strong>{amount(cost.cost)}{unit}</strong> per 1,000 decisions.{net} <span class="muted">{how}</span></p>'
    )


def card(version: Version, found: ModelCard, *, may_write: bool) -> str:
    """What people say and what the machine knows, scored apart; to be taken along as a file."""
    known, facts = found.machine
    said, needed = found.human
    sign = (
        markup.sign("✓ complete", "good")
        if not found.missing
        else markup.sign(f"? {len(found.missing)} missing", "warn")
    )
    lead = f"{said} of {needed} words were said by people ({sign}), {known} of {facts} facts are known by the machine."
    saved = (
        f" Saved {escape(when(found.saved_us))} by {cells.who(found.actor, found.verified)}." if found.saved_us else ""
    )
    files = markup.button("Save card as HTML", "card-html") + markup.button("Save card as Markdown", "card-md")
    tools = "" if markup.still() else f'<div class="chips">{files}</div>'
    words = "".join(_word(found, one) for one in found.words if one.text or one.needed)
    form = _form(version, found) if may_write and not markup.still() else ""
    return (
        f"<h2>Model card</h2><p>{lead}{saved}</p>{tools}<h2>What people say</h2><dl class=facts>{words}</dl>{form}"
        + "".join(
            f"<h2>{escape(name)}</h2>{markup.facts(_fact(one) for one in some)}" for name, some in _sections(found)
        )
    )


def _sections(found: ModelCard) -> list[tuple[str, list[Fact]]]:
    return [(name, list(some)) for name, some in groupby(found.facts, key=lambda one: one.section)]


def _fact(one: Fact) -> tuple[str, str]:
    if one.value:
        return one.name, escape(one.value)
    way = f' <span class="muted">try <code>{escape(one.fix)}</code></span>' if one.fix else ""
    return one.name, markup.sign("? not known", "warn") + way


def _word(found: ModelCard, one: Word) -> str:
    if not one.text:
        said = f'{markup.sign("? not said", "warn")} <span class="muted">{escape(one.asks)}</span>'
    else:
        text = escape(one.text).replace("\n", "<br>")
        carried = f"▲ carried over from {found.model}/{one.carried}, not confirmed" if one.carried else ""
        note = (
            f" {markup.sign(carried, 'warn')}"
            if carried
            else ' <span class="muted">(from the canvas)</span>'
            if one.origin
            else ""
        )
        said = text + note
    return f"<dt>{escape(one.title)}</dt><dd>{said}</dd>"


def _form(version: Version, found: ModelCard) -> str:
    """What is missing is asked for."""
    asked = "".join(
        f'<p><label for="word-{one.name}"><strong>{escape(one.title)}</strong> {escape(one.asks)}</label>'
        f'<textarea id="word-{one.name}" name="word_{one.name}" rows="2" maxlength="{LONGEST}">'
        f"{escape(one.text)}</textarea></p>"
        for one in found.words
    )
    ref = f'<input type="hidden" name="ref" value="{escape(version.ref)}">'
    confirm = (
        markup.button("Confirm what was carried over", "confirm", ref=version.ref)
        if any(one.carried for one in found.words)
        else ""
    )
    form = f'<form data-do="words">{asked}{ref}<p><button type="submit">Save</button></p></form>'
    opens = f'<details data-key="words{found.revision}"><summary>Say or change words</summary>{form}</details>'
    return f'<div class="chips">{confirm}</div>{opens}'
