"""The people of a project and what each may do: `.mlops/people.json`, readable by its owner only.

Roles, low to high: a viewer looks, an editor changes, an approver also decides. Whoever is not signed in is nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_nb.errors import InvalidInput, NotFound, Refused, StoreError, brief, nearest
from mlops_nb.pages import passwords
from mlops_nb.services.starting import only_one
from mlops_nb.store import durable
from mlops_nb.store.store import Store, current

FORMAT = 1
FILE = "people.json"
ROLES = ("viewer", "editor", "approver")
Access = Literal["read", "write", "approve"]
_NEEDS: Mapping[str, str] = {"read": "viewer", "write": "editor", "approve": "approver"}
# Wider than the names of things: what a provider of OAuth calls a person may be an e-mail address.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,127}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, with a role of `ROLES`."""

    name: str
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a person: the role, and the hashed password; empty when OAuth alone signs them in."""

    role: str
    password: str = ""


def read(folder: Path) -> dict[str, Entry]:
    """The people of the project whose `.mlops` folder this is; nobody when there is no file.

    Raises:
        StoreError: The file is damaged or newer: nobody is let in.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_bytes())
        return _understood(document)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{path} can't be used ({_why(error)}), so nobody can sign in",
            fix="put it back from a backup, or move it away and add people again: mlops-nb people add NAME",
        ) from None


def names(store: Store, typed: str) -> list[str]:
    """The people whose name begins so."""
    return [name for name in sorted(read(store.folder)) if name.startswith(typed)]


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it can't be read"
    return "it is no JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)


def _understood(document: Any) -> dict[str, Entry]:
    if not isinstance(document, dict) or not isinstance(document.get("people"), dict):
        raise ValueError("it is not a list of people")
    if document.get("format") != FORMAT:
        raise ValueError(f"its format is {brief(document.get('format'))}, this version reads {FORMAT}")
    return {name: _entry(name, one) for name, one in document["people"].items()}


def _entry(name: str, one: Any) -> Entry:
    if not _NAME.fullmatch(name) or not isinstance(one, dict) or one.get("role") not in ROLES:
        raise ValueError(f"its entry {brief(name)} is not a person with a role")
    kept = one.get("password", "")
    if not isinstance(kept, str):
        raise ValueError(f"the password of {brief(name)} is not one")
    if kept:
        passwords.parsed(kept)
    return Entry(one["role"], kept)


def check(folder: Path, name: str, password: str) -> Person | None:
    """The person whose name and password these are, else None; takes the same time for a name that nobody has.

    Raises:
        StoreError: The file is damaged: nobody is let in.
    """
    entry = read(folder).get(name)
    right = passwords.matches(password, entry.password if entry else "")
    return Person(name, entry.role) if entry and right else None


def allowed(person: Person | None, access: Access) -> bool:
    """Whether somebody may do something: whoever sees the pages may read."""
    needed = ROLES.index(_NEEDS[access])
    return ROLES.index(person.role if person else "viewer") >= needed


def require(person: Person | None, access: Access, folder: Path | None = None) -> Person:
    """The person, with the role that they have now, or the refusal. A page may be older than a change of role.

    Raises:
        Refused: Nobody is signed in, or the role does not allow it.
        StoreError: people.json is damaged.
    """
    role = _NEEDS[access]
    if person is None:
        raise Refused(f"only {_article(role)} may do this, and nobody is signed in here", fix="sign in")
    entry = read(folder or current().folder).get(person.name)
    now = Person(person.name, entry.role if entry else "viewer")
    if not allowed(now, access):
        raise Refused(
            f"{now.name} is {_article(now.role)} of this project, and only {_article(role)} may do this",
            fix=f"have it done by one, or: mlops-nb people add {_typed(now.name)} --role {role}",
        )
    return now


def _article(role: str) -> str:
    return f"{'an' if role[0] in 'ae' else 'a'} {role}"


def _typed(name: str) -> str:
    return f'"{name}"' if " " in name else name


def put(store: Store, name: str, change: Callable[[Entry | None], Entry]) -> Entry:
    """Add or change a person, with a row in the audit log that says what, and never the password.

    Args:
        store: Whose people.
        name: The person.
        change: Gives the new entry from the old one, or from None.

    Raises:
        InvalidInput: The name is not allowed, or differs from another's in capitals only.
        StoreError: people.json is damaged, or nothing can be written.
    """
    name = name.strip()
    if not _NAME.fullmatch(name) or name.casefold() == "guest":  # Panel calls everybody who is not signed in so
        raise InvalidInput(
            f"{brief(name)} can't be a person's name",
            expected="letters, digits, spaces and ._@+- (1 to 128), a letter or digit first",
        )

    def changed(people: dict[str, Entry]) -> tuple[dict[str, Entry], str, dict[str, object]]:
        double = next((known for known in people if known.casefold() == name.casefold() and known != name), "")
        if double:
            raise InvalidInput(f"there is {double!r} already, who differs from {name!r} in capitals only")
        old, new = people.get(name), change(people.get(name))
        told = "none" if not new.password else "kept" if old and old.password == new.password else "set"
        did = "change person" if old else "add person"
        return people | {name: new}, did, {"role": new.role, "password": told}

    return _write(store, name, changed)[name]


def remove(store: Store, name: str) -> Entry:
    """Remove a person; their cookies are nobody's from then on. Returns what was known of them.

    Raises:
        NotFound: There is nobody of that name.
        StoreError: people.json is damaged, or nothing can be written.
    """
    name, gone = name.strip(), dict[str, Entry]()

    def changed(people: dict[str, Entry]) -> tuple[dict[str, Entry], str, dict[str, object]]:
        if name not in people:
            raise NotFound(
                f"there is nobody called {brief(name)}", nearest=nearest(name, people), fix="mlops-nb people"
            )
        gone[name] = people.pop(name)
        return people, "remove person", {"role": gone[name].role}

    _write(store, name, changed)
    return gone[name]


def _write(
    store: Store, name: str, change: Callable[[dict[str, Entry]], tuple[dict[str, Entry], str, dict[str, object]]]
) -> dict[str, Entry]:
    path = store.folder / FILE
    with only_one(path):
        before = path.read_bytes() if path.exists() else None
        people, did, detail = change(read(store.folder))
        shown = {n: {"role": e.role} | ({"password": e.password} if e.password else {}) for n, e in people.items()}
        data = json.dumps({"format": FORMAT, "people": shown}, indent=1, sort_keys=True).encode() + b"\n"
        try:
            # Inside the transaction: a person without a row in the audit log must not be.
            store.change(lambda _: durable.replace(path, data), did, f"person:{name}", **detail)
        except BaseException:
            if before is None:
                path.unlink(missing_ok=True)
            else:
                durable.replace(path, before)
            raise
    return people
