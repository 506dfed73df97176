"""The address of a page: each filter is in it, so that what somebody sees can be sent, kept and gone back to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlencode

from mlops_nb.errors import InvalidInput

# What browsers and servers carry safely; a filter that is longer is refused in words.
LONGEST, MOST = 8_000, 100


@dataclass(frozen=True, slots=True)
class Address:
    """What stands behind the `?` of a page. Subclasses add fields: texts, lists of texts, whole numbers, switches."""

    slug: ClassVar[str] = ""

    @classmethod
    def read(cls, query: str) -> Self:
        """The address that a query string says; what it does not know is left out.

        Raises:
            InvalidInput: It is too long, or a number is none.
        """
        query = query.removeprefix("?")
        if len(query) > LONGEST:
            raise InvalidInput(f"the address has {len(query):,} characters", expected=f"at most {LONGEST:,}")
        try:
            given = {name: values[-1] for name, values in parse_qs(query, max_num_fields=MOST).items()}
        except ValueError:
            raise InvalidInput("the address has too many fields", expected=f"at most {MOST}") from None
        return cls(**{f.name: _read(f.name, f.default, given[f.name]) for f in fields(cls) if f.name in given})

    def query(self) -> str:
        """The query string: only what differs from the defaults."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return urlencode({name: _written(value) for name, value in said.items()})

    def link(self, **changes: Any) -> str:
        """The relative address with some fields changed."""
        changed = replace(self, **changes)
        said = changed.query()
        return f"{self.slug}?{said}" if said else self.slug


def _read(name: str, default: Any, text: str) -> Any:
    if isinstance(default, bool):
        return text.lower() in ("1", "true", "yes", "on")
    if isinstance(default, tuple):
        return tuple(part for part in (part.strip() for part in text.split(",")) if part)
    if isinstance(default, int):
        try:
            return int(text[:20])
        except ValueError:
            raise InvalidInput(f"{name} in the address is {text[:40]!r}", expected="a whole number") from None
    return text


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple) else str(value)
