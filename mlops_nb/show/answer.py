"""The answer to a query."""

from __future__ import annotations

from typing import Any

from mlops_nb.show.table import Column, Empty, TableView
from mlops_nb.show.words import number
from mlops_nb.store.model import Sql

_SHOWN = 50


def view(value: Sql) -> TableView | Empty:
    """Rows and columns as they came."""
    if not value.rows:
        return Empty("no rows")
    columns = [_column(i, name, value) for i, name in enumerate(value.columns)]
    more = (
        f"{_SHOWN} of {len(value.rows):,}{'+' if value.cut else ''} rows; .df has them"
        if len(value.rows) > _SHOWN
        else ""
    )
    return TableView(columns, value.rows[:_SHOWN], more)


def _column(i: int, name: str, value: Sql) -> Column:
    numeric = all(isinstance(row[i], int | float | None) for row in value.rows[:_SHOWN])
    return Column(name, lambda row: _cell(row[i]), right=numeric)


def _cell(value: Any) -> str:
    return "null" if value is None else number(value) if isinstance(value, float) else str(value)
