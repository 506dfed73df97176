"""Pieces of SQL with their bound values. Every piece is two-valued, so that NOT means "every other run"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.runs.query.reader import places

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Piece:
    """SQL and its values, in the order of its `?`."""

    sql: str
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return self.sql


NEVER = Piece("1 = 0")
ALWAYS = Piece("1 = 1")


def joined(word: str, pieces: Sequence[Piece]) -> Piece:
    """The pieces with AND or OR between, as a balanced tree: SQLite allows a depth of 1,000."""
    if not pieces:
        return ALWAYS if word == "AND" else NEVER
    if len(pieces) == 1:
        return pieces[0]
    half = len(pieces) // 2
    left, right = joined(word, pieces[:half]), joined(word, pieces[half:])
    return Piece(f"({left} {word} {right})", left.values + right.values)


def negated(piece: Piece) -> Piece:
    """The runs that the piece leaves out."""
    return Piece(f"NOT ({piece})", piece.values)


def one_of(column: str, values: Sequence[Any]) -> Piece:
    """The column is one of the values."""
    if not values:
        return NEVER
    return Piece(f"({column} IS NOT NULL AND {column} IN ({places(values)}))", tuple(values))


def compared(column: str, operator: str, value: object) -> Piece:
    """The column stands so to the value; a missing one does not."""
    return Piece(f"({column} IS NOT NULL AND {column} {operator} ?)", (value,))


def starts(column: str, prefix: str) -> Piece:
    """The column begins with the prefix, case and all: a range, which an index serves and LIKE does not."""
    return Piece(f"({column} IS NOT NULL AND {column} >= ? AND {column} < ?)", (prefix, prefix + TOP))


def contains(column: str, text: str) -> Piece:
    """The column contains the text; case does not matter (on SQLite: that of ASCII letters)."""
    # `lower` on both sides makes LIKE mean the same on PostgreSQL, which minds the case.
    pattern = "%" + "".join("!" + c if c in "!%_" else c for c in text) + "%"
    return Piece(f"({column} IS NOT NULL AND lower({column}) LIKE lower(?) ESCAPE '!')", (pattern,))
