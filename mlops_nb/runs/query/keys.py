"""The keys that runs have, for completion and for the nearest name in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.runs.query.sql import TOP

if TYPE_CHECKING:
    from mlops_nb.runs.query.reader import Reader

TABLES = {"metrics": "metric", "params": "param", "tags": "tag", "values": "value"}


def keys(reader: Reader, namespace: str, prefix: str = "", limit: int = 50) -> list[str]:
    """The keys of one namespace that begin with a prefix, in order; each is found through an index.

    Args:
        reader: The store.
        namespace: `metrics`, `params`, `tags` or `values`.
        prefix: What the key begins with, case and all.
        limit: At most so many.

    Returns:
        The keys, unquoted.

    Raises:
        InvalidInput: No such namespace.
    """
    if namespace not in TABLES:
        raise InvalidInput(
            f"unknown namespace {brief(namespace)}",
            expected=", ".join(TABLES),
            nearest=nearest(namespace, TABLES),
        )
    sql = (
        f"SELECT k.name FROM key k WHERE k.name >= ? AND k.name < ? "
        f"AND EXISTS (SELECT 1 FROM {TABLES[namespace]} t WHERE t.key = k.id) ORDER BY k.name LIMIT ?"
    )
    return [row[0] for row in reader.query(sql, (prefix, prefix + TOP, limit))]
