"""Deployments, what they answered, and what they wrote."""

from __future__ import annotations

from typing import Any

from mlops_nb.errors import quoted
from mlops_nb.serving.model import Deployment, Log, Prediction
from mlops_nb.show import facts, page
from mlops_nb.show.stages import stage_html, stage_text
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import number, seconds, when

_MARKS = {"ready": "●", "starting": "◌", "down": "✕", "stopped": "○"}
_KINDS = {"ready": "good", "starting": "busy", "down": "bad", "stopped": "quiet"}
_ROWS = 20
_DEPLOYMENTS = (
    Column("deployment", lambda d: d.name),
    Column("status", lambda d: mark(d.status), sign=lambda d: _sign(d.status)),
    Column("version", lambda d: d.version),
    Column("stage", lambda d: stage_text(d.stage, d.mark), sign=lambda d: stage_html(d.stage, d.mark)),
    Column("url", lambda d: d.url, mono=True),
    Column("since", lambda d: when(d.started_us) if d.wanted else ""),
    Column("restarts", lambda d: str(d.restarts or ""), right=True),
)


def mark(status: str) -> str:
    """A status as sign and word."""
    return f"{_MARKS.get(status, '?')} {status}"


def _sign(status: str) -> str:
    return page.sign(mark(status), _KINDS[status])


def list_view(results: Any) -> TableView:
    """Deployments."""
    return TableView(_DEPLOYMENTS, results.items, results.note)


def view(value: Any) -> Any:
    """One deployment, prediction or log."""
    if isinstance(value, Prediction):
        return _prediction(value)
    if isinstance(value, Log):
        return LogView(value)
    return _deployment(value)


def _deployment(value: Deployment) -> facts.FactsView:
    status = value.status
    name = quoted(value.name)
    ask = f"%predict {name} ROWS" if status == "ready" else f"%logs {name}" if status == "down" else ""
    return facts.FactsView(
        [
            ("version", " ".join((value.version, stage_text(value.stage, value.mark))).rstrip()),
            ("address", value.url if value.wanted else ""),
            ("restarts", str(value.restarts) if value.restarts else ""),
            ("next", ask),
        ],
        f"{mark(status)}  {value.name}",
    )


def _prediction(value: Prediction) -> TableView:
    columns = [
        Column("row", lambda item: str(item[0]), right=True),
        Column("predict", lambda item: _shown(item[1]), right=True),
    ]
    for i, label in enumerate(value.classes):
        columns.append(_probability(i, label))
    rows = list(
        zip(
            range(len(value.values)),
            value.values,
            value.outputs.get("probability") or [()] * len(value.values),
            strict=True,
        )
    )
    more = f"and {len(rows) - _ROWS:,} more rows (.values); " if len(rows) > _ROWS else ""
    return TableView(columns, rows[:_ROWS], f"{more}answered by {value.version} in {seconds(value.seconds)}")


def _probability(i: int, label: object) -> Column:
    return Column(f"p({label})", lambda item: number(float(item[2][i])) if len(item[2]) > i else "", right=True)


def _shown(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


class LogView:
    """The last lines that a service wrote."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def text(self) -> str:
        """As text."""
        return "\n".join(self.log.lines) or f"{self.log.name} has written nothing yet"

    def html(self) -> str:
        """As HTML."""
        return page.frame(page.code(self.text()))
