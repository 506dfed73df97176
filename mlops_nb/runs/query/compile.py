"""Expression to SQL over `run r`: one piece per comparison, keys by their integer ids, every value bound.

A run without the key or column matches no comparison, `!=` and `not in` included; `not (…)` turns the whole
answer round, so that it matches such a run. NaN matches `= nan` alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.runs.query.columns import column_piece, has_column
from mlops_nb.runs.query.expression import All, AnyOf, Comparison, Expression, Field, Has, Not, Value
from mlops_nb.runs.query.keys import TABLES
from mlops_nb.runs.query.sql import ALWAYS, Piece, compared, contains, joined, negated, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_nb.runs.query.scope import Scope

VISIBLE = Piece("r.trashed_us IS NULL AND r.experiment NOT IN (SELECT id FROM experiment WHERE trashed_us IS NOT NULL)")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a namespace's table that satisfy a comparison, without the run: what an index can drive."""

    table: str
    key: int
    piece: Piece

    @property
    def exists(self) -> Piece:
        """The runs that have such a row."""
        return Piece(
            f"EXISTS (SELECT 1 FROM {self.table} t WHERE t.run = r.id AND t.key = ? AND {self.piece})",
            (self.key, *self.piece.values),
        )

    @property
    def runs(self) -> Piece:
        """A SELECT of those runs, each once."""
        return Piece(
            f"SELECT t.run FROM {self.table} t WHERE t.key = ? AND {self.piece}",
            (self.key, *self.piece.values),
        )


def compiled(expression: Expression | None, scope: Scope) -> Piece:
    """The condition on `r` that the expression means.

    Raises:
        InvalidInput: A value does not fit its field.
    """
    if expression is None:
        return ALWAYS
    if isinstance(expression, Not):
        return negated(compiled(expression.item, scope))
    if isinstance(expression, All | AnyOf):
        word = "AND" if isinstance(expression, All) else "OR"
        return joined(word, [compiled(item, scope) for item in expression.items])
    rows = keyed_rows(expression, scope)
    if rows is not None:
        return rows.exists
    return has_column(expression.field) if isinstance(expression, Has) else column_piece(expression, scope)


def keyed_rows(expression: Expression, scope: Scope) -> Rows | None:
    """The rows that a comparison of a metric, param, tag or value is about; None for anything else."""
    if not isinstance(expression, Comparison | Has) or expression.field.space == "run":
        return None
    field = expression.field
    table, key = TABLES[field.space], scope.key(field.name)
    if isinstance(expression, Has):
        return Rows(table, key, ALWAYS)
    piece = {"params": _param, "tags": _tag}.get(field.space, _number)(expression)
    return Rows(table, key, piece)


def number_column(field: Field) -> str:
    """The column of the table that holds the field's number."""
    return field.of if field.space == "metrics" else "number"


def _number(term: Comparison) -> Piece:
    field, column = term.field, "t." + number_column(term.field)
    if term.operator in ("~", "!~"):
        raise InvalidInput(f"{field} at position {field.position} is a number", expected="= != < <= > >= in")
    numbers = [_as_number(field, value) for value in term.values]
    missing = Piece("t.kind = 1") if field.of == "last" else Piece(f"{column} IS NULL")
    if term.operator in ("=", "!="):
        equal = one_of(column, [number for number in numbers if not math.isnan(number)])
        if any(math.isnan(number) for number in numbers):
            equal = joined("OR", [equal, missing])
        return equal if term.operator == "=" else joined("AND", [negated(missing), negated(equal)])
    return compared(column, term.operator, _ordered(field, term.values[0], numbers[0]))


def _as_number(field: Field, value: Value) -> float:
    number = value.number if value.truth is None else float(value.truth)
    if number is None:
        fix = f"{field} > {value.text}" if value.quoted and Value(value.text, False).number is not None else ""
        raise InvalidInput(
            f"{brief(value.text)} at position {value.position} is text, and {field} is a number",
            expected="a number",
            fix=fix,
        )
    return number


def _ordered(field: Field, value: Value, number: float) -> float:
    if math.isnan(number):
        raise InvalidInput(f"nan at position {value.position} has no order", expected="= or !=", fix=f"{field} = nan")
    return number


def _param(term: Comparison) -> Piece:
    field, value = term.field, term.values[0]
    if term.operator in ("~", "!~"):
        return _contained("t.text", term)
    if term.operator in ("=", "!="):
        equal = _param_equal(term.values)
        return equal if term.operator == "=" else negated(equal)
    if value.truth is not None:
        raise InvalidInput(f"{value.text} at position {value.position} has no order", expected="= or !=")
    if value.number is None:
        return compared("t.text", term.operator, value.text)
    return compared("t.number", term.operator, _ordered(field, value, value.number))


def _param_equal(values: Sequence[Value]) -> Piece:
    texts: list[str] = []
    numbers: list[float] = []
    for value in values:
        number = value.number
        if value.truth is not None:
            texts += ["True", "true"] if value.truth else ["False", "false"]
        elif number is None:
            texts.append(value.text)
        elif math.isnan(number):
            texts.append("nan")
        else:
            numbers.append(number)
    either = [one_of("t.text", texts)] if texts else []
    return joined("OR", either + ([one_of("t.number", numbers)] if numbers else []))


def _tag(term: Comparison) -> Piece:
    if term.operator in ("~", "!~"):
        return _contained("t.text", term)
    if term.operator in ("=", "!="):
        equal = one_of("t.text", [value.text for value in term.values])
        return equal if term.operator == "=" else negated(equal)
    value = term.values[0]
    if value.number is not None:
        raise InvalidInput(
            f"{value.text} at position {value.position} is a number, and {term.field} is text",
            expected="text to compare with",
            fix=f"{term.field} {term.operator} '{value.text}'",
        )
    return compared("t.text", term.operator, value.text)


def _contained(column: str, term: Comparison) -> Piece:
    piece = contains(column, term.values[0].text)
    return piece if term.operator == "~" else negated(piece)
