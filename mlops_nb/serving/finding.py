"""Deployments by name, from their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.errors import NotFound, brief, nearest
from mlops_nb.registry.model import mark_of
from mlops_nb.serving import queries
from mlops_nb.serving.model import Deployment

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def find(store: Store, name: str) -> Deployment | None:
    """The deployment of exactly this name, or None."""
    rows = store.query(queries.DEPLOYMENT, (name,))
    return _deployment(store, rows[0]) if rows else None


def resolve_deployment(store: Store, ref: str) -> Deployment:
    """The deployment that a name, or a unique beginning of one, names.

    Raises:
        NotFound: None, or several; names the nearest.
    """
    text = str(ref).strip()
    names = [row[0] for row in store.query(queries.NAMES)]
    begun = [text] if text in names else [name for name in names if text and name.startswith(text)]
    if len(begun) == 1:
        found = find(store, begun[0])
        if found is not None:
            return found
    if begun:
        raise NotFound(f"{brief(text)} begins several deployments: {', '.join(begun[:5])}", expected="more of the name")
    fix = "%deployments" if names else "%deploy REF --name NAME"
    raise NotFound(f"no deployment {brief(text)}", nearest=nearest(text, names), fix=fix)


def every(store: Store) -> list[Deployment]:
    """All deployments, those that should serve first."""
    return [_deployment(store, row) for row in store.query(queries.DEPLOYMENTS)]


def _deployment(store: Store, row: tuple[Any, ...]) -> Deployment:
    name, model, number, host, port, pid, started_us, wanted, created_us, stage, how = row
    known = (name, model, number, host, port, pid, started_us, bool(wanted), created_us, store.folder)
    return Deployment(*known, stage, mark_of(stage, how or ""))
