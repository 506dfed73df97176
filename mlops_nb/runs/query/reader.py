"""What the search needs of a store: one method that runs a SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH = 500


class Reader(Protocol):
    """Anything that can run a portable SELECT with `?` places and give back its rows."""

    def query(self, sql: str, params: Sequence[Any], /) -> Sequence[Any]:
        """The rows of a SELECT, every value bound."""
        ...


def places(values: Sequence[object]) -> str:
    """The `?, ?, …` of an IN list."""
    return ", ".join("?" * len(values))


def batched(reader: Reader, sql: str, values: Sequence[Any]) -> list[Any]:
    """The rows of a SELECT with one `IN ({places})`, asked in batches that every database accepts."""
    rows: list[Any] = []
    for start in range(0, len(values), BATCH):
        part = values[start : start + BATCH]
        rows.extend(reader.query(sql.format(places=places(part)), part))
    return rows
