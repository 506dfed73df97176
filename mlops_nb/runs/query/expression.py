"""What a filter says, as a tree of frozen dataclasses."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYED = ("metrics", "params", "tags", "values")
COLUMNS = (
    "actor",
    "branch",
    "commit",
    "dataset",
    "experiment",
    "id",
    "notebook",
    "note",
    "parent",
    "started",
    "status",
    "wall",
)
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?", re.ASCII)
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared: a key of a namespace, or a column of the run (`space` is then "run").

    `of` is the part of a metric that counts: `last`, `least` or `greatest`. Positions start at 1.
    """

    space: str
    name: str
    of: str = "last"
    position: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        if self.space == "run":
            return self.name
        name = self.name if re.fullmatch(r"[\w.]+", self.name) else '"' + self.name.replace('"', '""') + '"'
        text = f"{self.space}.{name}"
        return {"least": f"min({text})", "greatest": f"max({text})"}.get(self.of, text)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was typed; what it means depends on the field."""

    text: str
    quoted: bool
    position: int = dataclasses.field(default=0, compare=False)

    @property
    def truth(self) -> bool | None:
        """True or false when the bare word is one, else None."""
        return {"true": True, "false": False}.get(self.text.lower()) if not self.quoted else None

    @property
    def number(self) -> float | None:
        """The number, nan and inf included; None when this is text or a truth value."""
        if self.quoted:
            return None
        if _NUMBER.fullmatch(self.text):
            return float(self.text.replace("_", ""))
        special = _SPECIAL.get(self.text.lower().lstrip("+-")) if self.text.count("-") < 2 else None
        return -special if special is not None and self.text.startswith("-") else special


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against values: more than one only for `in` and `not in`."""

    field: Field
    operator: str
    values: tuple[Value, ...]
    depth: int = dataclasses.field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """Whether the run has the key, or the column is filled."""

    field: Field
    depth: int = dataclasses.field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    item: Expression
    depth: int = dataclasses.field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the items."""

    items: tuple[Expression, ...]
    depth: int = dataclasses.field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the items."""

    items: tuple[Expression, ...]
    depth: int = dataclasses.field(default=1, compare=False)


Expression: TypeAlias = Comparison | Has | Not | All | AnyOf


def fields(expression: Expression) -> Iterator[Field]:
    """Every field that the expression names, in its order."""
    if isinstance(expression, Comparison | Has):
        yield expression.field
    elif isinstance(expression, Not):
        yield from fields(expression.item)
    else:
        for item in expression.items:
            yield from fields(item)


def conjuncts(expression: Expression | None) -> tuple[Expression, ...]:
    """The expressions that must all hold: the items of a top-level `and`."""
    if expression is None:
        return ()
    return expression.items if isinstance(expression, All) else (expression,)


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    field: Field
    descending: bool
