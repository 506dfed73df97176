"""Saved views: a filter, an order and columns for lists of runs, under a name that everybody can use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.results import Results
from mlops_nb.runs.model import SavedView
from mlops_nb.runs.query.grammar import LONGEST, parse_columns, parse_sort, parse_where
from mlops_nb.runs.query.plan import prepare
from mlops_nb.store import names
from mlops_nb.store.actor import identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    from mlops_nb.runs.query.reader import Reader
    from mlops_nb.store.store import Row, Store

_FIELDS = "name, filter, sort, columns, actor, created_us"
_LIST = f"SELECT {_FIELDS} FROM saved_view WHERE trashed_us IS NULL ORDER BY name"
_ONE = f"SELECT {_FIELDS} FROM saved_view WHERE name = ? AND trashed_us IS NULL"
_PUT = """
INSERT INTO saved_view(name, filter, sort, columns, actor, created_us) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT(name) DO UPDATE SET filter = excluded.filter, sort = excluded.sort, columns = excluded.columns,
  actor = excluded.actor, created_us = excluded.created_us, trashed_us = NULL
"""


def list_views(reader: Reader) -> Results[SavedView]:
    """The saved views that are not in the trash, by name."""
    found = [_view(row) for row in reader.query(_LIST, ())]
    return Results(
        found, note="" if found else "no saved views yet: %view NAME FILTER --sort FIELD --columns FIELD,FIELD"
    )


def read_view(reader: Reader, name: str) -> SavedView:
    """The view of this name.

    Raises:
        NotFound: There is none; says the nearest that there is.
    """
    rows = reader.query(_ONE, (str(name).strip(),))
    if rows:
        return _view(rows[0])
    known = [row[0] for row in reader.query(_LIST, ())]
    raise NotFound(f"there is no view {brief(name)}", nearest=nearest(name, known), fix="%views")


def save_view(store: Store, name: str, where: str, sort: str, columns: str) -> SavedView:
    """Keep a view under its name, in the place of one that has it, be it in the trash.

    Raises:
        InvalidInput: The name is not allowed, or a filter, order or column can't be understood. Nothing was written.
    """
    called = names.name(name, "view")
    where, sort = where.strip(), sort.strip()
    prepare(store, where, sort, trashed=False)  # reads both as a search would, and refuses what that would refuse
    if not (where or sort or columns.strip()):
        raise InvalidInput("a view of nothing", expected="a filter, --sort or --columns", fix=f"%view {called} FILTER")
    shown = tuple(f.name if f.space == "run" else f"{f.space}.{f.name}" for f in parse_columns(columns))
    made = SavedView(called, where, sort, shown, identify(store.folder).actor, now_us())
    values = (called, where, sort, json.dumps(shown, ensure_ascii=False), made.actor, made.created_us)
    store.change(
        lambda connection: connection.execute(_PUT, values),
        "view",
        f"view:{called}",
        filter=where,
        sort=sort,
        columns=list(shown),
    )
    return made


def together(view: SavedView, where: str, sort: str) -> tuple[str, str]:
    """A view's filter and order with those that were given besides: both filters hold, and a given order leads."""
    parse_where(where)  # else a slip would be told as one of the joined text
    if sort:
        parse_sort(sort)
    both = [part for part in (view.filter, where.strip()) if part]
    joined = " and ".join(f"({part})" for part in both) if len(both) > 1 else "".join(both)
    if len(joined) > LONGEST:
        raise InvalidInput(f"--where and the view have {len(joined):,} characters", expected=f"at most {LONGEST:,}")
    return joined, sort or view.sort


def _view(row: Row) -> SavedView:
    name, where, sort, columns, who, created_us = row
    return SavedView(name, where, sort, tuple(json.loads(columns)), who, created_us)


def resolve_view(reader: Reader, reference: str) -> str:
    """The number of a view, as text; also of one in the trash.

    Raises:
        NotFound: There is none of this name.
    """
    rows = reader.query("SELECT id FROM saved_view WHERE name = ?", (reference.strip(),))
    if not rows:
        known = [name for (name,) in reader.query("SELECT name FROM saved_view ORDER BY id DESC LIMIT 200", ())]
        raise NotFound(f"there is no view {brief(reference)}", nearest=nearest(reference, known), fix="%views")
    return str(rows[0][0])


def view_names(reader: Reader, prefix: str) -> list[str]:
    """Names of saved views that begin so, in any case."""
    return [row[0] for row in reader.query(_LIST, ()) if row[0].lower().startswith(prefix.lower())][:50]
