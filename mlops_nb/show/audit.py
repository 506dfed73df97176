"""The audit log: its rows, and what a walk along it proved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlops_nb.show import facts, page
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, number, short, when
from mlops_nb.store.audit.model import AuditRow, Verdict


def who(row: AuditRow) -> str:
    """The actor, with a ✓ when the name was checked; a person without their kind."""
    return f"{row.actor.removeprefix('person:')}{' ✓' if row.verified else ''}"


def _who_html(row: AuditRow) -> str:
    shown = page.escape(cut(row.actor.removeprefix("person:"), 40))
    how = f"checked: {row.verified}" if row.verified else "the system's word"
    mark = page.sign("✓", "good") if row.verified else ""
    return f'<span title="{page.escape(how)}">{shown} {mark}</span>'


_ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
# What a row's detail says in short, by what was done; the rest of it follows, but for what is said elsewhere.
_TOLD = {
    "stage": "{from} → {to}, {how}",
    "pin": "alias {alias}",
    "unpin": "alias {alias} taken away",
    "approve": "for {stage}",
    "reject": "for {stage}",
    "policy": "gates before {stage}",
    "gates": "{verdict}, before {stage}",
    "rename": "{before} → {after}",
    "evaluate": "on {dataset}",
    "explain": "on {dataset}",
    "fairness": "on {dataset}",
    "deploy": "{version}",
    "undeploy": "{version}",
    "migrate": "format {from} → {to}",
}
_ELSEWHERE = {"stage": ("at", "replaced"), "pin": ("at",), "unpin": ("at",), "register": ("model", "version")}
_ELSEWHERE |= {"deploy": ("of",), "undeploy": ("of",), "add model": ("model",)}


def told(row: AuditRow) -> str:
    """What was done, beyond the word for it: 'staging → production, gated, archived version flights/2'."""
    template = _TOLD.get(row.action, "")
    named = {key: _value(value) for key, value in row.detail.items() if f"{{{key}}}" in template}
    # An older mlops_nb, or somebody by force, wrote other details.
    shown = template.format_map(named) if template.count("{") == len(named) else ""
    left_out = {*(named if shown else ()), *_ELSEWHERE.get(row.action, ())}
    rest = {key: value for key, value in row.detail.items() if key not in left_out and value != [row.about]}
    return ", ".join(part for part in (shown, said(rest)) if part)


def said(detail: Mapping[str, Any]) -> str:
    """What a row's detail says, without its nesting."""
    return ", ".join(f"{key} {_value(value)}" for key, value in detail.items() if value not in (None, "", [], {}))


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value[:3]) + (" …" if len(value) > 3 else "")
    if isinstance(value, str):
        return f"{value[:13]}…" if value.startswith("fp1b:") else short(value) if _ULID.fullmatch(value) else value
    return number(value) if isinstance(value, int | float) else str(value)


def evidence(row: AuditRow) -> str:
    """What it rests on, with the beginnings of digests."""
    return ", ".join(f"{kind} {short(name)}" for kind, _, name in (one.partition(" ") for one in row.evidence))


_COLUMNS = (
    Column("row", lambda r: str(r.seq), right=True),
    Column("when", lambda r: when(r.time_us)),
    Column("who", who, sign=_who_html),
    Column("did", lambda r: r.action),
    Column("to", lambda r: cut(r.about, 48)),
    Column("what", lambda r: cut(told(r), 60)),
    Column("why", lambda r: cut(r.why, 60)),
    Column("evidence", evidence, mono=True),
)


def list_view(results: Any) -> TableView:
    """Rows of the log."""
    return TableView(_COLUMNS, results.items, results.note)


def view(value: AuditRow | Verdict) -> Any:
    """One row of the log, or what verifying it found."""
    return (
        VerdictView(value) if isinstance(value, Verdict) else facts.FactsView(_pairs(value), f"audit row {value.seq}")
    )


def _pairs(row: AuditRow) -> list[tuple[str, str]]:
    checked = f" (checked: {row.verified})" if row.verified else " (the system's word)"
    return [
        ("when", when(row.time_us)),
        ("who", f"{row.actor}{checked}"),
        ("did", row.action),
        ("to", row.about),
        ("why", row.why),
        ("evidence", ", ".join(row.evidence)),
        ("says", said(row.detail)),
        ("previous", row.previous),
        ("digest", row.digest),
    ]


class VerdictView:
    """What was proved and what was not, in sentences."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    @property
    def title(self) -> str:
        """The verdict in a line."""
        if not self.verdict.exit_code:
            return "● the audit log holds" if self.verdict.rows else "● there is no audit log yet"
        return (
            "● the audit log does not hold" if self.verdict.fault else "● the store does not agree with its audit log"
        )

    def _lines(self) -> list[tuple[str, str]]:
        v = self.verdict
        wrong = [*([v.fault] if v.fault else []), *v.contradictions]
        named = (("wrong", wrong), ("proved", v.proved), ("not proved", v.unproved), ("odd", v.notes))
        return [(name if i == 0 else "", line) for name, lines in named for i, line in enumerate(lines)]

    def text(self) -> str:
        """As text."""
        lines = aligned(["", ""], self._lines(), [False, False])[1:]
        return "\n".join([self.title, *("  " + line for line in lines)])

    def html(self) -> str:
        """As HTML."""
        kind = "bad" if self.verdict.exit_code else "good"
        title = f'<div style="font-weight:600;margin-bottom:4px">{page.sign(self.title, kind)}</div>'
        rows = [[page.muted(name), page.escape(line)] for name, line in self._lines()]
        return page.frame(title, "".join(f"<div>{name} {line}</div>" for name, line in rows))
