"""The HTML of all versions that have risks, those that somebody has to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.pages import markup, revisions
from mlops_nb.pages.registry import cells
from mlops_nb.registry.risks.model import Risk
from mlops_nb.show.page import escape
from mlops_nb.show.risk import SIGNS, amount
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.risk.view import Listed, RiskAddress

_HEAD = ("version", "stage", "hazards", "highest left", "accepted", "errors cost per 1,000 decisions")
_BEGIN = "Once there is a version, what may go wrong with it is named here, and a person accepts what remains."


def body(address: RiskAddress, found: Listed, typed: str) -> str:
    """The whole page."""
    some = bool(found.page.items)
    head = markup.heading("Risks", _lead(found), cell=typed, csv=some)
    if not some:
        return (
            f'{head}<div class="begin"><p>{_BEGIN}</p><pre tabindex=0>{escape("%risk NAME/1 --hazard …")}</pre></div>'
        )
    names = "".join(f'<th scope="col"{" class=num" if name == "hazards" else ""}>{name}</th>' for name in _HEAD)
    listed = markup.table(names, (_row(address, one) for one in found.page), "Risks of versions")
    said = "Listed is each version that hazards were named for, that is in use, or that is the newest of its model."
    return f'{head}<p class="muted">{said}</p>{listed}{revisions.pager(address, address.after, found.page.next_page)}'


def row(one: Risk) -> dict[str, Any]:
    """A risk as a row of a table that is saved."""
    said: dict[str, Any] = {"version": one.ref, "stage": one.stage, "mark": one.mark, "hazards": len(one.hazards)}
    cost = one.expected.cost
    said |= {"highest_left": one.residual, "accepted_by": one.accepted.actor if one.accepted else ""}
    said |= {
        "cost": cost.value if cost else None,
        "low": cost.low if cost else None,
        "high": cost.high if cost else None,
    }
    return said | {"unit": one.expected.unit, "why_no_cost": one.expected.why}


def _lead(found: Listed) -> str:
    if not found.versions:
        return "There is no version of a model yet."
    if not found.open:
        return "Somebody accepted the risk of each version that is in use or could be."
    some = f"<strong>{found.open:,}</strong> {'version' if found.open == 1 else 'versions'}"
    inside = f", {found.champions:,} of them in production" if found.champions else ", none of them in production"
    return f"Nobody accepts the risk of {some}{inside}."


def _row(address: RiskAddress, one: Risk) -> str:
    ref = markup.link(escape(one.ref), address.link(version=one.ref, after=""), here=True)
    left = markup.sign(*SIGNS[one.residual]) if one.residual else '<span class="muted">none named</span>'
    return (
        f"<tr><th scope=row>{ref}</th><td>{markup.stage(one.stage, one.mark)}</td><td class=num>{len(one.hazards)}</td>"
        f"<td>{left}</td><td>{_accepted(one)}</td><td>{_cost(one)}</td></tr>"
    )


def _accepted(one: Risk) -> str:
    if one.accepted is not None:
        return f"by {cells.who(one.accepted.actor, one.accepted.verified)}"
    if one.void:
        return markup.sign("! void: they changed since", "warn")
    return markup.sign("! by nobody", "warn") if one.open else '<span class="muted">by nobody</span>'


def _cost(one: Risk) -> str:
    if one.expected.cost is None:
        return '<span class="muted">can\'t be said</span>'
    return f"{escape(amount(one.expected.cost))} {escape(cut(one.expected.unit, 20))}"
