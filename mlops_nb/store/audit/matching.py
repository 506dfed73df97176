"""What in the audit log concerns a thing: the rows about it, those that mention it, and what somebody did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from mlops_nb import references
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief, nearest

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

PERSON = "person"
KINDS = (*references.BY_NAME, PERSON)
# Their rows have names, not numbers: what they were called before is looked for as well.
_BY_NAME = ("deployment", "view")
# Written when a thing gets its number, in the name that it had then.
_NAMED_ACTIONS = {"model": "register", "view": "view"}
_RENAMES = "SELECT detail FROM audit WHERE action = 'rename' AND substr(subject, 1, length(?)) = ? ORDER BY seq DESC"


class Source(NamedTuple):
    """Rows that concern `node`; with an `action` those that did this to it alone; or what `actor` did."""

    node: str = ""
    actor: str = ""
    action: str = ""


class Concerned(NamedTuple):
    """Where rows about something are, and what kinds of things have the name that was asked for."""

    sources: tuple[Source, ...]
    kinds: tuple[str, ...]


def concerning(store: Store, reference: str, kind: str = "") -> Concerned:
    """Where the rows are that concern what a person refers to; of several things with one name, those of each.

    Raises:
        NotFound: Nothing is known by this name, now or in the log.
        InvalidInput: There is no such kind of thing.
    """
    if kind and kind not in KINDS:
        raise InvalidInput(f"there is no kind {brief(kind)}", expected=", ".join(KINDS), nearest=nearest(kind, KINDS))
    found, near = dict[str, list[Source]](), list[str]()
    for one in [kind] if kind else KINDS:
        try:
            found[one] = _of(store, one, reference.strip())
        except MlopsError as error:
            near += [error.nearest] if error.nearest else []
    if not found:
        what = f"the audit log knows no {kind or 'thing'} {brief(reference)}"
        raise NotFound(what, nearest=nearest(reference, near), fix="%audit")
    return Concerned(tuple(dict.fromkeys(one for some in found.values() for one in some)), tuple(found))


def _of(store: Store, kind: str, reference: str) -> list[Source]:
    if kind == PERSON:
        return _of_person(store, reference)
    try:
        identity = references.BY_NAME[kind].resolver()(store, reference)
    except NotFound as error:
        identity = _purged(store, kind, reference, error.nearest)
    found = [f"{kind}:{identity}"]
    if kind in _BY_NAME:
        found += [f"{kind}:{name}" for name in _names(store, kind, reference)]
    sources = [Source(node) for node in dict.fromkeys(found)]
    if kind in _NAMED_ACTIONS:
        sources += [Source(f"{kind}:{n}", action=_NAMED_ACTIONS[kind]) for n in _names(store, kind, reference)]
    return sources


def _of_person(store: Store, name: str) -> list[Source]:
    """What somebody did, and what was done about them."""
    node = f"{PERSON}:{name}"
    if not (_known(store, node) or store.query("SELECT 1 FROM audit WHERE actor = ? LIMIT 1", (node,))):
        raise NotFound(f"the audit log knows no person {brief(name)}")
    return [Source(node), Source(actor=node)]


def _names(store: Store, kind: str, name: str) -> list[str]:
    """The names of a thing, newest first: the one it has, and those before it was renamed."""
    found = [name]
    for (detail,) in store.query(_RENAMES, (f"{kind}:", f"{kind}:")):
        renamed = json.loads(detail)
        if renamed.get("after") == found[-1]:
            found.append(str(renamed.get("before")))
    return found


def _purged(store: Store, kind: str, reference: str, near: str) -> str:
    """What the log still calls so, though the thing itself is gone.

    Raises:
        NotFound: The log does not know it either.
    """
    if _known(store, f"{kind}:{reference}"):
        return reference
    raise NotFound(f"the audit log knows no {kind} {brief(reference)}", nearest=near)


def _known(store: Store, node: str) -> bool:
    return bool(store.query("SELECT 1 FROM audit_node WHERE node = ? LIMIT 1", (node,)))
