"""A comparison: its sentences, then the table of what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlops_nb.runs.model import Comparison, DifferenceRow
from mlops_nb.show import page
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, number, param
from mlops_nb.store.ids import told_apart


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What differs."""

    found: Comparison

    def _table(self) -> TableView:
        columns = [Column("", lambda row: row.kind), Column("", lambda row: cut(row.name, 40))]
        names = told_apart([run.id for run in self.found.runs])
        columns += [Column(names[run.id], _value(i), right=True) for i, run in enumerate(self.found.runs)]
        return TableView(columns, self.found.differences)

    def text(self) -> str:
        """As text."""
        table = self._table().text() if self.found.differences else ""
        return "\n".join([*self.found.sentences, *(["", table] if table else [])])

    def html(self) -> str:
        """As HTML."""
        said = "".join(f'<p style="margin:0 0 4px">{page.escape(s)}</p>' for s in self.found.sentences)
        return page.frame(said, self._table().html() if self.found.differences else "")


def _value(i: int) -> Callable[[DifferenceRow], str]:
    def shown(row: DifferenceRow) -> str:
        value = row.values[i]
        return "–" if value is None else cut(number(value) if row.kind == "metric" else param(value), 40)

    return shown


def view(value: Comparison) -> ComparisonView:
    """The view of a comparison."""
    return ComparisonView(value)
