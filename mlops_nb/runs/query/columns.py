"""Comparisons of what every run has: its experiment, status, times, note, commit, datasets …"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.runs.query.sql import NEVER, Piece, compared, contains, joined, negated, one_of, starts
from mlops_nb.runs.query.times import span_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_nb.runs.query.expression import Comparison, Field, Value
    from mlops_nb.runs.query.scope import Scope

STATUSES = ("running", "finished", "failed", "interrupted")
# What a column of the filter is in the table: for sorting, for presence and for text comparisons.
SQL = {
    "actor": "r.actor",
    "branch": "r.branch",
    "commit": "r.commit_id",
    "experiment": "(SELECT e.name FROM experiment e WHERE e.id = r.experiment)",
    "id": "r.ulid",
    "notebook": "r.notebook",
    "note": "r.note",
    "parent": "r.parent",
    "started": "r.started_us",
    "status": "r.status",
    "wall": "r.wall_us",
}
NULLABLE = frozenset({"branch", "commit", "notebook", "parent", "wall"})
_NAMED = "SELECT n.version FROM dataset_name n JOIN dataset s ON s.id = n.dataset WHERE"
_FINGERPRINT = re.compile(r"(?:fp\d+[a-z]:)?[0-9a-f]{4,}", re.ASCII)


def has_column(field: Field) -> Piece:
    """The runs whose column is filled."""
    if field.name == "dataset":
        return Piece("EXISTS (SELECT 1 FROM run_dataset d WHERE d.run = r.id)")
    if field.name == "note":
        return Piece("r.note <> ''")
    return Piece(f"{SQL[field.name]} IS NOT NULL")


def column_piece(term: Comparison, scope: Scope) -> Piece:
    """The runs whose column stands so to the values.

    Raises:
        InvalidInput: The operator or a value does not fit the column.
    """
    return _KINDS.get(term.field.name, _text)(term, scope)


def _either(term: Comparison, equal: Piece) -> Piece:
    if term.operator == "=":
        return equal
    return joined("AND", [has_column(term.field), negated(equal)])


def _only(term: Comparison, operators: str) -> None:
    if term.operator not in operators.split():
        raise InvalidInput(
            f"{term.field.name} at position {term.field.position} can't be compared with {term.operator}",
            expected=operators.replace("!=", "!= in"),
        )


def _contained(term: Comparison) -> Piece:
    column = SQL[term.field.name]
    piece = contains(column, term.values[0].text)
    return piece if term.operator == "~" else joined("AND", [Piece(f"{column} IS NOT NULL"), negated(piece)])


def _text(term: Comparison, scope: Scope) -> Piece:
    column = SQL[term.field.name]
    if term.operator in ("~", "!~"):
        return _contained(term)
    if term.operator not in ("=", "!="):
        return compared(column, term.operator, term.values[0].text)
    equal = one_of(column, [value.text for value in term.values])
    # A note that is empty differs from every text, unlike a column that is missing.
    return negated(equal) if term.operator == "!=" and term.field.name == "note" else _either(term, equal)


def _experiment(term: Comparison, scope: Scope) -> Piece:
    # By id, which the index on runs of an experiment serves; the names are compared once, not once a run.
    column = "e.name"
    if term.operator in ("~", "!~"):
        piece = contains(column, term.values[0].text)
    elif term.operator in ("=", "!="):
        piece = one_of(column, [value.text for value in term.values])
    else:
        piece = compared(column, term.operator, term.values[0].text)
    if term.operator.startswith("!"):
        piece = negated(piece)
    return Piece(f"r.experiment IN (SELECT e.id FROM experiment e WHERE {piece})", piece.values)


def _prefix(term: Comparison, scope: Scope) -> Piece:
    _only(term, "= != ~ !~")
    if term.operator in ("~", "!~"):
        return _contained(term)
    fold: Callable[[str], str] = str.lower if term.field.name == "commit" else str.upper
    for value in term.values:
        _not_empty(term, value)
    column = SQL[term.field.name]
    return _either(term, joined("OR", [starts(column, fold(value.text)) for value in term.values]))


def _not_empty(term: Comparison, value: Value) -> None:
    if not value.text:
        raise InvalidInput(
            f"the value at position {value.position} is empty",
            expected=f"the beginning of a {term.field.name}",
        )


def _status(term: Comparison, scope: Scope) -> Piece:
    _only(term, "= !=")
    pieces = []
    for value in term.values:
        if value.text not in STATUSES:
            raise InvalidInput(
                f"unknown status {brief(value.text)} at position {value.position}",
                expected=", ".join(STATUSES),
                nearest=nearest(value.text.lower(), STATUSES),
            )
        pieces.append(_is_status(value.text, scope))
    return _either(term, joined("OR", pieces))


def _is_status(status: str, scope: Scope) -> Piece:
    recorded = Piece("r.status = ?", (status,))
    if status == "running":
        return joined("AND", [recorded, negated(scope.dead)])
    return joined("OR", [recorded, scope.dead]) if status == "interrupted" else recorded


def _started(term: Comparison, scope: Scope) -> Piece:
    _only(term, "= != < <= > >=")
    spans = [span_us(value, scope.now_us) for value in term.values]
    if term.operator in ("=", "!="):
        within = [Piece("(r.started_us >= ? AND r.started_us < ?)", span) for span in spans]
        return _either(term, joined("OR", within))
    # Elsewhere a date is its midnight: `started > 2026-11-01` is since then, that day's runs included.
    return Piece(f"r.started_us {term.operator} ?", (spans[0][0],))


def _wall(term: Comparison, scope: Scope) -> Piece:
    _only(term, "= != < <= > >=")
    micros = []
    for value in term.values:
        number = value.number
        if number is None or math.isnan(number):
            raise InvalidInput(
                f"{brief(value.text)} at position {value.position} is not a duration",
                expected="seconds",
                fix="wall > 2.5",
            )
        scaled = number * 1e6
        micros.append(float(round(scaled)) if math.isfinite(scaled) else scaled)
    if term.operator in ("=", "!="):
        return _either(term, one_of("r.wall_us", micros))
    return compared("r.wall_us", term.operator, micros[0])


def dataset_runs(term: Comparison) -> Piece:
    """A SELECT of the runs that used a dataset that the term names, each once."""
    if term.operator in ("~", "!~"):
        named = contains("s.name", term.values[0].text)
        versions = [Piece(f"{_NAMED} {named}", named.values)]
    else:
        versions = [_versions(term, value) for value in term.values]
    either = joined("OR", [Piece(f"d.version IN ({piece})", piece.values) for piece in versions])
    return Piece(f"SELECT DISTINCT d.run FROM run_dataset d WHERE {either}", either.values)


def _dataset(term: Comparison, scope: Scope) -> Piece:
    _only(term, "= != ~ !~")
    runs = dataset_runs(term)
    used = Piece(f"r.id IN ({runs})", runs.values)
    return used if term.operator in ("=", "~") else joined("AND", [has_column(term.field), negated(used)])


def _versions(term: Comparison, value: Value) -> Piece:
    _not_empty(term, value)
    name, slash, number = value.text.rpartition("/")
    named = one_of("s.name", [name if slash else value.text])
    if slash and number.isdecimal() and len(number) < 10:
        named = joined("AND", [named, Piece("n.number = ?", (int(number),))])
    elif slash:
        named = NEVER
    sql = f"{_NAMED} {named}"
    digest = value.text.lower()
    if not _FINGERPRINT.fullmatch(digest):
        return Piece(sql, named.values)
    prefix = starts("v.digest", digest if ":" in digest else "fp1b:" + digest)
    return Piece(f"{sql} UNION SELECT v.id FROM dataset_version v WHERE {prefix}", named.values + prefix.values)


_KINDS: dict[str, Callable[[Comparison, Scope], Piece]] = {
    "commit": _prefix,
    "dataset": _dataset,
    "experiment": _experiment,
    "id": _prefix,
    "parent": _prefix,
    "started": _started,
    "status": _status,
    "wall": _wall,
}
