"""Whether the log holds, as HTML: what is proved, what is not, since when, and how to keep a copy elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.show.page import escape
from mlops_nb.show.words import when
from mlops_nb.store.audit.model import Verdict

if TYPE_CHECKING:
    from mlops_nb.pages.audit.view import AuditFound

# So many rows stand above one that is looked for.
ABOVE = 5
_AGREES = "the store's moves, approvals, evidence, documents and reasons are what the log says of them"


def _verdict(found: AuditFound) -> Verdict | None:
    """What is known now: the chain as it was seen last, and what the last check of everything held against it."""
    seen = found.seen.verdict if found.seen is not None else None
    done = found.checked.verdict if found.checked is not None else None
    if seen is None or done is None or seen.fault:
        return seen or done
    return replace(seen, contradictions=done.contradictions)


def lead(found: AuditFound) -> str:
    """Does it hold? In one sentence."""
    verdict = _verdict(found)
    count = f"{found.total:,} row{'' if found.total == 1 else 's'}"
    if verdict is None:
        return f"{markup.sign('◌ Checking', 'busy')} whether the log of {count} holds…"
    if verdict.fault:
        return f"<strong>{markup.sign('✕ The log does not hold', 'bad')}</strong>: {escape(verdict.fault)}."
    if verdict.contradictions:
        return f"<strong>{markup.sign('✕ The store does not agree with its log', 'bad')}</strong>, which has {count}."
    newest = f", the newest of {when(found.newest_us)}" if found.newest_us else ""
    return f"<strong>{markup.sign('✓ The log holds', 'good')}</strong>: {escape(count + newest)}."


def box(found: AuditFound) -> str:
    """The facts behind that sentence."""
    verdict = _verdict(found)
    pairs = [("wrong", _wrong(verdict))] if verdict is not None else []
    if verdict is not None:
        agrees = _AGREES if found.checked is not None and not verdict.exit_code else ""
        proved = [*verdict.proved, *([agrees] if agrees else [])]
        pairs += [
            ("proved", _lines(map(escape, proved))),
            ("not proved", _lines(map(escape, verdict.unproved))),
            ("odd", _lines(map(escape, verdict.notes))),
        ]
    pairs += [("checked", _checked(found)), ("keep a copy", _copy())]
    return f'<div class="card proof" data-key="proof">{markup.facts(pairs)}</div>'


def _wrong(verdict: Verdict) -> str:
    said = [verdict.fault] if verdict.fault else list(verdict.contradictions[:20])
    left = len(verdict.contradictions) - 20
    lines = [f'<span class="bad">{escape(line)}</span>' for line in said]
    if verdict.row:
        to = f"audit?row={verdict.row}&after={verdict.row + ABOVE + 1}"
        lines.append(markup.link(f"Go to row {verdict.row:,}", to, here=True))
    return _lines([*lines, *([f"and {left:,} more"] if left > 0 else [])])


def _lines(sentences: Iterable[str]) -> str:
    """Sentences below each other; they are HTML."""
    return "".join(f"<div>{one}</div>" for one in sentences)


def _checked(found: AuditFound) -> str:
    said = []
    if found.checked is not None:
        said.append(f"everything at {when(found.checked.at_us)}")
    # A moment later is no news.
    since = found.checked.at_us + 1_000_000 if found.checked is not None else 0
    if found.seen is not None and found.seen.at_us > since:
        whole = "the whole chain" if found.seen.whole_us == found.seen.at_us else "the newest rows"
        said.append(f"{whole} at {when(found.seen.at_us)}")
    line = escape("; ".join(said))
    if found.running is not None:
        busy = f'<span role="status">{markup.sign(f"◌ checking {found.total:,} rows…", "busy")}</span>'
        return f"{line}{'; ' if line else ''}{busy}"
    button = markup.button("Check now", "check", title="Walk along the whole log, and hold the store against it")
    return f"{line} {button}"


def _copy() -> str:
    said = "a file of the whole log, kept where nobody of this project can write, proves what an anchor can't"
    export = "" if markup.still() else f" {markup.copier('Copy: %audit export', '%audit export')}"
    return f"{said}{export}"
