"""What verbs return: frozen dataclasses that show themselves through `show/`, loaded on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Result:
    """Base of everything a verb returns. Its text and HTML come from `mlops_nb.show`."""

    __slots__ = ()

    def __repr__(self) -> str:
        from mlops_nb.show import text

        return text(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from mlops_nb.show import html

        return html(self)

    def to_json(self) -> str:
        """This object as one versioned JSON document, the same as `--json` prints."""
        from mlops_nb.show import json_document

        return json_document(self)


class Results(Result, Sequence[T], Generic[T]):
    """A page of results in order, with `.df` (a pandas DataFrame) and the cursor of the next page.

    Args:
        items: The objects of this page, or what loads them when they are first looked at.
        total: How many there are in all, or None when that was not counted.
        next_page: Pass as `after=` to get the next page; empty on the last one.
        frame: Makes the DataFrame; by default one column per field.
        note: One line to show under the table (what an empty result means, what was left out).
    """

    __slots__ = ("_frame", "_items", "columns", "next_page", "note", "total")

    def __init__(
        self,
        items: Sequence[T] | Callable[[], Sequence[T]],
        *,
        total: int | None = None,
        next_page: str = "",
        frame: Callable[[], pd.DataFrame] | None = None,
        note: str = "",
    ) -> None:
        self._items: tuple[T, ...] | Callable[[], Sequence[T]] = items if callable(items) else tuple(items)
        self.total, self.next_page, self.note = total, next_page, note
        self._frame = frame
        # What to show of each item, when somebody chose: the columns of a saved view.
        self.columns: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[T, ...]:
        """The objects of this page."""
        if callable(self._items):
            self._items = tuple(self._items())
        return self._items

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Results) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)

    @property
    def df(self) -> pd.DataFrame:
        """This page as a pandas DataFrame."""
        if self._frame is not None:
            return self._frame()
        import pandas as pd

        from mlops_nb.show import plain

        rows: list[Any] = [plain(item) for item in self.items]
        return pd.DataFrame(rows)
