"""All canvases, a page at a time, and the models that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry import documents
from mlops_nb.registry.framing.model import Canvas
from mlops_nb.registry.framing.reading import canvas_of
from mlops_nb.results import Results

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

MOST = 200
_NEWEST = """
FROM model m LEFT JOIN document d ON d.kind = 'canvas' AND d.model = m.id AND d.number = 0 AND d.name = ''
  AND d.revision = (SELECT max(e.revision) FROM document e
    WHERE e.kind = 'canvas' AND e.model = m.id AND e.number = 0 AND e.name = '')
WHERE m.trashed_us IS NULL"""
_PAGE = f"SELECT m.name {_NEWEST} ORDER BY coalesce(d.created_us, 0) DESC, m.name LIMIT ? OFFSET ?"
_COUNT = f"SELECT count(*), count(d.id) {_NEWEST}"


def counts(store: Store) -> tuple[int, int]:
    """How many models there are, and how many of them have a canvas."""
    models, canvases = store.query(_COUNT)[0]
    return models, canvases


def listed(store: Store, limit: int, after: str) -> Results[Canvas]:
    """One page of canvases: those that were saved last, then an empty one for each model without.

    Raises:
        InvalidInput: The limit or the cursor is none.
    """
    start = documents.start_of(limit, after, MOST)
    names = [name for (name,) in store.query(_PAGE, (limit + 1, start))]
    found = [canvas_of(store, name) for name in names[:limit]]
    total = counts(store)[0]
    note = "" if found else "no model yet: %canvas NAME --set owner=…"
    return Results(found, total=total, next_page=str(start + limit) if len(names) > limit else "", note=note)
