"""The risks of versions, those that somebody has to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry import documents
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.risks.model import Risk
from mlops_nb.registry.risks.reading import risk_of
from mlops_nb.results import Results

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

MOST = 100
# A document's text is canonical JSON: where nobody accepts, it begins so. Nothing else of it is looked into here.
_NOBODY = '{"accepted":null%'
_LISTED = """
FROM version v JOIN model m ON m.id = v.model
LEFT JOIN placement p ON p.model = v.model AND p.number = v.number
LEFT JOIN document d ON d.kind = 'risk' AND d.model = v.model AND d.number = v.number AND d.name = ''
  AND d.revision = (SELECT max(e.revision) FROM document e
    WHERE e.kind = 'risk' AND e.model = v.model AND e.number = v.number AND e.name = '')
WHERE v.trashed_us IS NULL AND m.trashed_us IS NULL AND (d.id IS NOT NULL OR p.stage IN ('staging', 'production')
  OR v.number = (SELECT max(w.number) FROM version w WHERE w.model = v.model AND w.trashed_us IS NULL))"""
_OPEN = "(d.id IS NULL OR d.body LIKE ?) AND coalesce(p.stage, 'none') <> 'archived'"
_PAGE = f"""
SELECT m.name, v.number {_LISTED}
ORDER BY CASE WHEN p.stage = 'archived' THEN 2 WHEN {_OPEN} THEN 0 ELSE 1 END,
  CASE p.stage WHEN 'production' THEN 0 WHEN 'staging' THEN 1 ELSE 2 END, v.created_us DESC, m.name, v.number DESC
LIMIT ? OFFSET ?"""
_COUNT = f"""
SELECT count(*), coalesce(sum(CASE WHEN {_OPEN} THEN 1 ELSE 0 END), 0),
       coalesce(sum(CASE WHEN {_OPEN} AND p.stage = 'production' THEN 1 ELSE 0 END), 0) {_LISTED}"""


def counts(store: Store) -> tuple[int, int, int]:
    """How many versions are listed, how many of them are open, and how many of these are champions."""
    listed_, unaccepted, champions = store.query(_COUNT, (_NOBODY, _NOBODY))[0]
    return listed_, unaccepted, champions


def listed(store: Store, limit: int, after: str) -> Results[Risk]:
    """One page of risks.

    Raises:
        InvalidInput: The limit or the cursor is none.
    """
    start = documents.start_of(limit, after, MOST)
    rows = store.query(_PAGE, (_NOBODY, limit + 1, start))
    found = [risk_of(store, resolve_version(store, f"{name}/{number}")) for name, number in rows[:limit]]
    note = "" if found else "no version yet: %register NAME MODEL"
    return Results(found, total=counts(store)[0], next_page=str(start + limit) if len(rows) > limit else "", note=note)
