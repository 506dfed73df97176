"""Which index leads: the sort key's, walked until the page is full, or that of the rarest comparison.

The join order is written out with CROSS JOIN, which SQLite keeps as it stands, with statistics or without; to
PostgreSQL it is an ordinary join.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.runs.query.columns import column_piece, dataset_runs
from mlops_nb.runs.query.compile import VISIBLE, compiled, keyed_rows
from mlops_nb.runs.query.expression import Comparison, Expression, Field, Has, conjuncts, fields
from mlops_nb.runs.query.grammar import parse_sort, parse_where
from mlops_nb.runs.query.order import MISSING, NUMBER, Position, SortKey, after, order_by, sort_keys
from mlops_nb.runs.query.scope import Scope, look
from mlops_nb.runs.query.sql import ALWAYS, Piece, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_nb.runs.query.reader import Reader

FEW = 5_000
MANY = 20_000
Place = tuple[tuple[Position, ...], int]
# The rank by the first sort key, and the row: the run's id, its value by that key, then three columns a key.
Found = tuple[int, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A search, ready to be asked for its runs in order.

    `row` is what the comparisons of the first sort key ask of its row, `rest` what all others ask of the run;
    `drivers` are SELECTs of the runs of single comparisons that an index serves.
    """

    keys: tuple[SortKey, ...]
    row: Piece | None
    rest: Piece
    drivers: tuple[Piece, ...]

    def runs(self, reader: Reader, limit: int | None, start: Place | None) -> list[Found]:
        """The runs behind `start`, in order."""
        found: list[Found] = []
        for rank in self.keys[0].ranks:
            if (start is not None and rank < start[0][0][0]) or (rank == MISSING and self.row is not None):
                continue
            behind = start if start is not None and start[0][0][0] == rank else None
            wanted = None if limit is None else limit - len(found)
            found += self._ranked(reader, rank, wanted, behind)
            if limit is not None and len(found) >= limit:
                break
        return found

    def _ranked(self, reader: Reader, rank: int, limit: int | None, start: Place | None) -> list[Found]:
        walks = self.keys[0].table and rank != MISSING and len(self.keys) == 1
        guesses = [8 * limit, 80 * limit] if limit is not None and walks else []
        # A window is a guess: what sorts first may be just what the other comparisons leave out. The first is
        # so small that it costs less than counting.
        for number, window in enumerate(guesses):
            if number and self._driver(reader, FEW) is not None:
                break
            found = self._ask(reader, rank, limit, start, window=window)
            if len(found) == limit:
                return found
        return self._ask(reader, rank, limit, start, driver=self._driver(reader, MANY))

    def _driver(self, reader: Reader, most: int) -> Piece | None:
        """The SELECT of the runs of the rarest comparison, when there are at most so many."""
        best = None
        for driver in self.drivers:
            # Counted no further than the best so far: a few milliseconds at the most.
            sql = f"SELECT count(*) FROM ({driver} LIMIT ?) few"
            number = reader.query(sql, (*driver.values, most + 1))[0][0]
            if number <= most:
                best, most = driver, number - 1
        return best

    def _ask(
        self,
        reader: Reader,
        rank: int,
        limit: int | None,
        start: Place | None,
        *,
        window: int = 0,
        driver: Piece | None = None,
    ) -> list[Found]:
        source, where = self._source(rank, window, start)
        if driver is not None:
            source = Piece(f"({driver}) d CROSS JOIN {source}", driver.values + source.values)
            where.append(Piece("r.id = d.run"))
        if start is not None and not window:
            where.append(after(self.keys, *start))
        condition = joined("AND", [*where, self.rest])
        columns = "".join(f", {key.rank}, {key.number or 'NULL'}, {key.text or 'NULL'}" for key in self.keys[1:])
        first = self.keys[0].value(rank) or "NULL"
        run = "t.run" if self.keys[0].table and rank != MISSING else "r.id"
        sql = (
            f"SELECT r.id, {first}{columns} FROM {source}{''.join(self._joins())} WHERE {condition} "
            f"ORDER BY {order_by(self.keys, rank, run)}"
        )
        values: list[Any] = [
            *source.values,
            *(key.key for key in self.keys[1:] if key.table),
            *condition.values,
        ]
        if limit is not None:
            sql, values = sql + " LIMIT ?", [*values, limit]
        return [(rank, row) for row in reader.query(sql, values)]

    def _source(self, rank: int, window: int, start: Place | None) -> tuple[Piece, list[Piece]]:
        first = self.keys[0]
        if not first.table:
            return Piece("run r"), [Piece(f"{first.number} IS {'NULL' if rank == MISSING else 'NOT NULL'}")]
        if rank == MISSING:
            absent = f"NOT EXISTS (SELECT 1 FROM {first.table} t WHERE t.run = r.id AND t.key = ?)"
            return Piece("run r"), [Piece(absent, (first.key,))]
        where = [Piece("t.key = ?", (first.key,)), self.row or ALWAYS]
        if first.number:
            where.append(Piece(f"{first.number} IS {'NOT NULL' if rank == NUMBER else 'NULL'}"))
        link = Piece("r.id = t.run")
        if not window:
            return Piece(f"{first.table} t CROSS JOIN run r"), [*where, link]
        if start is not None:
            where.append(after(self.keys, *start, column="t.run"))
        inner = joined("AND", where)
        value = first.value(rank)
        table = (
            f"(SELECT t.run{', ' + value if value else ''} FROM {first.table} t WHERE {inner} "
            f"ORDER BY {order_by(self.keys, rank, 't.run')} LIMIT ?) t CROSS JOIN run r"
        )
        return Piece(table, (*inner.values, window)), [link]

    def _joins(self) -> Iterator[str]:
        for key in self.keys[1:]:
            if key.table:
                yield f" LEFT JOIN {key.table} {key.alias} ON {key.alias}.run = r.id AND {key.alias}.key = ?"


