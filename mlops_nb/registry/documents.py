"""What people wrote about a model or a version: canvas, gate policy, risk, card. Each saved state is a new revision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.errors import InvalidInput, Refused, brief
from mlops_nb.store.actor import identify
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.store.store import Store

Kind = Literal["canvas", "policy", "risk", "card"]

_COLUMNS = "id, kind, model, number, name, revision, body, digest, actor, verified, created_us"
_OF = "kind = ? AND model = ? AND number = ? AND name = ?"
_LATEST = f"SELECT {_COLUMNS} FROM document WHERE {_OF} ORDER BY revision DESC LIMIT 1"
_HISTORY = f"SELECT {_COLUMNS} FROM document WHERE {_OF} ORDER BY revision DESC LIMIT ?"
_REVISION = f"SELECT {_COLUMNS} FROM document WHERE {_OF} AND revision = ?"
_NEXT = f"SELECT coalesce(max(revision), 0) + 1 FROM document WHERE {_OF}"
_ADD = """
INSERT INTO document (kind, model, number, name, revision, body, digest, actor, verified, created_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class About:
    """What a document is about: a model (number 0) or one version of it; `name` is a policy's stage.

    Attributes:
        kind: What sort of document.
        model: The model's row, `Version.model_id`.
        number: The version's number, 0 for the model as a whole.
        name: What tells several of a kind apart, else empty.
    """

    kind: Kind
    model: int
    number: int = 0
    name: str = ""

    @property
    def node(self) -> str:
        """Its subject in the audit log: `version:7/3`, `model:7`."""
        return f"version:{self.model}/{self.number}" if self.number else f"model:{self.model}"

    @property
    def key(self) -> tuple[object, ...]:
        """The values of its columns."""
        return self.kind, self.model, self.number, self.name


@dataclass(frozen=True, slots=True)
class Document:
    """One revision. `body` is plain JSON with its own `format`; `digest` is BLAKE3 over its canonical text."""

    id: int
    about: About
    revision: int
    body: Mapping[str, Any]
    digest: str
    actor: str
    verified: str
    created_us: int


def canonical(body: object) -> str:
    """The one text of some JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def save(store: Store, about: About, body: Mapping[str, Any], why: str = "", made_from: int | None = None) -> Document:
    """Keep a new revision; the same body as before is no new one.

    Args:
        store: Where.
        about: What it is about.
        body: JSON-able, with a `format` number.
        why: The reason, if one was given; its text stays out of the audit log.
        made_from: The revision that `body` was made from, 0 for none; None: it does not matter which one.

    Raises:
        Refused: Somebody else saved a revision since.
    """
    text = canonical(body)
    name = digest(text.encode())
    before = latest(store, about)
    if before is not None and before.digest == name:
        return before
    who = identify(store.folder)

    def write(connection: sqlite3.Connection) -> None:
        revision = connection.execute(_NEXT, about.key).fetchone()[0]
        if made_from is not None and revision != made_from + 1:
            raise Refused(f"somebody else saved this {about.kind} at the same moment", fix="look at it and try again")
        row = (*about.key, revision, text, name, who.actor, who.verified, now_us())
        connection.execute(_ADD, row)

    named = {"stage": about.name} if about.name else {}
    store.change(write, about.kind, about.node, why=why, document=name, **named)
    found = latest(store, about)
    assert found is not None  # noqa: S101 (it was written a line above)
    return found


def latest(store: Store, about: About) -> Document | None:
    """The newest revision, or None."""
    rows = store.query(_LATEST, about.key)
    return _document(rows[0]) if rows else None


def at(store: Store, about: About, revision: int) -> Document | None:
    """One revision, or None."""
    rows = store.query(_REVISION, (*about.key, revision))
    return _document(rows[0]) if rows else None


def history(store: Store, about: About, most: int = 1_000) -> list[Document]:
    """The newest revisions, at most so many, newest first."""
    return [_document(row) for row in store.query(_HISTORY, (*about.key, most))]


def start_of(limit: int, after: str, most: int) -> int:
    """Where one page of a list of documents begins, by its cursor.

    Raises:
        InvalidInput: The limit is not from 1 to `most`, or the cursor is none.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise InvalidInput(f"the limit is {brief(limit)}", expected=f"a whole number from 1 to {most}")
    text = str(after or "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 13):
        raise InvalidInput(f"{brief(after)} is no cursor", expected="what .next_page of the page before says")
    return int(text)


def _document(row: tuple[Any, ...]) -> Document:
    return Document(row[0], About(row[1], row[2], row[3], row[4]), row[5], json.loads(row[6]), *row[7:])
