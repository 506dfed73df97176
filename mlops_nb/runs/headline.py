"""The metric that says which run is best: one rule for cards, comparisons, lists, experiments and pages.

It has a known direction and was not computed on training data. The most used one counts; of equals a score that was
logged once before a curve, then the one that was logged first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mlops_nb.runs.directions import direction

if TYPE_CHECKING:
    from mlops_nb.runs.model import MetricDetail, Run
    from mlops_nb.runs.query.reader import Reader


def of_metrics(metrics: Iterable[MetricDetail]) -> MetricDetail | None:
    """The headline of one run's metrics, which are in the order that they were logged; None when there is none."""
    judged = [metric for metric in metrics if metric.direction and metric.role != "train"]
    return min(judged, key=lambda metric: metric.points > 1, default=None)


def of_runs(reader: Reader, runs: Sequence[Run]) -> str:
    """The headline of a list of runs; empty when there is none.

    A metric whose name says that it is of training data is none.
    """
    # Here: a card needs the rule above after each tracked cell, and not the search.
    from mlops_nb.runs.query.reader import batched

    count = Counter(name for run in runs for name in run.metrics if direction(name) and not name.startswith("train"))
    tied = [name for name in count if count[name] == max(count.values())]
    curves = {name for run in runs for name in run.best}
    rows = batched(reader, "SELECT id, name FROM key WHERE name IN ({places})", tied)
    return str(min(rows, key=lambda row: (row[1] in curves, row[0]))[1]) if rows else ""
