"""The people of a project and what each may do: `.mlops/people.json`, readable by its owner only.

Roles, low to high: a viewer looks, an editor changes, an approver also decides. Whoever is not signed in is nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_nb.errors import Refused, StoreError, brief
from mlops_nb.store.people import passwords
from mlops_nb.store.store import Store, current

FORMAT, OLDEST = 2, 1
FILE = "people.json"
ROLES = ("viewer", "editor", "approver")
Access = Literal["read", "write", "approve"]
_NEEDS: Mapping[str, str] = {"read": "viewer", "write": "editor", "approve": "approver"}
# Wider than the names of things: what a provider of OAuth calls a person may be an e-mail address.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,127}")
SYSTEM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\+-]{0,127}\$?")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, with a role of `ROLES`."""

    name: str
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a person.

    Args:
        role: One of `ROLES`.
        password: Hashed; empty when they sign in by OAuth or not at all.
        key: The digest of their key; empty when they have none.
        system: Names by which the operating system knows them.
    """

    role: str
    password: str = ""
    key: str = ""
    system: tuple[str, ...] = ()


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


def written(people: Mapping[str, Entry]) -> bytes:
    """The file's content; what a person has not is left out."""
    shown = {name: _shown(entry) for name, entry in people.items()}
    return json.dumps({"format": FORMAT, "people": shown}, indent=1, sort_keys=True).encode() + b"\n"


def _shown(entry: Entry) -> dict[str, object]:
    kept = {"password": entry.password, "key": entry.key, "system": list(entry.system)}
    return {"role": entry.role} | {name: value for name, value in kept.items() if value}


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
    found = document.get("format")
    if type(found) is not int or not OLDEST <= found <= FORMAT:
        raise ValueError(f"its format is {brief(found)}, this version reads {OLDEST} to {FORMAT}")
    people = {name: _entry(name, one) for name, one in document["people"].items()}
    keys = [entry.key for entry in people.values() if entry.key]
    if len(set(keys)) < len(keys):
        raise ValueError("two people have one key")
    return people


def _entry(name: str, one: Any) -> Entry:
    if not NAME.fullmatch(name) or not isinstance(one, dict) or one.get("role") not in ROLES:
        raise ValueError(f"its entry {brief(name)} is not a person with a role")
    kept, key, system = one.get("password", ""), one.get("key", ""), one.get("system", [])
    if not isinstance(kept, str):
        raise ValueError(f"the password of {brief(name)} is not one")
    if kept:
        passwords.parsed(kept)
    if not isinstance(key, str) or (key and not _DIGEST.fullmatch(key)):
        raise ValueError(f"the key of {brief(name)} is not one")
    if not isinstance(system, list) or not all(isinstance(user, str) and SYSTEM.fullmatch(user) for user in system):
        raise ValueError(f"the system's names of {brief(name)} are not names")
    return Entry(one["role"], kept, key, tuple(system))


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
