"""Fairness on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import NotFound, brief
from mlops_nb.registry.evaluating.resting import Resting, resting_on
from mlops_nb.registry.fairness.model import Fairness, Parity

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store


def fairness_of(store: Store, version: Version) -> list[Fairness]:
    """All that was found of a version's fairness, newest first: each may be by other columns."""
    return [read(row) for row in resting_on(store, version, "fairness")]


def latest_fairness(store: Store, version: Version, by: str = "") -> Fairness | None:
    """What was found last, of all or by one column; None: nothing. It may rest on an evaluation that is not the newest.

    Args:
        store: Where to look.
        version: Whose.
        by: A column of groups.
    """
    return next((one for one in fairness_of(store, version) if not by or one.by(by) is not None), None)


def fairness(ref: str) -> list[Fairness]:
    """All on record of `NAME/NUMBER` in the current store, newest first, each column only once; nothing is computed.

    Raises:
        NotFound: No such version.
    """
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    seen: set[str] = set()
    found = []
    for one in fairness_of(store, resolve_version(store, ref)):
        columns = {grouped.column for grouped in one.columns}
        if columns - seen:
            found.append(one)
        seen |= columns
    return found


def read(row: Resting) -> Fairness:
    """What a row of evidence says."""
    about = (row.id, row.model, row.version, row.dataset, row.evaluation)
    return Fairness(*about, row.read(Parity), row.digest, row.actor, row.verified, row.created_us)


def recorded(store: Store, version: Version) -> Fairness:
    """What was found last.

    Raises:
        NotFound: Nothing was; says which line finds something.
    """
    from mlops_nb.registry.evaluating.reading import latest_evaluation

    found = latest_fairness(store, version)
    if found is not None:
        return found
    newest = latest_evaluation(store, version)
    if newest is None:
        raise NotFound(f"{version.ref} was not evaluated", fix=f"%evaluate {version.ref} DATA --slices COLUMN")
    sliced = [one.column for one in newest.findings.slices]
    expected = f"a column, like {brief(sliced[0])}" if sliced else "a column of groups"
    fix = f"%fairness {version.ref} --by …"
    raise NotFound(f"{version.ref} was not compared by any group", expected=expected, fix=fix)
