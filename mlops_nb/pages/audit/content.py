"""The HTML of the audit page: the filters, the rows, and what a row opens to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from mlops_nb.pages import markup
from mlops_nb.pages.audit import proof, rows
from mlops_nb.pages.runs.content import begin
from mlops_nb.show.page import escape
from mlops_nb.store.audit.asking import COUNTED, Question
from mlops_nb.store.audit.model import AuditRow

if TYPE_CHECKING:
    from mlops_nb.pages.audit.view import AuditAddress, AuditFound

_SPANS = (("-1d", "last 24 hours"), ("-7d", "last 7 days"), ("-30d", "last 30 days"))
_DID = (("stage", "moves between stages"), ("approve", "approvals"), ("reject", "rejections"))
SAVED = ("row", "when", "who", "verified", "did", "to", "what", "why", "evidence", "detail", "previous", "digest")


def bounds(asked: Question, zone: tzinfo) -> tuple[str, str]:
    """The moments between which rows are asked for, as text that means the same everywhere."""

    def text(us: int | None) -> str:
        return "" if us is None else datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone).isoformat()

    return text(asked.first_us), text(None if asked.after_us is None else asked.after_us - 1)


def cell(address: AuditAddress, found: AuditFound | None) -> str:
    """What to type for the same rows."""
    since, until = found.bounds if found is not None else ("", "")
    # A page begins below a row, also one that was reached from below.
    below = found.rows[0].seq + 1 if found is not None and found.newer else 0
    words = ["%audit"]
    words += [markup.word(address.about)] if address.about else []
    for name, value in (("kind", address.kind), ("by", address.by), ("did", address.did)):
        words += [f"--{name} {markup.word(value)}"] if value else []
    words += [f"--since {since}"] if since else []
    words += [f"--until {until}"] if until else []
    words += [f"--limit {address.limit}"] if address.limit != type(address)().limit else []
    words += [f"--after {below}"] if below else []
    return " ".join(words)


def saved(row: AuditRow) -> tuple[Any, ...]:
    """A row as CSV has it, in the order of `SAVED`."""
    moment = datetime.fromtimestamp(row.time_us / 1e6, UTC).isoformat()
    evidence = "; ".join(row.evidence)
    told = rows.told(row)
    return (
        row.seq, moment, row.actor, row.verified, row.action, row.about, told, row.why, evidence, row.chained,
        row.previous, row.digest,
    )  # fmt: skip


def body(address: AuditAddress, found: AuditFound | None, typed: str, zone: str, *, wrong: bool) -> str:
    """The whole page."""
    if found is None:
        return markup.heading("Audit") + _filter(address, (), zone, wrong)
    if not found.total and found.checked is None:
        return markup.heading("Audit", "Nothing was done here yet.") + begin()
    head = markup.heading("Audit", proof.lead(found), cell=typed, csv=True)
    shown = rows.table(address, found) if len(found.rows) else f'<p class="muted">{_nothing(address)}</p>'
    return (
        f"{head}{proof.box(found)}<h2>What was done</h2>{_filter(address, found.actions, zone, wrong)}"
        f"{_chips(address, found)}{_missing(address, found)}{shown}{_pager(address, found)}"
    )


def _nothing(address: AuditAddress) -> str:
    everything = markup.link("Show all rows", type(address)().link(), here=True)
    return f"No row of the log matches. {everything}"


def _missing(address: AuditAddress, found: AuditFound) -> str:
    """An address may ask for a row that is not there, or that the filter leaves out."""
    if not address.row or any(row.seq == address.row for row in found.rows):
        return ""
    if address.after or address.before:
        said, to = f"Row {address.row:,} is on another page.", replace(address, after="", before="")
    elif address.row > found.last:
        return f'<p class="muted">There is no row {address.row:,}: the log ends at row {found.last:,}.</p>'
    else:
        said, to = f"Row {address.row:,} does not match, or is not there.", type(address)(row=address.row)
    return f'<p class="muted">{said} {markup.link("Look for it among all rows", to.link(), here=True)}</p>'


def _filter(address: AuditAddress, actions: tuple[str, ...], zone: str, wrong: bool) -> str:
    if markup.still():
        asked = [f"{name} {value}" for name, value in _asked(address)]
        return f"<p>Filter: {escape(', '.join(asked))}</p>" if asked else ""
    known = sorted({*actions, *([address.did] if address.did else [])})
    chosen = "".join(
        f'<option value="{escape(word)}"{" selected" if word == address.did else ""}>{escape(word)}</option>'
        for word in known
    )
    fields = (
        markup.combo(
            "about", address.about, "About what", kind="concerned", hint="About: a model, flights/3, a run", wrong=wrong
        ),
        markup.combo("by", address.by, "By whom", kind="actor", hint="By whom", wrong=False),
        f'<select name="did" aria-label="What was done"><option value="">anything done</option>{chosen}</select>',
        _moment("since", address.since, "Since: -7d"),
        _moment("until", address.until, "Until"),
    )
    limit = "" if address.limit == type(address)().limit else str(address.limit)
    carried = {"kind": address.kind if address.about else "", "limit": limit, "zone": _meant(address) or zone}
    clear = markup.link("Clear", type(address)().link(), here=True, kind="button") if _asked(address) else ""
    return (
        f'<form class="filter many" role="search" aria-label="Filter the log" method="get" '
        f'action="{markup.href("audit")}" data-fields="joined">{"".join(fields)}{markup.hidden(carried)}'
        f'<button type="submit" class="main">Filter</button>{clear}</form>{_zone(address, zone)}'
    )


def _asked(address: AuditAddress) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name in ("about", "kind", "by", "did", "since", "until")
        if (value := str(getattr(address, name)))
    ]


def _moment(name: str, value: str, hint: str) -> str:
    return (
        f'<input type="text" name="{name}" value="{escape(value)}" placeholder="{hint}" size="14" maxlength="40" '
        f'title="2026-05-03, 2026-05-03T14:00, or -7d" autocomplete="off" '
        f'aria-label="{name.capitalize()}: a date, a moment, or a span before now">'
    )


def _zone(address: AuditAddress, zone: str) -> str:
    """Whose days and hours are meant, when they are not the reader's."""
    meant = _meant(address)
    if meant in (zone, ""):
        return ""
    return f'<p class="muted">Since and until are moments in {escape(meant)}.</p>'


