"""The part of a version's page about how good it is: metrics with intervals, groups, calibration, errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.pages.standing import score
from mlops_nb.registry.evaluating.model import Evaluation, Findings, Sliced
from mlops_nb.show import diagrams
from mlops_nb.show.evaluation import EvaluationView
from mlops_nb.show.page import escape
from mlops_nb.show.words import cut, digest, number, when

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.registry.standing import Standing

_MOST = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """An evaluation, and all there are: (ULID, when, dataset), the newest first."""

    chosen: Evaluation | None
    every: tuple[tuple[str, int, str], ...]


def html(version: Version, ready: Standing, found: Judged) -> str:
    """The whole part."""
    one = found.chosen
    if one is None:
        fix = f"%evaluate {markup.word(version.ref)} DATA --target COLUMN"
        said = markup.sign("? not evaluated:", "warn") + " nobody can say how good it is."
        return f"<h2>Evaluation</h2><p>{said} {markup.copier(f'Copy: {fix}', fix)}</p>"
    findings = one.findings
    newest = found.every[0][0] == one.id
    lead = f"<p>{', '.join(line for line in score(ready) if line)}.</p>" if newest and ready.score is not None else ""
    about = (
        f'<p class="muted">On {one.rows:,} rows of <span class="mono">{digest(one.dataset)}</span>, truth: '
        f"{escape(findings.target)}; {escape(when(one.created_us))} by {cells.who(one.actor, one.verified)}; evidence "
        f'<span class="mono">{digest(one.digest)}</span>. {_earlier(version, found)}</p>'
    )
    metrics = cells.listed(EvaluationView(one).metrics, "Metrics")
    old = "" if newest else f"<p>{markup.sign('▲ An earlier evaluation:', 'warn')} a newer one is on record.</p>"
    rest = "".join(_slices(one, sliced, i) for i, sliced in enumerate(findings.slices))
    return f"<h2>Evaluation</h2>{old}{lead}{about}{metrics}{rest}{_calibration(findings)}{_confusion(one)}"


def _earlier(version: Version, found: Judged) -> str:
    others = [one for one in found.every if found.chosen is None or one[0] != found.chosen.id][:_MOST]
    if not others or markup.still():
        return ""
    links = ", ".join(
        cells.version(version.ref, escape(when(at)), part="evaluation", evaluation=identity)
        for identity, at, _ in others
    )
    return f"Others: {links}."


def _slices(one: Evaluation, sliced: Sliced, index: int) -> str:
    """Groups of one column: intervals under each other, and the table that says the same."""
    view = EvaluationView(one).slices[index]
    names = [scored.name for scored in one.findings.scored]
    name = names[0] if names else ""
    whole = one.findings.scored[0].value if names else None
    rows = []
    for group in sliced.groups[:_MOST]:
        scored = next((s for s in group.scored if s.name == name), None)
        if scored is not None:
            rows.append(diagrams.Ranged(f"{group.group} ({group.n:,})", scored.value, scored.low, scored.high))
    few = [row.name for row in rows if row.low is None]
    said = f"{name} by {sliced.column}, with 95 % intervals"
    less = f"; too few rows for one: {cut(', '.join(few), 200)}" if few else ""
    drawn = diagrams.intervals(rows, f"{said}.", mark=whole, marked=f"all {number(whole)}") if rows else ""
    return (
        f"<h2>By {escape(sliced.column)}</h2><p>{escape(said + less)}.</p>"
        f'<div class="two"><div class="figure">{drawn}</div>'
        f"<div>{cells.listed(view, f'By {sliced.column}')}</div></div>"
    )


def _calibration(findings: Findings) -> str:
    found = findings.calibration
    if found is None:
        return ""
    head = "".join(f'<th scope="col" class="num">{name}</th>' for name in ("said", "came so", "95 % interval", "rows"))
    rows = (
        f'<tr><td class="num">{number(b.predicted)}</td><td class="num">{number(b.observed)}</td>'
        f'<td class="num">{number(b.observed_low)} – {number(b.observed_high)}</td><td class="num">{b.n:,}</td></tr>'
        for b in found.bins
    )
    listed = markup.table(head, rows, "Calibration")
    return (
        f"<h2>Calibration</h2><p>{escape(diagrams.calibration_sentence(found))}</p>"
        f'<div class="two"><div class="figure">{diagrams.calibration(found)}</div><div>{listed}</div></div>'
    )


def _confusion(one: Evaluation) -> str:
    found = one.confusion
    if found is None:
        return ""
    titles = ("was ↓, said →", *(cut(label, 40) for label in found.labels))
    head = "".join(f'<th scope="col"{" class=num" if i else ""}>{escape(name)}</th>' for i, name in enumerate(titles))
    rows = (
        f'<tr><th scope="row">{escape(cut(label, 40))}</th>'
        + "".join(f'<td class="num">{n:,}</td>' for n in counts)
        + "</tr>"
        for label, counts in zip(found.labels, found.counts, strict=True)
    )
    return f"<h2>Where it errs</h2>{markup.table(head, rows, 'Confusion')}"
