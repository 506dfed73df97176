"""The verbs of this room: track, log, list, show, note, drop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from mlops_nb.arguments import Arg
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.results import Results
    from mlops_nb.runs.active_run import ActiveRun
    from mlops_nb.runs.line import RunLine
    from mlops_nb.runs.model import Comparison, Curve, DatasetVersion, Experiment, Run, RunCard, SavedView

_ULID, _PARENT_S = 26, 3.0
WHERE = Arg("filter, like \"metrics.auc > 0.8 and params.model = 'hgb'\"", kind="where", short="w")


def track(
    experiment: Annotated[str | None, Arg("name of the experiment", kind="experiment", positional=True)] = None,
    *,
    params: Annotated[Mapping[str, Any] | None, Arg("a param, K=V; can be repeated", short="p")] = None,
    tags: Annotated[Mapping[str, Any] | None, Arg("a tag, K=V; can be repeated", short="t")] = None,
    note: Annotated[str, Arg("free text")] = "",
    parent: Annotated[str | None, Arg("the run that this one is part of", kind="run")] = None,
    snapshot: Annotated[bool, Arg("also keep a copy of each dataset")] = False,
    no_models: Annotated[bool, Arg("do not save the models that are fitted")] = False,
    dry: Annotated[bool, Arg("show what would be recorded, and record nothing")] = False,
) -> ActiveRun:
    """Record a run: on top of a cell as `%%track`, in a script as `with ml.track("flights-delay") as run:`.

    Numbers that you typed become params, scores that the code computes become metrics; datasets, models, code,
    environment and cost are recorded without another line. An exception still fails the cell.

    Returns:
        The run, to be used as a context manager; `run.log_metric(…)` and the like say more.

    Raises:
        InvalidInput: A name, param or tag is not allowed. Nothing was written.
    """
    from mlops_nb.runs import active
    from mlops_nb.runs.active_run import ActiveRun
    from mlops_nb.runs.capture.observer import Observer
    from mlops_nb.store.settings import setting

    store = scratch_store() if dry else current()
    outer = active.find()
    above = _parent(parent) if parent else (outer.id if outer is not None else None)
    run = ActiveRun(store, experiment or setting("experiment"), params=params, tags=tags, note=note, parent=above)
    run.observer = Observer(run, snapshot=snapshot, models=not no_models)
    return run


def scratch_store() -> Any:
    """A store that is forgotten when the process ends, for `--dry`."""
    import atexit
    import shutil
    import tempfile
    from pathlib import Path

    from mlops_nb.store.store import open_store

    folder = Path(tempfile.mkdtemp(prefix="mlops_nb-dry-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return open_store(folder / ".mlops")


def full_id(reference: str) -> str:
    """The ULID of the run that a reference names."""
    from mlops_nb.runs.query.references import resolve_run

    return resolve_run(current(), reference)


def _parent(reference: str) -> str:
    """The run that a process belongs to: its first row may still be on its way to the disk when the child begins."""
    import time

    from mlops_nb.errors import NotFound

    end = time.monotonic() + _PARENT_S
    while True:
        try:
            return full_id(reference)
        except NotFound:
            if len(reference.strip()) != _ULID or time.monotonic() > end:
                raise
        time.sleep(0.05)


def log_metric(name: str, value: float, step: int | None = None) -> None:
    """Add one point of a metric to the active run; see `ActiveRun.log_metric`."""
    from mlops_nb.runs.active import require

    require("log_metric").log_metric(name, value, step)


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Add one point of each metric to the active run."""
    from mlops_nb.runs.active import require

    require("log_metrics").log_metrics(metrics, step)


def log_params(params: Mapping[str, object] | None = None, /, **more: object) -> None:
    """Add params to the active run: `log_params({"depth": 8})` or `log_params(depth=8)`."""
    from mlops_nb.runs.active import require

    require("log_params").log_params(params, **more)


def set_tags(tags: Mapping[str, object] | None = None, /, **more: object) -> None:
    """Add labels to the active run: `set_tags(team="ops")`."""
    from mlops_nb.runs.active import require

    require("set_tags").set_tags(tags, **more)


def log_artifact(source: object, name: str | None = None) -> str:
    """Keep a file (by path) or bytes with the active run; returns the digest."""
    from mlops_nb.runs.active import require

    return require("log_artifact").log_artifact(source, name)


def log_figure(figure: object, name: str = "figure") -> str:
    """Keep a figure with the active run, as PNG; returns the digest."""
    from mlops_nb.runs.active import require

    return require("log_figure").log_figure(figure, name)


def log_table(table: object, name: str = "table") -> str:
    """Keep a table with the active run, as Parquet; returns the digest."""
    from mlops_nb.runs.active import require

    return require("log_table").log_table(table, name)


def runs(
    where: Annotated[str, WHERE] = "",
    *,
    sort: Annotated[str, Arg("what to sort by, '-' for descending", kind="sort", short="s")] = "",
    limit: Annotated[int, Arg("how many", short="n")] = 50,
    after: Annotated[str, Arg("the `next_page` of the page before")] = "",
    trashed: Annotated[bool, Arg("also those in the trash")] = False,
    view: Annotated[str, Arg("a saved view; a filter is added to its own, an order goes before it", kind="view")] = "",
) -> Results[Run]:
    """List runs: newest first, or filtered and sorted by anything they hold.

    Fields are `metrics.K`, `params.K`, `tags.K`, `values.K`, `dataset`, `experiment`, `status`, `started`, `wall`,
    `note`, `actor`, `notebook`, `commit`; `and`, `or`, `not`, `in`, `has(…)`, `~` for "contains".

    Returns:
        One page of runs; `.df` is the page as a DataFrame, `.next_page` leads on.

    Raises:
        InvalidInput: The filter, the order, the limit or the cursor can't be understood.
        NotFound: There is no such view.
    """
    from mlops_nb.runs.query import search

    if not view:
        return search(current(), where, sort=sort, limit=limit, after=after, trashed=trashed)
    from mlops_nb.runs.views import read_view, together

    saved = read_view(current(), view)
    both, order = together(saved, where, sort)
    found = search(current(), both, sort=order, limit=limit, after=after, trashed=trashed)
    found.columns = saved.columns
    return found


