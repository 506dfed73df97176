"""Evaluations: metrics with intervals beside a baseline, groups, and where the model errs."""

from __future__ import annotations

from typing import Any

from mlops_nb.registry.evaluating.model import Baseline, Evaluation, Sliced
from mlops_nb.registry.evaluating.resampling import GroupScored, Scored
from mlops_nb.show import page
from mlops_nb.show.gates import who
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, digest, number, when

_GROUPS = 12
_HEADLINE = {"binary": ("roc_auc", "average_precision", "f1"), "multiclass": ("accuracy", "f1_macro", "log_loss")}


def _headline(evaluation: Evaluation) -> str:
    names = _HEADLINE.get(evaluation.task, ("rmse", "mae", "r2"))
    return ", ".join(f"{n} {number(evaluation.metrics.get(n))}" for n in names if evaluation.metrics.get(n) is not None)


_LIST = (
    Column("version", lambda e: e.ref),
    Column("data", lambda e: digest(e.dataset), mono=True),
    Column("rows", lambda e: f"{e.rows:,}", right=True),
    Column("truth", lambda e: e.findings.target),
    Column("metrics", _headline),
    Column("by", who),
    Column("when", lambda e: when(e.created_us)),
)


def list_view(results: Any) -> TableView:
    """Evaluations of a version."""
    return TableView(_LIST, results.items, results.note)


def view(value: Evaluation) -> EvaluationView:
    """One evaluation."""
    return EvaluationView(value)


def _interval(one: Scored) -> str:
    return _between(one.low, one.high)


def _between(low: float | None, high: float | None) -> str:
    return f"{number(low)} – {number(high)}" if low is not None and high is not None else ""


def _beside(baselines: tuple[Baseline, ...]) -> list[Column]:
    return [_baseline(one) for one in baselines]


def _baseline(one: Baseline) -> Column:
    return Column(one.name, lambda scored: _of(one.scored, scored.name), right=True)


def _in_groups(name: str) -> Column:
    return Column(name, lambda group: _group_value(group, name), right=True)


def _of(scored: tuple[Scored, ...], name: str) -> str:
    return next((number(one.value) for one in scored if one.name == name), "")


class EvaluationView:
    """An evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        found = evaluation.findings
        columns = [
            Column("metric", lambda s: s.name),
            Column("value", lambda s: number(s.value), right=True),
            Column("95 % interval", _interval, right=True),
            Column("better", lambda s: "higher" if s.higher_is_better else "lower"),
            *_beside(found.baselines),
            Column("note", lambda s: s.why),
        ]
        self.metrics = TableView(columns, found.scored)
        self.slices = [self._groups(one) for one in found.slices]

    def _groups(self, sliced: Sliced) -> TableView:
        names = [n for n in _HEADLINE.get(self.evaluation.task, ("rmse", "mae", "r2")) if n in self.evaluation.metrics]
        columns = [
            Column(sliced.column, lambda g: cut(g.group, 40)),
            Column("rows", lambda g: f"{g.n:,}", right=True),
            Column("share", lambda g: f"{g.share:.1%}", right=True),
            *(_in_groups(name) for name in names),
        ]
        more = len(sliced.groups) - _GROUPS
        return TableView(columns, sliced.groups[:_GROUPS], f"and {more} smaller groups" if more > 0 else "")

    @property
    def _head(self) -> str:
        e = self.evaluation
        said = "  (on record already)" if e.existed else ""
        return f"{e.ref} on {e.rows:,} rows of {digest(e.dataset)}, truth: {e.findings.target}{said}"

    def text(self) -> str:
        """As text."""
        return "\n\n".join([f"{self._head}\n{self.metrics.text()}", *(one.text() for one in self.slices)])

    def html(self) -> str:
        """As HTML."""
        e = self.evaluation
        title = f'<div style="margin-bottom:4px">{page.strong(self._head)}</div>'
        made = f"{when(e.created_us)} by {who(e)}; evidence {e.digest[:12]}"
        by = f'<div style="margin-top:6px">{page.muted(made)}</div>'
        more = [page.opening(f"by {page.escape(s.columns[0].title)}", s.html()) for s in self.slices]
        confused = page.opening("confusion", self._confusion()) if e.confusion is not None else ""
        calibrated = page.opening("calibration", self._calibration()) if e.findings.calibration is not None else ""
        return page.frame(title, self.metrics.html(), *more, confused, calibrated, by)

    def _confusion(self) -> str:
        found = self.evaluation.confusion
        assert found is not None  # noqa: S101 (asked for where there is one)
        rows = [
            [page.escape(label), *(f"{n:,}" for n in counts)]
            for label, counts in zip(found.labels, found.counts, strict=True)
        ]
        return page.table(["was ↓, said →", *found.labels], rows, range(1, len(found.labels) + 1))

    def _calibration(self) -> str:
        found = self.evaluation.findings.calibration
        assert found is not None  # noqa: S101 (asked for where there is one)
        rows = [
            [number(one.predicted), number(one.observed), _between(one.observed_low, one.observed_high), f"{one.n:,}"]
            for one in found.bins
        ]
        return page.table(["said", "was", "95 % interval", "rows"], rows, range(4))


def _group_value(group: GroupScored, name: str) -> str:
    one = next((one for one in group.scored if one.name == name), None)
    if one is None or one.value is None:
        return ""
    return number(one.value) if one.low is not None else f"{number(one.value)} (too few rows)"
