"""Runs by filter, in order, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.results import Results
from mlops_nb.runs.query import cursor
from mlops_nb.runs.query.frame import of_ids
from mlops_nb.runs.query.items import load
from mlops_nb.runs.query.plan import place_of, prepare
from mlops_nb.runs.query.scope import hints

if TYPE_CHECKING:
    from mlops_nb.runs.model import Run
    from mlops_nb.runs.query.reader import Reader

MOST = 100_000
# A page that nobody reads row by row is loaded when it is: `.df` needs no objects.
_FEW = 1_000


def search(
    reader: Reader,
    where: str = "",
    *,
    sort: str = "",
    limit: int = 50,
    after: str = "",
    trashed: bool = False,
) -> Results[Run]:
    """The runs that match a filter, one page of them in order.

    A run without the key or column matches no comparison, `!=` included, but it matches `not (…)`. NaN
    matches `= nan` only. Runs whose sort key is NaN, then those without it, come last in either direction.

    Args:
        reader: The store.
        where: A filter such as `metrics.auc > 0.8 and params.model = 'hgb'`; empty for all runs.
        sort: Fields, each with `-` before it for descending: `-metrics.auc, started`; empty for newest first.
            Of equal runs the later one comes first when the last field is descending.
        limit: The size of the page, 1 to 100,000.
        after: The `next_page` of the page before; runs that began meanwhile neither repeat nor hide others.
        trashed: Show the runs in the trash, and those of experiments in the trash, too.

    Returns:
        The page, with `.df`, `.next_page` (empty on the last one) and, when the filter or order names a key
        that no run has, a `.note` with the nearest one.

    Raises:
        InvalidInput: The filter, the order, the limit or the cursor can't be understood.
    """
    size = _limit(limit)
    prepared = prepare(reader, where, sort, trashed=trashed)
    start = cursor.read(after, prepared.name) if after else None
    found = prepared.plan.runs(reader, size + 1, start)
    page = found[:size]
    ids = [row[0] for _, row in page]
    few = load(reader, ids, prepared.scope) if len(ids) <= _FEW else None
    following = cursor.written(place_of(page[-1]), prepared.name) if len(found) > size else ""
    note = hints(reader, prepared.scope, prepared.named)
    if not (ids or where or after):
        note = "no runs yet: put %%track on top of a cell, or `with ml.track():` around a block"
    return Results(
        (lambda: load(reader, ids, prepared.scope)) if few is None else few,
        next_page=following,
        frame=lambda: of_ids(reader, ids, prepared.scope),
        note=note,
    )


def _limit(limit: int) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise InvalidInput(f"limit is {brief(limit)}", expected=f"a whole number from 1 to {MOST:,}", fix="limit=50")
    return limit
