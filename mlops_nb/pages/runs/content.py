"""The HTML of the page of runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Run
from mlops_nb.show.drawing import spark
from mlops_nb.show.page import escape
from mlops_nb.show.runs import KINDS, mark, run_columns, varying
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, number, param, short

if TYPE_CHECKING:
    from mlops_nb.pages.runs.view import RunsAddress, RunsFound

_FIT = "model.fit(X_train, y_train)\nauc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BEGIN = (
    "There are no runs yet. In a notebook, put this on top of a cell that fits or scores a model, and run it:",
    "%load_ext mlops_nb",
    "%%track my-experiment",
)


def quoted(name: str, space: str = "metrics") -> str:
    """A key as a filter names it."""
    return f"{space}.{name}" if _PLAIN.fullmatch(name) else f'{space}["{name}"]'


def cell(address: RunsAddress) -> str:
    """What to type for the same list."""
    words = ["%runs"]
    words += [f"--where {markup.word(address.where)}"] if address.where else []
    words += [f"--view {markup.word(address.view)}"] if address.view else []
    words += [f"--sort {markup.word(address.sort)}"] if address.sort else []
    words += ["--trashed"] if address.trashed else []
    words += [f"--limit {address.limit}"] if address.limit != type(address)().limit else []
    words += [f"--after {markup.word(address.after)}"] if address.after else []
    return " ".join(words)


def body(address: RunsAddress, found: RunsFound | None, typed: str, *, can_save: bool, wrong: bool) -> str:
    """The whole page."""
    head = markup.heading("Runs", _lead(found), cell=typed, csv=True, tools=_saving(found) if can_save else "")
    if found is None:
        return head + _filter(address, None, wrong)
    if not found.total and not len(found.runs):
        return head + begin()
    shown = _table(address, found) if len(found.runs) else f'<p class="muted">{_nothing(address, found)}</p>'
    return (
        head
        + _filter(address, found, wrong)
        + _chips(address, found)
        + shown
        + _pager(address, found)
        + _picks(address, can_save)
    )


def begin() -> str:
    """What to type to begin."""
    say, load, track = _BEGIN
    lines = f"{load}\n\n{track}\n{_FIT}"
    return (
        f'<div class="begin"><p>{escape(say)}</p><pre tabindex="0">{escape(lines)}</pre>{markup.copier("Copy", lines)}'
        "<p>The run appears here by itself, with its params, scores, data, code, environment and cost.</p></div>"
    )


def _lead(found: RunsFound | None) -> str:
    if found is None or found.best is None:
        return ""
    best, metric = found.best, found.metric
    alike = [run for run in found.runs if run.params.keys() >= best.params.keys()]
    told = [name for name in varying((*alike, best)) if name in best.params][:4]
    chosen = [f"{escape(name)} {escape(cut(param(best.params[name]), 24))}" for name in told]
    with_ = f", with {', '.join(chosen)}" if chosen else ""
    value = f"<strong>{escape(number(best.metrics[metric]))}</strong>"
    return f"Best {escape(metric)} of all that match: {value} by {_run_link(best)} in {escape(best.experiment)}{with_}."


def _run_link(run: Run) -> str:
    return markup.link(f'<span class="mono">{escape(short(run.id))}</span>', f"run?run={run.id}", title=run.id)


def _nothing(address: RunsAddress, found: RunsFound) -> str:
    said = escape(found.runs.note) if found.runs.note else "No run matches."
    everything = markup.link("Show all runs", type(address)().link(), here=True)
    return f"{said} {everything}"


def _filter(address: RunsAddress, found: RunsFound | None, wrong: bool) -> str:
    if markup.still():
        return f"<p>Filter: <code>{escape(address.where)}</code></p>" if address.where else ""
    field = markup.combo(
        "where",
        address.where,
        "Filter runs",
        kind="where",
        hint="Filter: metrics.auc > 0.8 and params.model = 'hgb'",
        wrong=wrong,
    )
    carried = {
        **_carried(address),
        "sort": address.sort,
        "view": address.view,
        "columns": ",".join(address.columns),
    }
    clear = (
        markup.link("Clear", replace(address, where="", after="", view="").link(), here=True, kind="button")
        if address.where or address.view
        else ""
    )
    form = f'<form class="filter" role="search" aria-label="Filter runs" method="get" action="{markup.href("runs")}">'
    columns = _columns(address, found) if found is not None else ""
    submit = '<button type="submit" class="main">Filter</button>'
    return f"{form}{field}{markup.hidden(carried)}{submit}{clear}</form>{columns}"


def _carried(address: RunsAddress) -> dict[str, str]:
    """What a form of this page leaves as it is."""
    limit = "" if address.limit == type(address)().limit else str(address.limit)
    return {"trashed": "1" if address.trashed else "", "pick": ",".join(address.pick), "limit": limit}


def _columns(address: RunsAddress, found: RunsFound) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="columns" value="{escape(name)}"'
        f"{' checked' if name in found.columns else ''}> "
        f"{escape(name)}</label><br>"
        for name in found.known
    )
    carried = {**_carried(address), "where": address.where, "sort": address.sort, "view": address.view}
    reset = markup.link("Those that vary", replace(address, columns=()).link(), here=True, kind="button")
    form = f'<form method="get" action="{markup.href("runs")}" data-fields="joined">{markup.hidden(carried)}{boxes}'
    return (
        f'<details class="columns" data-key="columns"><summary>Columns</summary>{form}'
        f'<p><button type="submit">Show these</button> {reset}</p></form></details>'
    )


def _chips(address: RunsAddress, found: RunsFound) -> str:
    if markup.still():
        return ""
    views = [
        markup.link(escape(name), type(address)(view=name).link(), here=True, kind="chip", title="saved view")
        for name in found.views
    ]
    wanted = not address.trashed
    trash = markup.link(
        "with the trash" if wanted else "without the trash",
        replace(address, trashed=wanted, after="").link(),
        here=True,
        kind="chip",
    )
    quick = [] if "status" in address.where else [_quick(address, "running"), _quick(address, "failed")]
    label = '<span class="muted">Views</span>' if views else ""
    return f'<div class="chips" data-key="chips">{label}{"".join(views)}{"".join(quick)}{trash}</div>'


def _quick(address: RunsAddress, status: str) -> str:
    more = f"({address.where}) and " if address.where else ""
    to = replace(address, where=f"{more}status = '{status}'", after="").link()
    return markup.link(markup.sign(mark(status), KINDS[status]), to, here=True, kind="chip")


def _table(address: RunsAddress, found: RunsFound) -> str:
    items = tuple(found.runs)
    columns = TableView(run_columns(items, found.columns), items).used()
    picks = "" if markup.still() else '<th scope="col"><span class="hidden">Select</span></th>'
    head = picks + "".join(_head(address, column) for column in columns)
    rows = (_row(address, found, columns, run) for run in items)
    return markup.table(head, rows, f"{len(items)} runs")


def _head(address: RunsAddress, column: Column) -> str:
    look = ' class="num"' if column.right else ""
    name = column.field
    if not name or name == "id":
        return f'<th scope="col"{look}>{escape(column.title)}</th>'
    field = quoted(*reversed(name.split(".", 1))) if "." in name else name
    sorts = {field: "ascending", f"-{field}": "descending"}.get(address.sort, "none")
    way = direction(name.partition(".")[2]) if name.startswith("metrics.") else 0
    better = (
        f' <span class="muted" title="{"greater" if way > 0 else "less"} is better">{"↑" if way > 0 else "↓"}</span>'
        if way
        else ""
    )
    first = field if way < 0 or name == "experiment" else f"-{field}"
    other = field if first.startswith("-") else f"-{field}"
    to = replace(address, sort=other if address.sort == first else first, after="").link()
    arrow = {"ascending": " ▲", "descending": " ▼"}.get(sorts, "")
    text = f'{escape(column.title)}<span aria-hidden="true">{arrow}</span>'
    sorter = markup.link(text, to, here=True, title=f"sort by {name}")
    return f'<th scope="col"{look} aria-sort="{sorts}">{sorter}{better}</th>'


def _row(address: RunsAddress, found: RunsFound, columns: list[Column], run: Run) -> str:
    on = run.id in address.pick
    tick = (
        ""
        if markup.still()
        else f'<td><input type="checkbox" data-pick="{run.id}" aria-label="Select run {short(run.id)}"'
        f"{' checked' if on else ''}></td>"
    )
    cells = "".join(_cell(found, column, run) for column in columns)
    return f'<tr data-key="{run.id}"{" class=picked" if on else ""}>{tick}{cells}</tr>'


def _cell(found: RunsFound, column: Column, run: Run) -> str:
    look = ' class="num"' if column.right else ' class="wrap"' if column.field == "note" else ""
    if column.field == "id":
        return f"<td>{_run_link(run)}</td>"
    if column.field == "status":
        said = mark(run.status) + (", in the trash" if run.trashed else "")
        return f"<td>{markup.sign(said, KINDS[run.status])}</td>"
    if column.field.startswith("metrics."):
        return f"<td{look}>{_metric(found, column, run)}</td>"
    return f"<td{look}>{escape(column.cell(run))}</td>"


def _metric(found: RunsFound, column: Column, run: Run) -> str:
    name = column.field.removeprefix("metrics.")
    text = escape(column.cell(run))
    strong = column.strong is not None and column.strong(run)
    shown = f'<span class="best" title="best of this page">★ {text}</span>' if strong else text
    best = run.best.get(name)
    if best is not None and best != run.metrics.get(name):
        shown += f' <span class="muted" title="best value on the way">best {escape(number(best))}</span>'
    curve = found.curves.get((run.id, name), ())
    return (spark(curve, f"{name} of run {short(run.id)}") + " " if len(curve) > 2 else "") + shown


def _pager(address: RunsAddress, found: RunsFound) -> str:
    shown, total = len(found.runs), found.total
    narrowed = address.where or address.view or address.trashed
    said = (
        f"{shown:,} shown"
        + ("" if narrowed else f" of {total:,}")
        + (f"; {found.runs.note}" if found.runs.note and shown else "")
    )
    first = (
        markup.link("First page", replace(address, after="").link(), here=True, kind="button") if address.after else ""
    )
    after = found.runs.next_page
    following = (
        markup.link("Next page", replace(address, after=after).link(), here=True, kind="button") if after else ""
    )
    links = "" if markup.still() else first + following
    return f'<div class="pager" data-key="pager"><span role="status">{escape(said)}</span>{links}</div>'


def _picks(address: RunsAddress, can_write: bool) -> str:
    if markup.still() or not address.pick:
        return ""
    number_ = len(address.pick)
    compare = (
        markup.link(f"Compare {number_} runs", f"compare?runs={','.join(address.pick)}", kind="button main")
        if number_ > 1
        else '<span class="muted">Select one more to compare</span>'
    )
    trash = markup.button("Move to the trash", "trash") if can_write else ""
    none = markup.link("Select none", replace(address, pick=()).link(), here=True, kind="button quiet")
    return f'<div class="picks" data-key="picks"><strong>{number_} selected</strong>{compare}{trash}{none}</div>'


def _saving(found: RunsFound | None) -> str:
    if found is None or markup.still():
        return ""
    return (
        '<details class="menu" data-key="save"><summary>Save view</summary><div><form data-do="save-view">'
        '<label>Name <input type="text" name="name" required maxlength="128"></label>'
        '<p><button type="submit">Save</button></p></form></div></details>'
    )
