"""The parts of a version's page about what it rests on, and how it treats groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.registry.explaining.model import Explanation
from mlops_nb.registry.fairness.model import Fairness, Grouped
from mlops_nb.show import diagrams
from mlops_nb.show import explanation as told
from mlops_nb.show import fairness as judged
from mlops_nb.show.page import escape
from mlops_nb.show.table import TableView
from mlops_nb.show.words import digest, when

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version

_DRAWN = 20


def _missing(title: str, said: str, fix: str) -> str:
    sign = markup.sign("? not looked at:", "warn")
    return f"<h2>{title}</h2><p>{sign} {said} {markup.copier(f'Copy: {fix}', fix)}</p>"


def _about(version: Version, one: Explanation | Fairness) -> str:
    """Who asked when, on which evaluation: it may not be the newest any more."""
    rests = cells.version(version.ref, "its evaluation", part="evaluation", evaluation=one.evaluation)
    by = f"{escape(when(one.created_us))} by {cells.who(one.actor, one.verified)}"
    return f'<p class="muted">{by}, on {rests}; evidence <span class="mono">{digest(one.digest)}</span>.</p>'


def _notes(notes: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>" if notes else ""


def explanation(version: Version, found: Explanation | None) -> str:
    """Which inputs it rests on."""
    if found is None:
        return _missing("Explanation", "nobody asked what it rests on.", f"%explain {markup.word(version.ref)}")
    said = told.sentence(found)
    rows = [
        diagrams.Ranged(" + ".join(one.features), one.drop, one.low, one.high) for one in found.importances[:_DRAWN]
    ]
    drawn = diagrams.intervals(rows, said, mark=0.0, marked="no loss") if rows else ""
    table = cells.listed(told.ExplanationView(found).table, "Importance")
    return (
        f"<h2>Explanation</h2><p>{escape(said)}</p>{_about(version, found)}"
        f'<div class="two"><div class="figure">{drawn}</div><div>{table}</div></div>{_notes(told.notes(found))}'
    )


def fairness(version: Version, found: tuple[Fairness, ...]) -> str:
    """How it treats groups; small ones are `insufficient`, never fair."""
    if not found:
        fix = f"%fairness {markup.word(version.ref)} --by COLUMN"
        return _missing("Fairness", "nobody asked how it treats groups.", fix)
    parts = []
    for one in found:
        positive = one.findings.positive
        selected = f"<p>The class that counts as selected is {escape(positive)}.</p>" if positive else ""
        parts.append(f"{_about(version, one)}{selected}")
        parts += [_grouped(*column) for column in judged.FairnessView(one).columns]
    return f"<h2>Fairness</h2>{''.join(parts)}"


def _grouped(found: Grouped, measures: TableView, groups: TableView) -> str:
    title = f"By {escape(found.column)}: {cells.verdict(found.verdict)}"
    return (
        f"<h2>{title}</h2><p>{escape(judged.sentence(found))}</p>"
        f"{cells.listed(measures, f'Measures by {found.column}')}"
        f'<div class="figure">{judged.picture(found)}</div>{cells.listed(groups, f"Groups of {found.column}")}'
        f"{_notes(judged.notes(found))}"
    )
