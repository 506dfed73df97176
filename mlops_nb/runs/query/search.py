"""Runs by filter, in order, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.results import Results
from mlops_nb.runs.query import cursor
from mlops_nb.runs.query.compile import VISIBLE, compiled
from mlops_nb.runs.query.expression import fields
from mlops_nb.runs.query.frame import of_runs
from mlops_nb.runs.query.grammar import parse_where
from mlops_nb.runs.query.items import load
from mlops_nb.runs.query.plan import place_of, prepare
from mlops_nb.runs.query.scope import hints, look
from mlops_nb.runs.query.sql import joined

if TYPE_CHECKING:
    from mlops_nb.runs.model import Run
    from mlops_nb.runs.query.reader import Reader

MOST = 100_000


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
    items = load(reader, [row[0] for _, row in page], prepared.scope)
    following = cursor.written(place_of(page[-1]), prepared.name) if len(found) > size else ""
    note = hints(reader, prepared.scope, prepared.named)
    return Results(items, next_page=following, frame=of_runs, note=note)


def count(reader: Reader, where: str = "", *, trashed: bool = False) -> int:
    """How many runs match a filter; counted by the database.

    Args:
        reader: The store.
        where: The filter, as for `search`.
        trashed: Count those in the trash too.

    Returns:
        The number of runs.

    Raises:
        InvalidInput: The filter can't be understood.
    """
    expression = parse_where(where)
    scope = look(reader, fields(expression) if expression is not None else ())
    condition = joined("AND", [*([] if trashed else [VISIBLE]), compiled(expression, scope)])
    return int(reader.query(f"SELECT count(*) FROM run r WHERE {condition}", condition.values)[0][0])


def _limit(limit: int) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise InvalidInput(f"limit is {brief(limit)}", expected=f"a whole number from 1 to {MOST:,}", fix="limit=50")
    return limit