def _meant(address: AuditAddress) -> str:
    """The zone of the moments in the address; empty when there are none, or no zone matters to them."""
    typed = [moment for moment in (address.since, address.until) if moment and not moment.startswith("-")]
    return (address.zone or "UTC") if typed else ""


def _chips(address: AuditAddress, found: AuditFound) -> str:
    if markup.still():
        return ""
    first = replace(address, after="", before="", row=0)
    chips = [
        markup.link(f"the {kind}", replace(first, kind=kind).link(), here=True, kind="chip")
        for kind in (found.kinds if len(found.kinds) > 1 else ())
    ]
    label = f'<span class="muted">{escape(address.about)} is a name of several things:</span>' if chips else ""
    chips += [
        markup.link(text, replace(first, did=did).link(), here=True, kind="chip")
        for did, text in _DID
        if did in found.actions and address.did != did
    ]
    chips += [
        markup.link(text, replace(first, since=since, until="").link(), here=True, kind="chip")
        for since, text in _SPANS
        if address.since != since
    ]
    return f'<div class="chips" data-key="chips">{label}{"".join(chips)}</div>'


def _pager(address: AuditAddress, found: AuditFound) -> str:
    shown = found.rows
    count = f"{shown.total:,}" if shown.total is not None else f"more than {COUNTED:,}"
    said = f"{len(shown):,} of {count} rows" + (" that match" if _asked(address) else "") if len(shown) else ""
    if markup.still() or not len(shown):
        return f'<div class="pager">{said}</div>'
    plain = replace(address, row=0, after="", before="")
    links = []
    if found.newer:
        links += [("Newest", plain), ("Newer", replace(plain, before=str(shown[0].seq)))]
    if shown.next_page:
        links += [("Older", replace(plain, after=shown.next_page)), ("Oldest", replace(plain, before="0"))]
    turns = "".join(markup.link(text, to.link(), here=True, kind="button") for text, to in links)
    field = '<input type="text" name="row" inputmode="numeric" size="8" maxlength="18" pattern="[0-9]+" required>'
    jump = (
        f'<form class="jump" method="get" action="{markup.href("audit")}"><label>Row {field}</label>'
        '<button type="submit">Go</button></form>'
    )
    return f'<div class="pager" data-key="pager"><span role="status">{said}</span>{turns}{jump}</div>'
