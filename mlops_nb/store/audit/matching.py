"""Which rows of the audit log concern a thing: as their subject, or mentioned in what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from mlops_nb import references
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief, nearest

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

PERSON = "person"
# Their rows have names, not numbers: what they were called before is looked for as well.
_BY_NAME = ("deployment", "view")
# Written when a thing gets its number, in the name that it had then.
_NAMED_ACTIONS = {"model": "register", "view": "view"}


class Rows(NamedTuple):
    """A condition over the table `audit`, with its values."""

    sql: str
    values: tuple[str, ...]


def concerning(store: Store, reference: str, kind: str) -> Rows:
    """The rows that concern what a person refers to; of several things with one name, those of each.

    Raises:
        NotFound: Nothing is known by this name, now or in the log.
        InvalidInput: There is no such kind of thing.
    """
    kinds = (*references.BY_NAME, PERSON)
    if kind and kind not in kinds:
        raise InvalidInput(f"there is no kind {brief(kind)}", expected=", ".join(kinds), nearest=nearest(kind, kinds))
    parts, near = list[Rows](), ""
    for one in [kind] if kind else kinds:
        try:
            parts.append(_of(store, one, reference.strip()))
        except MlopsError as error:
            near = near or error.nearest
    if not parts:
        raise NotFound(f"the audit log knows no {kind or 'thing'} {brief(reference)}", nearest=near, fix="%audit")
    return Rows(" OR ".join(f"({part.sql})" for part in parts), tuple(v for part in parts for v in part.values))


def _of(store: Store, kind: str, reference: str) -> Rows:
    if kind == PERSON:
        return _of_person(store, reference)
    try:
        identity = references.BY_NAME[kind].resolver()(store, reference)
    except NotFound:
        identity = _purged(store, kind, reference)
    subjects = [f"{kind}:{identity}"]
    if kind in _BY_NAME:
        subjects += [f"{kind}:{name}" for name in _names(store, kind, reference)]
    parts = [_exactly(subject) for subject in dict.fromkeys(subjects)]
    if kind == "model":
        parts.append(_beginning(f"version:{identity}/"))
    if kind in _NAMED_ACTIONS:
        names = _names(store, kind, reference)
        marks = ", ".join("?" * len(names))
        sql = f"action = ? AND subject IN ({marks})"
        parts.append(Rows(sql, (_NAMED_ACTIONS[kind], *(f"{kind}:{name}" for name in names))))
    return Rows(" OR ".join(f"({part.sql})" for part in parts), tuple(v for part in parts for v in part.values))


def _exactly(node: str) -> Rows:
    """The rows whose subject it is, or whose detail has it as a text of its own."""
    # `replace` compares capitals and knows no wildcards, here and in PostgreSQL; LIKE does not agree with itself.
    return Rows("subject = ? OR replace(detail, ?, '') <> detail", (node, json.dumps(node)))


def _beginning(node: str) -> Rows:
    return Rows(
        "substr(subject, 1, length(?)) = ? OR replace(detail, ?, '') <> detail", (node, node, json.dumps(node)[:-1])
    )


def _of_person(store: Store, name: str) -> Rows:
    """What somebody did, and what was done about them."""
    node = f"{PERSON}:{name}"
    if not store.query("SELECT 1 FROM audit WHERE subject = ? OR actor = ? LIMIT 1", (node, node)):
        raise NotFound(f"the audit log knows no person {brief(name)}")
    return Rows("subject = ? OR actor = ?", (node, node))


def _names(store: Store, kind: str, name: str) -> list[str]:
    """The names of a thing, newest first: the one it has, and those before it was renamed."""
    found = [name]
    for (detail,) in store.query(
        "SELECT detail FROM audit WHERE action = 'rename' AND substr(subject, 1, length(?)) = ? ORDER BY seq DESC",
        (f"{kind}:", f"{kind}:"),
    ):
        renamed = json.loads(detail)
        if renamed.get("after") == found[-1]:
            found.append(str(renamed.get("before")))
    return found


def _purged(store: Store, kind: str, reference: str) -> str:
    """What the log still calls so, though the thing itself is gone.

    Raises:
        NotFound: The log does not know it either.
    """
    if store.query("SELECT 1 FROM audit WHERE subject = ? LIMIT 1", (f"{kind}:{reference}",)):
        return reference
    raise NotFound(f"the audit log knows no {kind} {brief(reference)}")
