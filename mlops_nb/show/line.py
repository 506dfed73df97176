"""The line that stands for a run under its cell, and opens to its card."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_nb.runs import headline
from mlops_nb.runs.line import RunLine
from mlops_nb.runs.model import ArtifactUse, DatasetUse, MetricDetail, RunCard
from mlops_nb.show import page
from mlops_nb.show.card import CardView
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.words import cut, digest, number, seconds, short, signed, size


def _shown_first(card: RunCard) -> MetricDetail | None:
    """The headline; where nothing says what is better, the first metric that is not of training data."""
    others = (metric for metric in card.metrics if metric.role != "train")
    return headline.of_metrics(card.metrics) or next(others, None)


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
        head = _shown_first(card)
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


def view(value: RunLine) -> LineView:
    """The line of a run."""
    return LineView(value)
