"""The rows of the log as HTML, and what a row opens to."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mlops_nb.pages import markup
from mlops_nb.pages.site import address_of
from mlops_nb.references import BY_NAME
from mlops_nb.show.audit import told
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, short, when
from mlops_nb.store.audit.model import AuditRow
from mlops_nb.store.audit.naming import Thing
from mlops_nb.store.reasons import ERASED

if TYPE_CHECKING:
    from mlops_nb.pages.audit.view import AuditAddress, AuditFound

_HEAD = ("row", "when", "who", "did", "to", "what", "why", "evidence")
# Where what somebody wrote is read: the page, and what its address calls the thing.
_DOCUMENTS = {"canvas": ("canvas", "model"), "policy": ("model", "model"), "risk": ("risk", "version")}
_VERDICTS = {
    "pass": ("✓ pass", "good"),
    "fail": ("✗ fail", "bad"),
    "insufficient": ("? insufficient", "warn"),
}
__all__ = ["table", "told"]


def table(address: AuditAddress, found: AuditFound) -> str:
    """One page of rows; the one that the address opens is followed by all that is known of it."""
    head = "".join(f'<th scope="col"{" class=num" if name == "row" else ""}>{name}</th>' for name in _HEAD)
    bad = found.checked.verdict.row if found.checked is not None else 0
    bad = found.seen.verdict.row or bad if found.seen is not None else bad
    made = (_row(address, row, bad) + (_opened(row) if row.seq == address.row else "") for row in found.rows)
    return markup.table(head, made, "Rows of the audit log")


def _row(address: AuditAddress, row: AuditRow, bad: int) -> str:
    opened = row.seq == address.row
    number = f'<span class="mono">{row.seq:,}</span>'
    if not markup.still():
        to = replace(address, row=0 if opened else row.seq).link()
        said = f"{'Close' if opened else 'Open'} row {row.seq:,}"
        number = (
            f'<a href="{markup.href(to)}" data-go aria-expanded="{"true" if opened else "false"}" '
            f'title="{said}"><span aria-hidden="true">{"▾" if opened else "▸"}</span> {number}</a>'
        )
    mark = ""
    if bad:
        wrong = markup.sign("✕ first bad row", "bad") if row.seq == bad else ""
        mark = wrong or ('<span class="muted">not proved</span>' if row.seq > bad else "")
    cells = (
        f'<td class="num">{number}{f"<div>{mark}</div>" if mark else ""}</td>',
        f"<td>{_when(row)}</td>",
        f"<td>{who(row)}</td>",
        f"<td>{escape(row.action)}</td>",
        f'<td class="to">{_about(row)}</td>',
        f'<td class="wrap">{_what(row)}</td>',
        f'<td class="wrap">{_why(row)}</td>',
        f"<td>{'<br>'.join(_evidence(row, one, brief=True) for one in _shown(row))}</td>",
    )
    look = " class=picked" if opened else ""
    return f'<tr data-key="row-{row.seq}"{look}>{"".join(cells)}</tr>'


def _when(row: AuditRow) -> str:
    return escape(when(row.time_us)) if row.time_us else '<span class="muted">no moment</span>'


def who(row: AuditRow) -> str:
    """Who did it, and whether that name was checked; a word stands beside the sign."""
    name = escape(cut(row.actor.removeprefix("person:"), 40))
    if row.verified:
        sign = f'<span class="good" aria-hidden="true">✓</span> <span class="muted">{escape(row.verified)}</span>'
        return f"{name} {sign}"
    return f'{name} <span class="muted" title="the system\'s word for it">not verified</span>'


def _what(row: AuditRow, most: int = 160) -> str:
    """What was done, with a sign where gates said something, and where they were passed by."""
    text = _linked(cut(told(row), most), row)
    how, verdict = row.detail.get("how"), row.detail.get("verdict")
    if how in ("ungated", "overridden"):
        text = text.replace(f", {how}", f" {markup.marked(how)}", 1)
    if verdict in _VERDICTS and text.startswith(verdict):
        text = markup.sign(*_VERDICTS[verdict]) + text.removeprefix(verdict)
    return text


def _why(row: AuditRow) -> str:
    if row.why == ERASED:
        return '<span class="muted">(the reason was erased)</span>'
    return escape(cut(row.why, 160))


def _about(row: AuditRow) -> str:
    thing = row.things[0] if row.things and row.about == row.things[0].shown else None
    if thing is None or not thing.reference:
        return escape(cut(row.about, 60))
    name = short(thing.reference) if thing.kind == "run" else thing.reference
    kind = f'<span class="muted">{escape(thing.kind)}</span> '
    return kind + _link(thing, cut(name, 60))


def _link(thing: Thing, text: str) -> str:
    """A thing, linked to its page; what has no page leads to what the log says of it."""
    if not thing.reference:
        return escape(text)
    if thing.kind in BY_NAME:
        return markup.link(escape(text), address_of(thing.kind, thing.reference))
    if thing.kind == "person":
        to = f"audit?{urlencode({'about': thing.reference, 'kind': 'person'})}"
        return markup.link(escape(text), to, here=True, title=f"all that concerns {thing.reference}")
    return escape(text)


def _linked(text: str, row: AuditRow) -> str:
    """A sentence in which the things that the row names are links."""
    named = {thing.named: thing for thing in row.things[1:] if thing.reference}
    run = row.detail.get("run")
    if isinstance(run, str) and run:
        named[short(run)] = Thing("run", run, f"run {short(run)}")
    if not named:
        return escape(text)
    words = "|".join(re.escape(name) for name in sorted(named, key=len, reverse=True))
    made, at = "", 0
    for found in re.finditer(rf"(?<![\w./-])(?:{words})(?![\w/-]|\.\w)", text):
        made += escape(text[at : found.start()]) + _link(named[found[0]], found[0])
        at = found.end()
    return made + escape(text[at:])


def _shown(row: AuditRow) -> list[str]:
    """The evidence of which there is a page, first; a digest alone says little in a list."""
    return [one for one in row.evidence if _place(row, one)] or list(row.evidence[:1])


def _evidence(row: AuditRow, one: str, *, brief: bool = False) -> str:
    kind, _, name = one.partition(" ")
    word = {"checked": "gate check"}.get(kind, kind)
    to = _place(row, one)
    text = f"{word} {name}" if not brief else word if to else f"{word} {short(name)}"
    return markup.link(escape(text), to, title=one) if to else f'<span title="{escape(one)}">{escape(text)}</span>'


def _place(row: AuditRow, one: str) -> str:
    """The page that shows a piece of evidence; empty when there is none."""
    kind, _, name = one.partition(" ")
    thing = row.things[0] if row.things else None
    if thing is None or not thing.reference:
        return ""
    if kind == "document" and row.action in _DOCUMENTS:
        slug, field = _DOCUMENTS[row.action]
        return f"{slug}?{urlencode({field: thing.reference})}"
    if thing.kind != "version":
        return ""
    asked = {"version": thing.reference}
    if kind == "checked":
        stage = str(row.detail.get("to") or row.detail.get("stage") or "")
        return f"version?{urlencode({**asked, **({'stage': stage} if stage else {}), 'check': name})}"
    if kind == "evaluation":
        return f"version?{urlencode({**asked, 'part': 'evaluation', 'evaluation': name})}"
    return f"version?{urlencode({**asked, 'part': 'card'})}" if kind == "document" and row.action == "card" else ""


def _opened(row: AuditRow) -> str:
    """All that is known of a row."""
    checked = f"checked: {row.verified}" if row.verified else "not verified: the system's word for it"
    moment = datetime.fromtimestamp(row.time_us / 1e6, UTC).isoformat(sep=" ", timespec="microseconds")
    pairs = [
        ("when", f"{_when(row)} <span class='muted'>{escape(moment) if row.time_us else ''}</span>"),
        ("who", f"{escape(row.actor)} <span class='muted'>({escape(checked)})</span>"),
        ("did", escape(row.action)),
        ("to", f"{_about(row)} <span class='muted mono'>{escape(row.subject)}</span>"),
        ("what", _what(row, most=10_000)),
        ("why", _reason(row)),
        ("evidence", "<br>".join(f'<span class="mono">{_evidence(row, one)}</span>' for one in row.evidence)),
        ("detail, as chained", f'<pre tabindex="0">{escape(_pretty(row.chained))}</pre>'),
        ("previous digest", _digest(row.previous) or "none: the first row"),
        ("digest", _digest(row.digest)),
    ]
    formula = (
        '<p class="muted">The digest is BLAKE3 over the previous one and the number, moment, actor, action, subject '
        "and detail of this row: whatever of these is altered, the chain breaks here.</p>"
    )
    inside = f'<div class="inside">{markup.facts(pairs)}{formula}</div>'
    return f'<tr data-key="opened-{row.seq}" class="opened"><td colspan="{len(_HEAD)}">{inside}</td></tr>'


def _reason(row: AuditRow) -> str:
    if row.why == ERASED:
        return '<span class="muted">A reason was given and is erased; the chain has its digest and stays whole.</span>'
    return f'<span class="said">{escape(row.why)}</span>' if row.why else '<span class="muted">none was given</span>'


def _digest(name: str) -> str:
    return f'<span class="mono">{escape(name)}</span> {markup.copier("Copy", name)}' if name else ""


def _pretty(text: str) -> str:
    """A short text as it is; long ones in lines, or nobody could read them."""
    if len(text) <= 120:
        return text
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:  # altered by force: shown as it stands
        return text
