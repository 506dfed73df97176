"""The forms of a risk: name a hazard, change one, accept them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.pages import forms, markup
from mlops_nb.registry.risks.model import LEVELS, LIKELIHOODS, SEVERITIES, Hazard, Risk
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.pages.risk.view import RiskAddress


@dataclass(frozen=True, slots=True)
class Draft:
    """A hazard in somebody's hands.

    Attributes:
        ref: The version.
        hazard: As it was when they began.
        key: Tells this form from the next one.
        refused: Whether saving was refused because somebody else saved it meanwhile.
    """

    ref: str
    hazard: Hazard
    key: str
    refused: bool = False


def name(key: str) -> str:
    """The form for one more hazard."""
    if markup.still():
        return ""
    inside = forms.line(
        "hazard", "What may go wrong", asks="in one line, such as: winter is not in the data", needed=True
    )
    inside += _levels("", "", "", "") + f"<p>{forms.send('Name the hazard')}</p>"
    made = forms.kept("name-hazard", key, inside)
    return f'<details class="adding" data-key="open-{escape(key)}"><summary>Name a hazard</summary>{made}</details>'


def change(address: RiskAddress, risk: Risk, draft: Draft) -> str:
    """The form for one that is there, and what somebody else said of it meanwhile."""
    if markup.still():
        return ""
    was = draft.hazard
    now = next((one for one in risk.hazards if one.text == was.text), None)
    residual = was.residual if was.residual != was.level else ""
    remove = forms.send("Remove it", draft.key, name="remove", value="yes", kind="")
    leave = markup.link("Leave it", address.link(edit=""), here=True, kind="button")
    inside = _levels(was.likelihood, was.severity, was.mitigation, residual)
    form = forms.kept("change-hazard", draft.key, inside, hazard=was.text, seen=was.digest)
    bar = f'<div class="chips">{forms.send("Save the hazard", draft.key)}{leave}{remove}</div>'
    return (
        f'<section class="card changing" data-key="changing"><h2>Change: {escape(was.text)}</h2>{form}'
        f"{_meanwhile(draft, was, now)}{bar}</section>"
    )


def _meanwhile(draft: Draft, was: Hazard, now: Hazard | None) -> str:
    if now is not None and now.digest == was.digest:
        return ""
    if now is None:
        told, over = "Somebody removed it meanwhile. Name it anew to have it back.", ""
    else:
        done = escape(cut(now.mitigation, 300)) or "nothing is done about it"
        said = f"{now.likelihood}, {now.severity}, {now.residual} left; {done}"
        told = f"Somebody changed it meanwhile. Now it says: {said}."
        over = forms.send("Save yours over it", draft.key, name="over", value=now.digest, kind="")
    return f'<div class="meanwhile" role="status"><p>{told}</p>{over if draft.refused else ""}</div>'


def accept(risk: Risk, key: str, who: str, author: Collection[str]) -> str:
    """The form in which a person accepts what remains; what is accepted is what stands on the page."""
    if markup.still() or not risk.hazards or risk.accepted is not None:
        return ""
    count = len(risk.hazards)
    own = ""
    if who in author:
        own = f"<p>{markup.sign('! You registered this version: somebody else should accept its risk.', 'warn')}</p>"
    inside = forms.area(
        "reason", "Why it can be accepted", asks="kept with your name, for whoever asks later", rows=2, needed=True
    )
    text = "Accept the hazard as it stands" if count == 1 else f"Accept the {count} hazards as they stand"
    # Beside the form and not in it: it follows what the page shows.
    button = forms.send(text, key, name="seen", value=risk.seen)
    form = forms.kept("accept-risk", key, inside)
    return f'<div class="accepting" data-key="accepting">{own}{form}<p>{button}</p></div>'


def _levels(likelihood: str, severity: str, mitigation: str, residual: str) -> str:
    levels: dict[str, str] = {"": "the level itself", **{level: level for level in LEVELS}}
    made = (
        forms.choice("likelihood", "How likely", _choices(LIKELIHOODS, likelihood), likelihood),
        forms.choice("severity", "How bad", _choices(SEVERITIES, severity), severity),
        forms.choice("residual", "What is left after that", levels, residual),
    )
    done = forms.area("mitigation", "What is done about it", mitigation, rows=3)
    return f'{done}<div class="fields">{"".join(made)}</div>'


def _choices(words: Collection[str], chosen: str) -> dict[str, str]:
    """The words; nobody's choice is made for them."""
    known: dict[str, str] = {} if chosen else {"": "choose"}
    return known | {one: one for one in words}
