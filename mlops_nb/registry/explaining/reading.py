"""Explanations on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.evaluating.resting import Resting, resting_on
from mlops_nb.registry.explaining.model import Explained, Explanation

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store


def explanations_of(store: Store, version: Version) -> list[Explanation]:
    """The explanations of a version, newest first."""
    return [read(row) for row in resting_on(store, version, "explanation")]


def latest_explanation(store: Store, version: Version) -> Explanation | None:
    """The newest explanation of a version, or None. It may rest on an evaluation that is not the newest any more."""
    rows = resting_on(store, version, "explanation")
    return read(rows[0]) if rows else None


def explanation(ref: str) -> Explanation | None:
    """The newest explanation on record of `NAME/NUMBER` in the current store, or None; nothing is computed.

    Raises:
        NotFound: No such version.
    """
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    return latest_explanation(store, resolve_version(store, ref))


def read(row: Resting) -> Explanation:
    """What a row of evidence says."""
    about = (row.id, row.model, row.version, row.dataset, row.evaluation)
    return Explanation(*about, row.read(Explained), row.digest, row.actor, row.verified, row.created_us)
