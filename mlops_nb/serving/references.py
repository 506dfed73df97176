"""Deployments by name, in the trash or not: what trash, restore, rename and completion ask for."""

from __future__ import annotations

from mlops_nb.errors import NotFound, brief, nearest
from mlops_nb.store.store import Store

_LIMIT = 50


def resolve_name(store: Store, reference: str) -> str:
    """The exact name of a deployment.

    Raises:
        NotFound: There is none of this name.
    """
    name = reference.strip()
    if store.query("SELECT 1 FROM deployment WHERE name = ?", (name,)):
        return name
    known = [known for (known,) in store.query("SELECT name FROM deployment ORDER BY name LIMIT 200")]
    raise NotFound(f"there is no deployment {brief(name)}", nearest=nearest(name, known))


def deployment_names(store: Store, prefix: str) -> list[str]:
    """Names of deployments that begin with `prefix`."""
    rows = store.query("SELECT name FROM deployment WHERE trashed_us IS NULL ORDER BY name LIMIT 1000")
    return [name for (name,) in rows if name.lower().startswith(prefix.lower())][:_LIMIT]
