"""Sort keys as SQL: numbers first, then text or NaN, then the runs without the key, in either direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.runs.query.columns import NULLABLE, SQL
from mlops_nb.runs.query.compile import number_column
from mlops_nb.runs.query.keys import TABLES
from mlops_nb.runs.query.sql import Piece, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_nb.runs.query.expression import Order
    from mlops_nb.runs.query.scope import Scope

NUMBER, OTHER, MISSING = 0, 1, 2
Position = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort key: `table` is empty for a column of the run.

    The first key's table is `t`, the alias that comparisons use too, so that a comparison of the same key can
    be put on its row; the further ones are `s1`, `s2` …
    """

    order: Order
    table: str
    key: int
    alias: str

    @property
    def direction(self) -> str:
        """ASC or DESC."""
        return "DESC" if self.order.descending else "ASC"

    @property
    def number(self) -> str:
        """The SQL of the value where the rank is NUMBER (also a column's text); empty for a tag."""
        field = self.order.field
        if not self.table:
            return SQL[field.name]
        return "" if field.space == "tags" else f"{self.alias}.{number_column(field)}"

    @property
    def text(self) -> str:
        """The SQL of the value where the rank is OTHER; empty for NaN, which has none."""
        return f"{self.alias}.text" if self.order.field.space in ("params", "tags") else ""

    @property
    def rank(self) -> str:
        """The SQL of the rank."""
        if not self.table:
            return f"CASE WHEN {self.number} IS NULL THEN 2 ELSE 0 END"
        number = f"WHEN {self.number} IS NOT NULL THEN 0 " if self.number else ""
        return f"CASE WHEN {self.alias}.run IS NULL THEN 2 {number}ELSE 1 END"

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks that runs can have."""
        if not self.table:
            return (NUMBER, MISSING) if self.order.field.name in NULLABLE else (NUMBER,)
        return (NUMBER, OTHER, MISSING) if self.number else (OTHER, MISSING)

    def value(self, rank: int) -> str:
        """The SQL of the value within a rank; empty when all runs of that rank are equal."""
        return {NUMBER: self.number, OTHER: self.text}.get(rank, "")

    def terms(self) -> list[str]:
        """The ORDER BY of a further key."""
        values = [f"{value} {self.direction}" for value in (self.number, self.text) if value]
        return [self.rank, *values]


def sort_keys(orders: Sequence[Order], scope: Scope) -> tuple[SortKey, ...]:
    """The sort keys with the ids of their keys."""
    made = []
    for index, order in enumerate(orders):
        keyed = order.field.space != "run"
        table, key = (TABLES[order.field.space], scope.key(order.field.name)) if keyed else ("", 0)
        made.append(SortKey(order, table, key, f"s{index}" if index else "t"))
    return tuple(made)


def order_by(keys: Sequence[SortKey], rank: int, run: str) -> str:
    """The ORDER BY inside one rank of the first key; the run's id decides between equals."""
    first = keys[0]
    lead = [f"{first.value(rank)} {first.direction}"] if first.value(rank) else []
    rest = [term for key in keys[1:] for term in key.terms()]
    return ", ".join([*lead, *rest, f"{run} {keys[-1].direction}"])


def after(keys: Sequence[SortKey], place: Sequence[Position], run: int, column: str = "r.id") -> Piece:
    """The runs behind a place in the order, inside the rank that the place has in the first key."""
    steps = [_step(keys[0], *place[0], within=True)]
    steps += [_step(key, *position, within=False) for key, position in zip(keys[1:], place[1:], strict=True)]
    behind = "<" if keys[-1].order.descending else ">"
    steps.append((Piece(f"{column} {behind} ?", (run,)), Piece(f"{column} = ?", (run,))))
    ways = [joined("AND", [*(same for _, same in steps[:i]), steps[i][0]]) for i in range(len(steps))]
    piece = joined("OR", ways)
    value = keys[0].value(place[0][0])
    if not value:
        return piece
    # Said once more without OR, so that the index begins at the place instead of at its end.
    return joined("AND", [Piece(f"{value} {_behind_or_at(keys[0])} ?", (place[0][1],)), piece])


def _behind_or_at(key: SortKey) -> str:
    """The comparison with a place that holds for it and for what comes later."""
    return "<=" if key.order.descending else ">="


def _step(key: SortKey, rank: int, value: Any, *, within: bool) -> tuple[Piece, Piece]:
    """Strictly behind the position by this key alone, and level with it."""
    column, behind = key.value(rank), "<" if key.order.descending else ">"
    later = Piece("1 = 0") if within else Piece(f"{key.rank} > ?", (rank,))
    same_rank = Piece("1 = 1") if within else Piece(f"{key.rank} = ?", (rank,))
    if not column:
        return later, same_rank
    inside = joined("AND", [same_rank, Piece(f"{column} {behind} ?", (value,))])
    return joined("OR", [later, inside]), joined("AND", [same_rank, Piece(f"{column} = ?", (value,))])
