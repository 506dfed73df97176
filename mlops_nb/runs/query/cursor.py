"""The place where the next page begins, as opaque text that belongs to one filter and one order."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief

if TYPE_CHECKING:
    from mlops_nb.runs.query.plan import Place

VERSION = 1
_LONGEST = 20_000


def written(place: Place, search: tuple[object, ...]) -> str:
    """The cursor of a place in a search (its filter, order and whether trashed runs show)."""
    positions, run = place
    body = [VERSION, [list(position) for position in positions], run]
    text = json.dumps([*body, _seal(body, search)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, search: tuple[object, ...]) -> Place:
    """The place that a cursor names.

    Raises:
        InvalidInput: Not a cursor, or one of another search or version.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        *body, seal = json.loads(base64.b64decode(padded, b"-_", validate=True))
        version, positions, run = body
        if version != VERSION or seal != _seal(body, search):
            raise ValueError
        return tuple((int(rank), value) for rank, value in positions), int(run)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidInput(
            f"{brief(text)} is not the next page of this search",
            expected="`next_page` of the same filter and order",
            fix="leave `after` out to begin at the first page",
        ) from None


def _seal(body: list[Any], search: tuple[object, ...]) -> str:
    # Not a secret: it tells a cursor of another search, or a damaged one, from the right one.
    return hashlib.blake2b(json.dumps([body, search]).encode(), digest_size=9).hexdigest()
