"""The HTML of the page that compares runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Comparison, DifferenceRow
from mlops_nb.show import drawing
from mlops_nb.show.page import escape
from mlops_nb.show.runs import KINDS, mark
from mlops_nb.show.words import cut, number, param
from mlops_nb.store.ids import told_apart

if TYPE_CHECKING:
    from mlops_nb.pages.compare.view import CompareAddress, CompareFound


def shared(comparison: Comparison) -> tuple[str, ...]:
    """The metrics that are curves in at least two of the runs, most shared first, training data last."""
    count = Counter(name for run in comparison.runs for name in run.best)
    found = [name for name in count if count[name] > 1]
    return tuple(sorted(found, key=lambda name: (name.startswith("train"), -count[name], name)))


def missing() -> str:
    """There is nothing to compare."""
    return markup.heading("Compare") + f"<p>{markup.link('Select runs to compare', 'runs')}</p>"


def top(found: CompareFound, typed: str) -> str:
    """The sentences, then what differs."""
    comparison = found.comparison
    first, *others = comparison.sentences or ("",)
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in others)
    head = markup.heading(
        f"Compare {len(comparison.runs)} runs", f"<strong>{escape(first)}</strong>", cell=typed, csv=True
    )
    return head + f'<div class="lead">{said}</div>' + _differences(comparison)


def _differences(comparison: Comparison) -> str:
    if not comparison.differences:
        return '<p class="muted">Nothing differs that was recorded.</p>'
    head = '<th scope="col">what</th><th scope="col">name</th>' + "".join(
        _column(comparison, i) for i in range(len(comparison.runs))
    )
    return "<h2>What differs</h2>" + markup.table(
        head, (_row(row) for row in comparison.differences), "What differs between the runs"
    )


def _column(comparison: Comparison, i: int) -> str:
    run = comparison.runs[i]
    short = told_apart([one.id for one in comparison.runs])[run.id]
    name = markup.link(f'<span class="mono">{escape(short)}</span>', f"run?run={run.id}")
    return f'<th scope="col" class="num">{name}<br>{markup.sign(mark(run.status), KINDS[run.status])}</th>'


def _row(row: DifferenceRow) -> str:
    numbers = [v for v in row.values if isinstance(v, int | float) and not isinstance(v, bool) and v == v]
    way = direction(row.name) if row.kind == "metric" else 0
    best = (max(numbers) if way > 0 else min(numbers)) if way and len(set(numbers)) > 1 else None
    cells = "".join(_value(row, value, value is not None and value == best) for value in row.values)
    return f'<tr><td class="muted">{escape(row.kind)}</td><th scope="row">{escape(cut(row.name, 60))}</th>{cells}</tr>'


def _value(row: DifferenceRow, value: object, best: bool) -> str:
    text = "–" if value is None else escape(cut(number(value) if row.kind == "metric" else param(value), 60))
    return f'<td class="num">{f"""<span class="best" title="best">★ {text}</span>""" if best else text}</td>'


def curves(address: CompareAddress, found: CompareFound) -> str:
    """The curves as a picture with their sentences: what stands until the chart does, and in a saved file."""
    if not found.curves:
        return ""
    names = told_apart([run.id for run in found.comparison.runs])
    said = "".join(
        f"<p><span class='mono'>{escape(names[c.run])}</span>: {escape(drawing.curve_sentence(c))}</p>"
        for c in found.curves[:5]
    )
    return chips(address, found) + said + drawing.curves(list(found.curves))


def chips(address: CompareAddress, found: CompareFound) -> str:
    """The heading of the curves, and the other metrics that the runs share."""
    chosen = found.curves[0].metric if found.curves else ""
    others = [
        markup.link(escape(name), replace(address, metric=name).link(), here=True, kind="chip")
        for name in found.shared
        if name != chosen
    ]
    line = f'<div class="chips">{"".join(others[:20])}</div>' if others and not markup.still() else ""
    return f"<h2>{escape(chosen)} along its steps</h2>{line}"


def rest(found: CompareFound) -> str:
    """Parallel coordinates, with their sentence; the table above is their twin."""
    picture = drawing.parallel(found.comparison)
    if not picture:
        return ""
    return f"<h2>Params to metrics</h2><p>{escape(drawing.parallel_sentence(found.comparison))}</p>{picture}"
