"""One run whole, and the line that stands for it under its cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mlops_nb.runs.line import RunLine
from mlops_nb.runs.model import ArtifactUse, DatasetUse, MetricDetail, RunCard
from mlops_nb.show import page
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.table import aligned
from mlops_nb.show.words import cut, digest, number, seconds, short, signed, size, sparkline, when

_SOURCES = {"changed": "estimator, not its default", "earlier cell": "an earlier cell"}


def view(value: Any) -> Any:
    """A card or a line."""
    return LineView(value) if isinstance(value, RunLine) else CardView(value)


def _headline(card: RunCard) -> MetricDetail | None:
    judged = [m for m in card.metrics if m.role != "train"]
    return next((m for m in judged if m.direction), judged[0] if judged else None)


def _models(card: RunCard) -> list[ArtifactUse]:
    return [a for a in card.artifacts if a.kind == "model"]


def _train(card: RunCard) -> DatasetUse | None:
    return max((d for d in card.run.datasets if d.role == "train"), key=lambda d: d.columns, default=None)


def _cost(card: RunCard) -> str:
    capture = f" (+{card.capture_s:.2f})" if card.capture_s is not None else ""
    return f"{seconds(card.run.wall_s)}{capture}" if card.run.wall_s is not None else ""


@dataclass(frozen=True, slots=True)
class LineView:
    """`● 01K3F9A… flights-delay  auc 0.871 ▲0.012  train 4f1c 245,000×7  2.1 s (+0.06)`."""

    line: RunLine

    def _parts(self) -> list[str]:
        line, card = self.line, self.line.card
        if card is None:
            return ["✕", short(line.id), line.experiment, f"NOT SAVED: {line.unsaved}"]
        sign = mark(card.run.status).split(" ")
        parts = [sign[0], short(line.id), line.experiment]
        if card.run.status != "finished":
            parts.append(f"{sign[1]}{f' ({cut(card.error)})' if card.error else ''}")
        head = _headline(card)
        if head is not None:
            delta = f" {signed(card.delta[1])}" if card.delta and card.delta[0] == head.name else ""
            parts.append(f"{head.name} {number(head.last)}{delta}")
        train = _train(card)
        if train is not None:
            parts.append(f"train {digest(train.digest)[:4]} {train.rows:,}×{train.columns}")
        models = _models(card)
        if models:
            parts.extend(f"{a.name} {size(a.bytes)}" for a in models[:2])
        elif line.pending and "estimator" in card.run.params:
            parts.append(cut(card.run.params["estimator"], 40))
        if card.problems:
            parts.append(f"{len(card.problems)} not captured")
        parts += [_cost(card), f"NOT ALL SAVED: {line.unsaved}" if line.unsaved else ""]
        return [p for p in parts if p] + (["(dry: nothing was recorded)"] if line.dry else [])

    def text(self) -> str:
        """As one line."""
        return f"{self._parts()[0]} " + "  ".join(self._parts()[1:])

    def html(self) -> str:
        """As a line that opens to the card."""
        parts = self._parts()
        card = self.line.card
        kind = KINDS[card.run.status] if card is not None else "bad"
        strong = f"{page.sign(parts[0], kind)} {page.mono(parts[1])}"
        rest = "".join(f'<span style="margin-left:14px">{page.escape(p)}</span>' for p in parts[2:])
        if card is None:
            return page.frame(f"<div>{strong}{rest}</div>")
        later = page.muted("its model and profiles are being saved; %show has them") if self.line.pending else ""
        return page.frame(page.opening(strong + rest, CardView(card).body() + later))


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything that is known of a run."""

    card: RunCard

    def _title(self) -> str:
        run = self.card.run
        return f"{mark(run.status)}  {run.id}  {run.experiment}"

    def _facts(self) -> list[tuple[str, str]]:
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

    def _metric_rows(self) -> list[list[str]]:
        rows = []
        for m in self.card.metrics:
            span = (
                f"{sparkline(m.curve)} {number(m.least)} … {number(m.greatest)} in {m.points:,}" if m.points > 1 else ""
            )
            rows.append(
                [
                    cut(m.name, 40),
                    number(m.last),
                    {1: "↑", -1: "↓"}.get(m.direction, ""),
                    m.role or "",
                    span,
                    m.provenance or "",
                ]
            )
        return rows

    def _param_rows(self, sources: Iterable[str]) -> list[list[str]]:
        return [
            [cut(p.name, 40), cut(p.value), _SOURCES.get(p.source, p.source)]
            for p in self.card.params
            if p.source in sources
        ]

    def _dataset_rows(self) -> list[list[str]]:
        return [
            [d.role, cut(d.variable, 40), digest(d.digest), f"{d.rows:,}×{d.columns}", d.place]
            for d in self.card.run.datasets
        ]

    def _artifact_rows(self) -> list[list[str]]:
        return [
            [a.kind, cut(a.name, 40), str(a.detail.get("class", "")), size(a.bytes), a.digest[:8]]
            for a in self.card.artifacts
        ]

    def _tables(self) -> list[tuple[str, list[str], list[list[str]], list[int]]]:
        chosen = ("typed", "cell", "earlier cell", "changed", "logged")
        return [
            ("Metrics", ["metric", "value", "better", "data", "range", "from"], self._metric_rows(), [1]),
            ("Params", ["param", "value", "from"], self._param_rows(chosen), []),
            ("Datasets", ["role", "variable", "fingerprint", "size", "from"], self._dataset_rows(), [3]),
            ("Artifacts", ["kind", "name", "class", "size", "digest"], self._artifact_rows(), [3]),
        ]

    def text(self) -> str:
        """As text."""
        lines = [
            self._title(),
            *aligned(["", ""], [(n, cut(v, 110)) for n, v in self._facts() if v], [False, False])[1:],
        ]
        for title, columns, rows, right in self._tables():
            if rows:
                shown = [[cut(cell, 70) for cell in row] for row in rows]
                lines += [
                    "",
                    title,
                    *("  " + line for line in aligned(columns, shown, [i in right for i in range(len(columns))])),
                ]
        defaults = self._param_rows(("default",))
        if defaults:
            lines += ["", f"and {len(defaults)} params at their defaults"]
        lines += ["", *[f"not captured: {what}" for what in self.card.problems]] if self.card.problems else []
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
        parts = [page.facts((n, page.escape(v)) for n, v in self._facts())]
        for title, columns, rows, right in self._tables():
            if rows:
                parts += [
                    page.heading(title),
                    page.table(columns, [[page.escape(c) for c in row] for row in rows], right),
                ]
        defaults = self._param_rows(("default",))
        if defaults:
            table = page.table(["param", "value"], [[page.escape(c) for c in row[:2]] for row in defaults])
            parts.append(page.opening(page.muted(f"{len(defaults)} params at their defaults"), table))
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