def planned(
    reader: Reader, expression: Expression | None, keys: tuple[SortKey, ...], scope: Scope, *, trashed: bool
) -> Plan:
    """The plan of a search.

    Raises:
        InvalidInput: A value does not fit its field.
    """
    row: list[Piece] = []
    rest: list[Expression] = []
    for item in conjuncts(expression):
        rows = keyed_rows(item, scope)
        if rows is not None and (rows.table, rows.key) == (keys[0].table, keys[0].key):
            row.append(rows.piece)
        else:
            rest.append(item)
    condition = joined("AND", [*([] if trashed else [VISIBLE]), *(compiled(item, scope) for item in rest)])
    drivers = tuple(piece for item in conjuncts(expression) for piece in _drives(item, scope))
    return Plan(keys, joined("AND", row) if row else None, condition, drivers)


def _drives(item: Expression, scope: Scope) -> list[Piece]:
    """The SELECT of the runs that satisfy the comparison, when an index finds them."""
    if isinstance(item, Comparison) and (item.operator in ("!=", "~", "!~") or _asks_nan(item)):
        return []
    if not isinstance(item, Comparison | Has) or item.field.of != "last":
        return []
    rows = keyed_rows(item, scope)
    if rows is not None:
        return [rows.runs]
    if isinstance(item, Has) or item.field.name not in ("experiment", "id", "dataset"):
        return []
    if item.field.name == "dataset":
        return [dataset_runs(item)]
    piece = column_piece(item, scope)
    return [Piece(f"SELECT r.id AS run FROM run r WHERE {piece}", piece.values)]


def _asks_nan(item: Comparison) -> bool:
    return any(value.number is not None and math.isnan(value.number) for value in item.values)


def place_of(found: Found) -> Place:
    """The place of a run in the order, which is where a next page begins."""
    rank, row = found
    further = [(row[i], row[i + 1] if row[i] == NUMBER else row[i + 2]) for i in range(2, len(row), 3)]
    return ((rank, row[1]), *further), row[0]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A search that was read and planned. `name` tells it from other searches."""

    plan: Plan
    scope: Scope
    named: tuple[Field, ...]
    name: tuple[object, ...]


def prepare(reader: Reader, where: str, sort: str, *, trashed: bool) -> Prepared:
    """Read the filter and the order, look up what they name, and plan.

    Raises:
        InvalidInput: The filter or the order can't be understood.
    """
    expression, orders = parse_where(where), parse_sort(sort)
    named = tuple(fields(expression)) if expression is not None else ()
    named += tuple(order.field for order in orders)
    scope = look(reader, named)
    plan = planned(reader, expression, sort_keys(orders, scope), scope, trashed=trashed)
    return Prepared(plan, scope, named, (where.strip(), sort.strip(), trashed))
