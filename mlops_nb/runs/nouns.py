"""Experiments and datasets by name."""

from __future__ import annotations

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.runs.query.reader import Reader


def resolve_experiment(store: Reader, reference: str) -> str:
    """The number of an experiment, as text.

    Raises:
        NotFound: There is none of this name.
    """
    return _by_name(store, "experiment", reference)


def resolve_dataset(store: Reader, reference: str) -> str:
    """The number of a named dataset, as text.

    Raises:
        NotFound: There is none of this name.
        InvalidInput: A single version was named.
    """
    if "/" in reference:
        raise InvalidInput(f"{brief(reference)} is one version of a dataset", expected="the dataset's name")
    return _by_name(store, "dataset", reference)


def _by_name(store: Reader, table: str, reference: str) -> str:
    row = store.query(f"SELECT id FROM {table} WHERE name = ?", (reference.strip(),))
    if not row:
        known = [name for (name,) in store.query(f"SELECT name FROM {table} ORDER BY id DESC LIMIT 200", ())]
        raise NotFound(f"there is no {table} {brief(reference)}", nearest=nearest(reference, known))
    return str(row[0][0])
