"""Runs: what was tried, which is best, and what to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.pages.address import Address
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.runs import content
from mlops_nb.runs import headline
from mlops_nb.runs.curves import sparks
from mlops_nb.runs.directions import direction
from mlops_nb.runs.model import Run
from mlops_nb.runs.query import keys
from mlops_nb.store.describe import count
from mlops_nb.store.store import current

# As many as `%compare` takes.
MOST_PICKED = 20
# An address anybody can write must not make a page of 100,000 rows.
MOST_ROWS = 200
_KEYS = 200


@dataclass(frozen=True, slots=True)
class RunsAddress(Address):
    """Which runs, in which order, with which columns.

    Attributes:
        where: The filter, as `%runs` takes it.
        sort: The order, likewise.
        view: A saved view, whose filter, order and columns hold where this address says none.
        columns: Columns as a filter names them; none for those that tell the runs apart.
        after: Where the page of rows begins.
        pick: The runs that are selected, by ULID.
        trashed: Whether those in the trash are shown too.
        limit: Rows a page.
    """

    slug: ClassVar[str] = "runs"
    where: str = ""
    sort: str = ""
    view: str = ""
    columns: tuple[str, ...] = ()
    after: str = ""
    pick: tuple[str, ...] = ()
    trashed: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class RunsFound:
    """What the page of runs shows.

    Attributes:
        runs: One page of them, in order.
        best: The best of all that match, by `metric`; None when there is no metric that says.
        metric: The metric that the page is judged by, empty when none has a known direction.
        total: How many runs there are in the store.
        views: Names of saved views.
        columns: The columns that were asked for, by this address or its view.
        known: Keys of metrics, params and tags, to choose columns from.
        curves: Short curves of metrics with several points, by (ULID, name).
    """

    runs: Any
    best: Run | None
    metric: str
    total: int
    views: tuple[str, ...]
    columns: tuple[str, ...]
    known: tuple[str, ...]
    curves: Mapping[tuple[str, str], tuple[float, ...]]


class RunsView(PageView):
    """The page of runs."""

    place = RunsAddress
    address: RunsAddress

    def read(self, address: RunsAddress) -> RunsFound:
        """One page of rows from the store, and what is said above it.

        Raises:
            InvalidInput: The filter, the order or the number of rows can't be.
        """
        if not 1 <= address.limit <= MOST_ROWS:
            raise InvalidInput(
                f"{address.limit:,} rows on one page",
                expected=f"1 to {MOST_ROWS}",
                fix="CSV, which saves all that match",
            )
        views = {view.name: view for view in ml.views()}
        page = ml.runs(**_search(address), limit=address.limit, after=address.after)
        chosen = address.columns or (views[address.view].columns if address.view in views else ())
        metric = headline.of_runs(current(), page.items)
        return RunsFound(
            runs=page,
            best=_best(address, metric),
            metric=metric,
            total=count(current(), "run"),
            views=tuple(views),
            columns=tuple(chosen),
            known=_known(),
            curves=sparks(current(), [run.id for run in page], sorted({name for run in page for name in run.best})),
        )

    def html(self, found: RunsFound | None) -> Html:
        """Filter, chips, table, pager, selection."""
        return {
            "body": content.body(self.address, found, self.cell(), can_save=self.may_write, wrong=bool(self.refusal))
        }

    def cell(self) -> str:
        """`%runs …` with the same filter and order."""
        return content.cell(self.address)

    def table(self) -> Any:
        """All runs that match, not only those of this page of rows."""
        return ml.runs(**_search(self.address), limit=100_000).df

    def picked(self, what: str, on: bool) -> Address | None:
        """A run was ticked: at most as many as can be compared."""
        others = tuple(run for run in self.address.pick if run != what)
        return replace(self.address, pick=(*others, what)[-MOST_PICKED:] if on else others)

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Keep this view, and put the selected runs into the trash."""
        return {"save-view": self._save_view, "trash": self._trash}

    def _save_view(self, fields: Mapping[str, str]) -> str:
        address = self.address
        kept = ml.view(fields.get("name", ""), address.where, sort=address.sort, columns=",".join(address.columns))
        return f"view {kept.name} was saved"

    def _trash(self, fields: Mapping[str, str]) -> str:
        moved = ml.trash(*self.address.pick, kind="run")
        self.address = replace(self.address, pick=())
        return f"{len(moved)} runs are in the trash; db gc purges them later"


def _search(address: RunsAddress) -> dict[str, Any]:
    asked = {"where": address.where, "sort": address.sort, "trashed": address.trashed}
    return asked | ({"view": address.view} if address.view else {})


def _best(address: RunsAddress, metric: str) -> Run | None:
    """The best of all that match, however they are ordered and wherever the page of rows is."""
    if not metric:
        return None
    judged = content.quoted(metric)
    where = f"has({judged}) and status = 'finished'" + (f" and ({address.where})" if address.where else "")
    order = f"-{judged}" if direction(metric) > 0 else judged
    found = ml.runs(**(_search(address) | {"where": where, "sort": order}), limit=1)
    best = found[0] if len(found) else None
    return best if best is not None and best.metrics.get(metric) == best.metrics.get(metric) else None


def _known() -> tuple[str, ...]:
    store = current()
    return tuple(
        f"{space}.{name}" for space in ("metrics", "params", "tags", "values") for name in keys(store, space, "", _KEYS)
    )
