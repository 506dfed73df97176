"""Experiments in a list."""

from __future__ import annotations

from typing import Any

from mlops_nb.runs.model import Experiment
from mlops_nb.show import facts
from mlops_nb.show.drawing import spark
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, number, short, sparkline, when


def trend_words(experiment: Experiment) -> str:
    """What the trend shows, for who does not see it."""
    first, last = experiment.trend[0], experiment.trend[-1]
    return f"{experiment.metric} of the newest {len(experiment.trend)} finished runs: {number(first)} to {number(last)}"


def trend(experiment: Experiment) -> str:
    """The trend as a small picture; empty when there are fewer than two values."""
    return spark(experiment.trend, trend_words(experiment)) if experiment.trend else ""


COLUMNS = (
    Column("experiment", lambda e: e.name),
    Column("runs", lambda e: f"{e.runs:,}", right=True),
    Column("running", lambda e: f"{e.running:,}" if e.running else "", right=True),
    Column("failed", lambda e: f"{e.failed:,}" if e.failed else "", right=True),
    Column("metric", lambda e: cut(e.metric, 30)),
    Column("best", lambda e: number(e.best), right=True),
    Column("best run", lambda e: short(e.best_run), mono=True),
    Column("trend", lambda e: sparkline(e.trend), sign=trend),
    Column("last active", lambda e: when(e.last_us)),
)


def list_view(results: Any) -> TableView:
    """A list of experiments."""
    return TableView(COLUMNS, results.items, results.note)


def view(value: Experiment) -> facts.FactsView:
    """One experiment."""
    shown = {"trend", "name", "best_run", "last_run"}
    pairs = [(name, text) for name, text in facts.pairs(value) if name.replace(" ", "_") not in shown]
    pairs += [
        ("best run", short(value.best_run)),
        ("last run", short(value.last_run)),
        ("trend", sparkline(value.trend)),
    ]
    return facts.FactsView(pairs, value.name)
