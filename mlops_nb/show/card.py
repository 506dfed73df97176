"""One run, whole: a card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_nb.runs.model import MetricDetail, ParamDetail, RunCard
from mlops_nb.show import page
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, digest, number, seconds, short, size, sparkline, when

_SOURCES = {"changed": "estimator, not its default", "earlier cell": "an earlier cell"}


def _range(metric: MetricDetail) -> str:
    if metric.points < 2:
        return ""
    return f"{sparkline(metric.curve)} {number(metric.least)} … {number(metric.greatest)} in {metric.points:,}".strip()


_METRICS = (
    Column("metric", lambda m: cut(m.name, 40)),
    Column("value", lambda m: number(m.last), right=True),
    Column("better", lambda m: {1: "↑", -1: "↓"}.get(m.direction, "")),
    Column("data", lambda m: m.role or ""),
    Column("range", _range),
    Column("from", lambda m: m.provenance or ""),
)
PARAMS = (
    Column("param", lambda p: cut(p.name, 40)),
    Column("value", lambda p: cut(p.value)),
    Column("from", lambda p: _SOURCES.get(p.source, p.source)),
)
_DATASETS = (
    Column("role", lambda d: d.role),
    Column("variable", lambda d: cut(d.variable, 40)),
    Column("fingerprint", lambda d: digest(d.digest), mono=True),
    Column("size", lambda d: f"{d.rows:,}×{d.columns}", right=True),
    Column("from", lambda d: d.place),
)
_ARTIFACTS = (
    Column("kind", lambda a: a.kind),
    Column("name", lambda a: cut(a.name, 40)),
    Column("class", lambda a: str(a.detail.get("class", ""))),
    Column("size", lambda a: size(a.bytes), right=True),
    Column("digest", lambda a: a.digest[:8], mono=True),
)


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything that is known of a run."""

    card: RunCard

    def _title(self) -> str:
        run = self.card.run
        return f"{mark(run.status)}  {run.id}  {run.experiment}"

    def facts(self) -> list[tuple[str, str]]:
        """What there is to say of the run beside its tables: (name, text), empty where there is nothing."""
        card, run = self.card, self.card.run
        git = f"{card.commit[:10]} on {card.branch}{' with changes' if card.diff else ''}" if card.commit else ""
        installed = card.environment.get("distributions")
        count = f", {len(installed)} distributions" if isinstance(installed, dict) else ""
        python = (
            f"Python {card.environment['python']}, {card.environment.get('platform')}{count}"
            if card.environment
            else ""
        )
        cost = [
            seconds(card.run.wall_s),
            f"of which capture {seconds(card.capture_s)}" if card.capture_s is not None else "",
            f"CPU {seconds(card.cpu_s)}" if card.cpu_s is not None else "",
            f"peak {size(card.peak_bytes)}" if card.peak_bytes else "",
            f"{card.rows_read:,} rows read" if card.rows_read else "",
        ]
        return [
            ("error", card.error or ""),
            ("note", run.note),
            ("started", f"{when(run.started_us)} by {run.actor}"),
            ("cost", ", ".join(c for c in cost if c)),
            ("part of", short(run.parent) if run.parent else ""),
            ("notebook", card.notebook or ""),
            ("git", git),
            ("environment", python),
            ("modules", ", ".join(f"{n} {d[:6]}" for n, d in list(card.modules.items())[:6])),
            ("tags", ", ".join(f"{k} = {v}" for k, v in run.tags.items())),
            ("values", ", ".join(f"{k} = {number(v)}" for k, v in run.values.items())),
        ]

    def tables(self) -> list[tuple[str, TableView]]:
        """Metrics, params, datasets, artifacts: those that the run has, by title."""
        card = self.card
        found: list[tuple[str, Sequence[Column], Sequence[Any]]] = [
            ("Metrics", _METRICS, card.metrics),
            ("Params", PARAMS, [p for p in card.params if p.source != "default"]),
            ("Datasets", _DATASETS, card.run.datasets),
            ("Artifacts", _ARTIFACTS, card.artifacts),
        ]
        return [(title, TableView(columns, items)) for title, columns, items in found if items]

    def defaults(self) -> list[ParamDetail]:
        """The params of estimators that were left as they are."""
        return [p for p in self.card.params if p.source == "default"]

    def text(self) -> str:
        """As text."""
        pairs = [(name, cut(value, 110)) for name, value in self.facts() if value]
        lines = [self._title(), *aligned(["", ""], pairs, [False, False])[1:]]
        for title, table in self.tables():
            lines += ["", title, *("  " + line for line in table.text().splitlines())]
        if self.defaults():
            lines += ["", f"and {len(self.defaults())} params at their defaults"]
        if self.card.problems:
            lines += ["", *(f"not captured: {what}" for what in self.card.problems)]
        if self.card.source:
            lines += ["", "Cell", *("  " + line for line in self.card.source.splitlines())]
        return "\n".join(lines)

    def html(self) -> str:
        """As HTML."""
        run = self.card.run
        words = f"{page.sign(mark(run.status), KINDS[run.status])} {page.mono(run.id)} {page.strong(run.experiment)}"
        return page.frame(f'<div style="margin-bottom:6px;word-spacing:6px">{words}</div>', self.body())

    def body(self) -> str:
        """The card without its title."""
        parts = [page.facts((n, page.escape(v)) for n, v in self.facts())]
        for title, table in self.tables():
            parts += [page.heading(title), table.html()]
        if self.defaults():
            shown = page.muted(f"{len(self.defaults())} params at their defaults")
            parts.append(page.opening(shown, TableView(PARAMS[:2], self.defaults()).html()))
        if self.card.problems:
            parts += [
                page.heading("Not captured"),
                *(f"<div>{page.escape(what)}</div>" for what in self.card.problems),
            ]
        if self.card.pictures:
            parts += [page.heading("Figures"), *(page.picture(png, n) for n, png in self.card.pictures.items())]
        if self.card.source:
            parts += [page.heading("Cell"), page.code(self.card.source)]
        if self.card.stdout:
            parts.append(page.opening(page.muted("Printed"), page.code(self.card.stdout)))
        if self.card.diff:
            parts.append(page.opening(page.muted("Changes since the commit"), page.code(self.card.diff)))
        return "".join(parts)


def view(value: RunCard) -> CardView:
    """The card of a run."""
    return CardView(value)