def experiments() -> Results[Experiment]:
    """List experiments, newest activity first: how many runs, the best of them, and where its metric goes.

    Returns:
        All of them that are not in the trash.
    """
    from mlops_nb.runs.experiments import list_experiments

    return list_experiments(current())


def views() -> Results[SavedView]:
    """List the saved views of runs, by name: each a filter, an order and columns."""
    from mlops_nb.runs.views import list_views

    return list_views(current())


def view(
    name: Annotated[str, Arg("the name of the view", kind="view")],
    where: Annotated[str, Arg('filter, like "metrics.auc > 0.8"', kind="where", positional=True)] = "",
    *,
    sort: Annotated[str, Arg("what to sort by, '-' for descending", kind="sort", short="s")] = "",
    columns: Annotated[str, Arg("fields to show, like metrics.auc,params.lr", kind="columns", short="c")] = "",
) -> SavedView:
    """Save a filter, an order and columns under a name for everybody; `%runs --view NAME` uses it.

    One that has the name is replaced.

    Raises:
        InvalidInput: The name is not allowed, or a filter, order or column can't be understood. Nothing was written.
    """
    from mlops_nb.runs.views import save_view

    return save_view(current(), name, where, sort, columns)


def curve(
    reference: Annotated[str, Arg("which run, like `last` or `best:auc`", kind="run", metavar="RUN")],
    metric: Annotated[str, Arg("which of its metrics", kind="metric")],
    *,
    first: Annotated[int | None, Arg("from this step on")] = None,
    last: Annotated[int | None, Arg("up to this step")] = None,
    points: Annotated[int, Arg("at most so many entries, 2 to 5,000", short="n")] = 400,
) -> Curve:
    """Give the series of one metric, reduced so that no spike is lost: last, least and greatest value of each bucket.

    NaN is a gap in the values.

    Returns:
        The curve; `.df` has its entries.

    Raises:
        NotFound: There is no such run, or it has no such metric; says the nearest that it has.
        InvalidInput: `first` is greater than `last`, or `points` is not 2 to 5,000.
    """
    from mlops_nb.runs.curves import read_curve

    return read_curve(current(), full_id(reference), metric, first, last, points)


def show(
    reference: Annotated[
        str, Arg("run, like `last`, `best:auc` or the beginning of its id", kind="run", positional=True)
    ] = "last",
) -> RunCard:
    """Show one run whole: params, metrics and where they come from, data, code, environment, cost.

    Raises:
        NotFound: There is no such run.
    """
    from mlops_nb.runs.card import read_card

    return read_card(current(), full_id(reference))


def compare(
    *references: Annotated[str, Arg("runs, like `last` and `best:auc`", kind="run", metavar="RUN")],
) -> Comparison:
    """Say what differs between runs: in sentences first, then value by value, and nothing that is the same.

    Raises:
        InvalidInput: Fewer than two different runs, or more than twenty.
        NotFound: There is no such run.
    """
    from mlops_nb.runs.compare import compare_runs

    return compare_runs(current(), [full_id(reference) for reference in references])


def note(
    reference: Annotated[str, Arg("which run", kind="run", metavar="RUN")],
    text: Annotated[str, Arg("the note; replaces the one before", kind="rest")],
) -> RunLine:
    """Write a note on a run.

    Raises:
        NotFound: There is no such run.
        InvalidInput: The note is longer than 4,000 characters.
    """
    from mlops_nb.runs import queries
    from mlops_nb.runs.line import line_of
    from mlops_nb.runs.recording import storable
    from mlops_nb.store.masking import mask

    store, run = current(), full_id(reference)
    written = mask(storable(text, "the note")[0])
    store.change(lambda connection: connection.execute(queries.RUN_NOTE, (written, run)), "note", f"run:{run}")
    return line_of(store, run)


def untrack(
    reference: Annotated[str, Arg("which run", kind="run", metavar="RUN")],
    what: Annotated[
        str,
        Arg(
            "what to drop: `metrics.auc`, `params.depth`, `tags.team`, `values.n`, `datasets.X_te`, `artifacts.model`",
            kind="captured",
        ),
    ],
) -> RunLine:
    """Drop one captured thing from a run; the rest of it stays.

    Raises:
        NotFound: The run has no such thing; says the nearest that it has.
    """
    from mlops_nb.runs.line import line_of
    from mlops_nb.runs.untrack import drop

    store, run = current(), full_id(reference)
    drop(store, run, what)
    return line_of(store, run)


def datasets(
    reference: Annotated[str, Arg("only those of one run", kind="run", positional=True)] = "",
    *,
    limit: Annotated[int, Arg("how many", short="n")] = 50,
) -> Results[DatasetVersion]:
    """List dataset versions, last used first: fingerprint, size, roles, files, and the runs that used them."""
    from mlops_nb.runs.datasets import list_versions

    return list_versions(current(), full_id(reference) if reference else None, limit)
