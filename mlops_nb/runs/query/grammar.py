"""Text to expression: the parser of `--where` and `--sort`, and its one-line refusals."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.runs.directions import direction
from mlops_nb.runs.query.expression import (
    COLUMNS,
    KEYED,
    All,
    AnyOf,
    Comparison,
    Expression,
    Field,
    Has,
    Not,
    Order,
    Value,
    fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lark import Lark, Token, UnexpectedInput

LONGEST = 10_000
DEEPEST = 40
MOST_TERMS = 200
MOST_KEYS = 5
MOST_COLUMNS = 30
_RESERVED = ("and", "or", "not", "in")
_SAYS = {
    "FIELD": "a field",
    "OPERATOR": "an operator (= != < <= > >= ~ !~ in)",
    "WORD": "a value",
    "STRING": "a value",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "_AND": "and, or",
    "$END": "the end",
}
_FIELDS = "metrics.NAME, params.NAME, tags.NAME, values.NAME or one of " + ", ".join(COLUMNS)


def parse_where(text: str) -> Expression | None:
    """The filter as an expression; None for an empty one, which every run matches.

    Args:
        text: For instance `metrics.auc > 0.8 and (params.model = 'hgb' or has(tags.team))`.

    Raises:
        InvalidInput: Not a filter; the line says where and what was expected.
    """
    _check(text, "--where")
    if not text.strip():
        return None
    expression: Expression = _parse(text, "where", "--where")
    terms = sum(1 for _ in fields(expression))
    if terms > MOST_TERMS:
        raise InvalidInput(f"--where has {terms} comparisons", expected=f"at most {MOST_TERMS}", fix="field in (…)")
    return expression


def parse_sort(text: str) -> tuple[Order, ...]:
    """The sort keys of `-metrics.auc, started`; newest first for an empty text.

    Raises:
        InvalidInput: Not a list of fields.
    """
    _check(text, "--sort")
    if not text.strip():
        return (Order(Field("run", "started"), descending=True),)
    orders: tuple[Order, ...] = _parse(text, "order", "--sort")
    if len(orders) > MOST_KEYS:
        raise InvalidInput(f"--sort has {len(orders)} keys", expected=f"at most {MOST_KEYS}")
    for order in orders:
        if order.field.space == "run" and order.field.name == "dataset":
            raise InvalidInput("--sort can't order by dataset, a run may have several", expected="another field")
    return orders


def parse_columns(text: str) -> tuple[Field, ...]:
    """The fields of `metrics.auc, params.lr, wall`, each once; none for an empty text.

    Raises:
        InvalidInput: Not a list of fields, or more than 30.
    """
    _check(text, "--columns")
    if not text.strip():
        return ()
    orders: tuple[Order, ...] = _parse(text, "order", "--columns")
    for order in orders:
        if order.descending or order.field.of != "last":
            raise InvalidInput(f"--columns has {brief(text)}", expected="fields alone", fix=str(order.field))
    found = tuple(dict.fromkeys(order.field for order in orders))
    if len(found) > MOST_COLUMNS:
        raise InvalidInput(f"--columns has {len(found)} fields", expected=f"at most {MOST_COLUMNS}")
    return found


def _check(text: str, flag: str) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"{flag} is {brief(text)}", expected="text", fix='"metrics.auc > 0.8"')
    if len(text) > LONGEST:
        raise InvalidInput(f"{flag} has {len(text):,} characters", expected=f"at most {LONGEST:,}")
    for position, character in enumerate(text, 1):
        # A NUL would end the text inside SQLite, and a lone surrogate can't be written as UTF-8.
        if (character < " " and character not in "\t\n\r") or "\ud800" <= character <= "\udfff":
            raise InvalidInput(f"{flag} has the character {character!r} at position {position}", expected="plain text")


def _parse(text: str, start: str, flag: str) -> Any:
    from lark import UnexpectedInput

    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise _refusal(error, text, flag) from None


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    # Callbacks run while parsing, so that no tree is walked by recursion before its depth is known.
    return Lark(grammar, parser="lalr", start=["where", "order"], transformer=_Builder())


def _refusal(error: UnexpectedInput, text: str, flag: str) -> InvalidInput:
    from lark import UnexpectedCharacters, UnexpectedToken

    allowed: set[str] = set()
    found, position = "", (error.pos_in_stream or 0) + 1
    if isinstance(error, UnexpectedToken):
        allowed = set(error.accepts or error.expected)
        found = "" if error.token.type == "$END" else str(error.token)
    elif isinstance(error, UnexpectedCharacters):
        allowed = set(error.allowed or ())
        found = text[error.pos_in_stream :].split(maxsplit=1)[0]
    expected = " or ".join(dict.fromkeys(_SAYS[name] for name in _SAYS if name in allowed))
    if not found:
        return InvalidInput(f"{flag} ends too early", expected=expected)
    fix = "close the quotes, '' is a quote inside them" if found[0] in "'\"`" else ""
    if found.startswith("[") and "OPERATOR" in allowed:
        fix = 'quote the key: metrics."name[x]"'
    return InvalidInput(f"{flag} has {brief(found)} at position {position}", expected=expected, fix=fix)


class _Builder:
    """Builds the expression while the parser reads. Method names are rules of the grammar."""

    def where(self, items: list[Expression]) -> Expression:
        return items[0]

    def any_of(self, items: list[Expression]) -> Expression:
        return _joined(AnyOf, items)

    def all_of(self, items: list[Expression]) -> Expression:
        return _joined(All, items)

    def negated(self, items: list[Expression]) -> Expression:
        return Not(items[0], _deeper(items))

    def comparison(self, items: list[Any]) -> Expression:
        field, operator, value = items
        return Comparison(field, {"==": "=", "<>": "!="}.get(operator, str(operator)), (value,))

    def member(self, items: list[Any]) -> Expression:
        return Comparison(items[0], "=", items[1])

    def not_member(self, items: list[Any]) -> Expression:
        return Comparison(items[0], "!=", items[1])

    def presence(self, items: list[Field]) -> Expression:
        return Has(items[0])

    def least(self, items: list[Field]) -> Field:
        return _extreme(items[0], "least")

    def greatest(self, items: list[Field]) -> Field:
        return _extreme(items[0], "greatest")

    def values(self, items: list[Value]) -> tuple[Value, ...]:
        return tuple(items)

    def value(self, items: list[Token]) -> Value:
        token, position = str(items[0]), (items[0].start_pos or 0) + 1
        if items[0].type == "STRING":
            return Value(_unquoted(token), True, position)
        if token.lower() in _RESERVED:
            raise InvalidInput(f"{token!r} at position {position} is not a value", expected="a value", fix=f"'{token}'")
        return Value(token, False, position)

    def field(self, items: list[Token]) -> Field:
        return _field(str(items[0]), (items[0].start_pos or 0) + 1)

    def key(self, items: list[Any]) -> Order:
        return Order(items[-1], descending=len(items) == 2 and items[0] == "-")

    def order(self, items: list[Order]) -> tuple[Order, ...]:
        return tuple(items)


def _joined(kind: Callable[[tuple[Expression, ...], int], Expression], items: list[Expression]) -> Expression:
    return items[0] if len(items) == 1 else kind(tuple(items), _deeper(items))


def _deeper(items: Sequence[Expression]) -> int:
    depth = 1 + max(item.depth for item in items)
    if depth > DEEPEST:
        raise InvalidInput("--where is nested too deep", expected=f"at most {DEEPEST} levels of and, or, not")
    return depth


def _extreme(field: Field, of: str) -> Field:
    if field.space != "metrics":
        raise InvalidInput(
            f"min() and max() at position {field.position} are given {str(field)!r}",
            expected="a metric",
            fix="min(metrics.loss)",
        )
    return Field(field.space, field.name, of, field.position)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"" else text[1:-1]


def _field(text: str, position: int) -> Field:
    space, dot, key = text.partition(".")
    if dot and space in KEYED:
        return Field(space, _unquoted(key) if key[0] in "'\"`" else key, position=position)
    if not dot and space in COLUMNS:
        return Field("run", space, position=position)
    raise InvalidInput(
        f"unknown field {brief(text)} at position {position}",
        expected=_FIELDS,
        nearest=_meant(space, dot + key),
    )


def _meant(space: str, rest: str) -> str:
    if rest:
        namespace = nearest(space.lower(), KEYED)
        return namespace + rest if namespace else ""
    return nearest(space.lower(), COLUMNS) or (f"metrics.{space}" if direction(space) else "")
