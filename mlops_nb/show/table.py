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
    """One column: its title, the text of a cell, and whether it holds numbers or identifiers.

    `sign` gives the cell as HTML where colour helps (the word stays); `strong` says which items stand out; `field` is
    what a filter or an order calls it, empty where they don't know it; `most` characters are shown.
    """

    title: str
    cell: Callable[[Any], str]
    right: bool = False
    mono: bool = False
    sign: Callable[[Any], str] | None = None
    strong: Callable[[Any], bool] | None = None
    field: str = ""
    most: int = 0

    def shown(self, item: Any) -> str:
        """The cell as one line of text: at most 60 characters, or `most`."""
        return cut(self.cell(item), self.most or 60)

    def html(self, item: Any) -> str:
        """The cell as HTML."""
        if self.sign is not None:
            return self.sign(item)
        text = self.cell(item)
        if self.mono:
            return page.mono(text)
        if self.most:
            return page.wrapped(cut(text, self.most))
        shown = cut(text, 80)
        return page.strong(shown) if self.strong is not None and self.strong(item) else page.escape(shown)


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

    def used(self) -> list[Column]:
        """The columns that say something of some item."""
        return [c for c in self.columns if any(c.cell(item) for item in self.items)]

    def text(self) -> str:
        """As text: columns padded, at most 60 characters each."""
        columns = self.used()
        shown = [[column.shown(item) for column in columns] for item in self.items]
        lines = aligned([c.title for c in columns], shown, [c.right for c in columns])
        return "\n".join(line for line in (self.caption, *lines, self.note) if line)

    def html(self) -> str:
        """As HTML."""
        columns = self.used()
        cells = [[column.html(item) for column in columns] for item in self.items]
        right = [i for i, c in enumerate(columns) if c.right]
        made = page.table([c.title for c in columns], cells, right, self.caption)
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
