"""Any other result: its fields, one a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mlops_nb.show import page
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, number, size, when


@dataclass(frozen=True, slots=True)
class FactsView:
    """Names and values."""

    pairs: list[tuple[str, str]]
    title: str = ""

    def text(self) -> str:
        """As text."""
        lines = aligned(["", ""], [(n, v) for n, v in self.pairs if v], [False, False])[1:]
        return "\n".join(([self.title] if self.title else []) + lines)

    def html(self) -> str:
        """As HTML."""
        title = f'<div style="font-weight:600;margin-bottom:4px">{page.escape(self.title)}</div>' if self.title else ""
        return page.frame(title, page.facts((n, page.escape(v)) for n, v in self.pairs))


def _shown(name: str, value: Any) -> str:
    if name.endswith("_us"):
        return when(value)
    if name in ("bytes", "freed", "peak_bytes"):
        return size(value)
    if isinstance(value, tuple | list):
        return "; ".join(cut(v, 200) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k} = {number(v)}" for k, v in value.items())
    return number(value) if not isinstance(value, str) else value


def pairs(value: Any) -> list[tuple[str, str]]:
    """The public fields of a dataclass as text."""
    return [
        (f.name.removesuffix("_us").replace("_", " "), _shown(f.name, getattr(value, f.name)))
        for f in fields(value)
        if not f.name.startswith("_") and f.name != "exit_code"
    ]


def view(value: Any) -> FactsView:
    """One result."""
    return FactsView(pairs(value))


def list_view(results: Any) -> TableView:
    """A list of results of one kind."""
    names = [f.name for f in fields(results.items[0]) if not f.name.startswith("_") and f.name != "exit_code"]
    columns = [_column(name) for name in names]
    return TableView(columns, results.items, results.note)


def _column(name: str) -> Column:
    return Column(name.removesuffix("_us").replace("_", " "), lambda item: _shown(name, getattr(item, name)))
