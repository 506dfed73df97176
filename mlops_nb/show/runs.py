"""Runs in lists: only the columns that say something."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Run
from mlops_nb.show import facts, page
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, digest, number, param, seconds, short, when
from mlops_nb.store.masking import MASK

_MARKS = {"running": "◌", "finished": "●", "failed": "✕", "interrupted": "◍"}
KINDS = {"running": "busy", "finished": "good", "failed": "bad", "interrupted": "warn"}
_METRICS, _PARAMS = 6, 5


def mark(status: str) -> str:
    """A status as sign and word."""
    return f"{_MARKS.get(status, '?')} {status}"


def _status(run: Run) -> str:
    return mark(run.status) + (", in the trash" if run.trashed else "")


def list_view(results: Any) -> TableView:
    """A page of runs."""
    items: tuple[Run, ...] = results.items
    shown = _telling(items)
    hidden = len({name for run in items for name in run.metrics}) - len(shown)
    lines = [
        results.note,
        f"{hidden} more metrics in .df" if hidden else "",
        f"{len(items)} shown; the next page is after=runs.next_page" if results.next_page else "",
    ]
    return TableView(run_columns(items, results.columns), items, "\n".join(line for line in lines if line))


def run_columns(items: tuple[Run, ...], chosen: Sequence[str] = ()) -> list[Column]:
    """The columns of a list of runs: those that tell its runs apart, or the chosen ones, as a filter names them."""
    columns = [
        Column("run", lambda r: short(r.id), mono=True, field="id"),
        Column("experiment", lambda r: r.experiment, field="experiment"),
        Column("status", _status, sign=lambda r: page.sign(_status(r), KINDS[r.status]), field="status"),
        Column("started", lambda r: when(r.started_us), field="started"),
        Column("wall", lambda r: seconds(r.wall_s), right=True, field="wall"),
    ]
    if chosen:
        return columns + [_keyed(field, items) for field in chosen if "." in field]
    columns += [_metric(name, items) for name in _telling(items)]
    columns += [_param(name) for name in varying(items)[:_PARAMS]]
    return [*columns, Column("train", _train), Column("note", lambda r: cut(r.note, 40), field="note")]


def _keyed(field: str, items: Sequence[Run]) -> Column:
    """A column by its name in a filter: `metrics.auc`, `params.lr`, `values.n`, `tags.team`."""
    space, _, name = field.partition(".")
    if space == "metrics":
        return _metric(name, items)
    if space == "params":
        return _param(name)
    if space == "values":
        return Column(name, lambda run: number(run.values.get(name)), right=True, field=field)
    return Column(name, lambda run: cut(run.tags.get(name, ""), 24), field=field)


def _telling(items: tuple[Run, ...]) -> list[str]:
    """Metrics for the columns: each next one covers most of the runs that show none yet."""
    count = Counter(name for run in items for name in run.metrics)
    # Known direction first, then the most frequent: `auc` before a count, and never a curve on training data first.
    ranked = sorted(count, key=lambda name: (direction(name) == 0 or name.startswith("train"), -count[name]))
    chosen: list[str] = []
    bare = [run for run in items if run.metrics]
    while bare and len(chosen) < _METRICS:
        best = max(ranked, key=lambda name: (sum(name in run.metrics for run in bare), -ranked.index(name)))
        chosen.append(best)
        bare = [run for run in bare if best not in run.metrics]
    known = [name for name in ranked if name not in chosen and direction(name) and not name.startswith("train")]
    return chosen + known[: max(0, 3 - len(chosen))]


def _metric(name: str, items: Sequence[Run]) -> Column:
    """A metric; the best of the page stands out where it is known what is better."""
    values = [run.metrics[name] for run in items if name in run.metrics and math.isfinite(run.metrics[name])]
    way = direction(name)
    best = (max(values) if way > 0 else min(values)) if values and way and len(values) > 1 else None
    return Column(
        name,
        lambda run: number(run.metrics.get(name)),
        right=True,
        strong=lambda run: best is not None and run.metrics.get(name) == best,
        field=f"metrics.{name}",
    )


def _param(name: str) -> Column:
    return Column(name, lambda run: cut(param(run.params.get(name)), 24), field=f"params.{name}")


def varying(items: tuple[Run, ...]) -> list[str]:
    """Params that are not the same in all runs; of a single run, all of them."""
    seen: dict[str, set[str]] = {}
    count: Counter[str] = Counter()
    for run in items:
        for name, value in run.params.items():
            if name in run.defaults or value == MASK:
                continue
            seen.setdefault(name, set()).add(repr(value))
            count[name] += 1
    if len(items) == 1:
        return list(seen)
    told = [name for name in seen if len(seen[name]) > 1 or count[name] < len(items)]
    # What takes different values says more than what one run lacks.
    return sorted(told, key=lambda name: (len(seen[name]) < 2, -count[name], name))


def _train(run: Run) -> str:
    found = [d for d in run.datasets if d.role == "train"]
    widest = max(found, key=lambda d: d.columns, default=None)
    return f"{digest(widest.digest)[:4]} {widest.rows:,}×{widest.columns}" if widest else ""


def view(value: Any) -> facts.FactsView:
    """One run, or one that is being recorded."""
    if not isinstance(value, Run):
        return facts.FactsView([("run", value.id), ("experiment", value.experiment), ("status", mark(value.status))])
    chosen = {name: v for name, v in value.params.items() if name not in value.defaults}
    return facts.FactsView(
        [
            ("started", when(value.started_us)),
            ("wall", seconds(value.wall_s)),
            ("metrics", ", ".join(f"{name} {number(v)}" for name, v in value.metrics.items())),
            ("params", ", ".join(f"{name} {param(v)}" for name, v in chosen.items())),
            ("tags", ", ".join(f"{name} = {text}" for name, text in value.tags.items())),
            ("data", ", ".join(f"{d.role} {digest(d.digest)[:4]} {d.rows:,}×{d.columns}" for d in value.datasets)),
            ("note", value.note),
        ],
        f"{_status(value)}  {short(value.id)}  {value.experiment}",
    )
