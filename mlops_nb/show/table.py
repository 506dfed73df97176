"""A table as text and as HTML, from the same cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_nb.show import page
from mlops_nb.show.words import cut


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, the text of a cell, and whether it holds numbers or identifiers."""

    title: str
    cell: Callable[[Any], str]
    right: bool = False
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing to list, and what that means."""

    note: str

    def text(self) -> str:
        """As text."""
        return self.note

    def html(self) -> str:
        """As HTML."""
        return page.frame(page.muted(self.note))


@dataclass(frozen=True, slots=True)
class TableView:
    """Items in columns, and lines above and below. Columns that are empty everywhere are left out."""

    columns: Sequence[Column]
    items: Sequence[Any]
    note: str = ""
    caption: str = ""

    def _cells(self) -> tuple[list[Column], list[list[str]]]:
        rows = [[c.cell(item) for c in self.columns] for item in self.items]
        used = [i for i, _ in enumerate(self.columns) if any(row[i] for row in rows)]
        return [self.columns[i] for i in used], [[row[i] for i in used] for row in rows]

    def text(self) -> str:
        """As text: columns padded, at most 60 characters each."""
        columns, rows = self._cells()
        shown = [[cut(cell) for cell in row] for row in rows]
        lines = aligned([c.title for c in columns], shown, [c.right for c in columns])
        return "\n".join(line for line in (self.caption, *lines, self.note) if line)

    def html(self) -> str:
        """As HTML."""
        columns, rows = self._cells()
        cells = [
            [page.mono(c) if column.mono else page.escape(cut(c, 80)) for column, c in zip(columns, row, strict=True)]
            for row in rows
        ]
        made = page.table(
            [c.title for c in columns], cells, [i for i, c in enumerate(columns) if c.right], self.caption
        )
        return page.frame(made, f'<div style="margin-top:6px">{page.muted(self.note)}</div>' if self.note else "")


def aligned(titles: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Rows as lines with columns of equal width."""
    every = [list(titles), *[list(row) for row in rows]]
    widths = [max(width(row[i]) for row in every) for i in range(len(titles))]
    lines = []
    for row in every:
        padded = [
            " " * (w - width(cell)) + cell if to_right else cell + " " * (w - width(cell))
            for cell, w, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
