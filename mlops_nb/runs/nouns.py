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
    text = reference.strip()
    prefix = text.rpartition(":")[2]
    seen = "SELECT 1 FROM dataset_version WHERE substr(digest, 6, ?) = ? LIMIT 1"
    if "/" in text or (len(prefix) >= 4 and store.query(seen, (len(prefix), prefix))):
        raise InvalidInput(f"{brief(text)} is one version of a dataset", expected="the name of a dataset")
    return _by_name(store, "dataset", text)


def _by_name(store: Reader, table: str, reference: str) -> str:
    row = store.query(f"SELECT id FROM {table} WHERE name = ?", (reference.strip(),))
    if not row:
        known = [name for (name,) in store.query(f"SELECT name FROM {table} ORDER BY id DESC LIMIT 200", ())]
        raise NotFound(f"there is no {table} {brief(reference)}", nearest=nearest(reference, known))
    return str(row[0][0])
