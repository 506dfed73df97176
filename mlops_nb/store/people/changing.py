"""Adding, changing and removing people: the file and a row of the audit log, both or neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.store import durable
from mlops_nb.store.locking import only_one
from mlops_nb.store.people import keys
from mlops_nb.store.people.entries import FILE, NAME, SYSTEM, Entry, read, written
from mlops_nb.store.store import Store

People = dict[str, Entry]
Change = tuple[People, str, dict[str, Any]]


def put(store: Store, name: str, change: Callable[[Entry | None], Entry]) -> Entry:
    """Add or change a person, with a row in the audit log that says what, and never the password or the key.

    Args:
        store: Whose people.
        name: The person.
        change: Gives the new entry from the old one, or from None.

    Raises:
        InvalidInput: The name is not allowed, or differs from another's in capitals only.
        StoreError: people.json is damaged, or nothing can be written.
    """
    name = name.strip()
    if not NAME.fullmatch(name) or name.casefold() == "guest":  # Panel calls everybody who is not signed in so
        raise InvalidInput(
            f"{brief(name)} can't be a person's name",
            expected="letters, digits, spaces and ._@+- (1 to 128), a letter or digit first",
        )

    def changed(people: People) -> Change:
        double = next((known for known in people if known.casefold() == name.casefold() and known != name), "")
        if double:
            raise InvalidInput(f"there is {double!r} already, who differs from {name!r} in capitals only")
        old, new = people.get(name), change(people.get(name))
        _refuse_system(people, name, new.system)
        did = "change person" if old else "add person"
        return people | {name: new}, did, _said(old, new)

    return _write(store, name, changed)[name]


def _said(old: Entry | None, new: Entry) -> dict[str, Any]:
    """What the audit log has of a change: that there is a password or a key, and whether it is another one."""

    def told(before: str, after: str) -> str:
        return "none" if not after else "kept" if before == after else "set"

    said: dict[str, Any] = {"role": new.role, "password": told(old.password if old else "", new.password)}
    if new.key or (old and old.key):
        said["key"] = told(old.key if old else "", new.key)
    if new.system:
        said["system"] = list(new.system)
    return said


def _refuse_system(people: People, name: str, system: tuple[str, ...]) -> None:
    for user in system:
        if not SYSTEM.fullmatch(user):
            raise InvalidInput(f"{brief(user)} can't be a user of this system", expected="a login name, like ada")
        other = next((known for known, entry in people.items() if known != name and user in entry.system), "")
        if other:
            raise InvalidInput(f"the system's user {user!r} is {other} already", expected="a user who is nobody else")


def put_key(store: Store, name: str, key: str) -> None:
    """Give a person another key in the place of the one they had.

    Raises:
        NotFound: There is nobody of that name.
        StoreError: people.json is damaged, or nothing can be written.
    """

    def change(old: Entry | None) -> Entry:
        if old is None:
            raise _nobody(store, name)
        return Entry(old.role, old.password, keys.digest(key), old.system)

    put(store, name, change)


def remove(store: Store, name: str) -> Entry:
    """Remove a person; their cookies and their key are nobody's from then on. Returns what was known of them.

    Raises:
        NotFound: There is nobody of that name.
        StoreError: people.json is damaged, or nothing can be written.
    """
    name, gone = name.strip(), dict[str, Entry]()

    def changed(people: People) -> Change:
        if name not in people:
            raise _nobody(store, name)
        gone[name] = people.pop(name)
        return people, "remove person", {"role": gone[name].role}

    _write(store, name, changed)
    return gone[name]


def _nobody(store: Store, name: str) -> NotFound:
    near = nearest(name, read(store.folder))
    return NotFound(f"there is nobody called {brief(name.strip())}", nearest=near, fix="mlops-nb people")


def _write(store: Store, name: str, change: Callable[[People], Change]) -> People:
    path = store.folder / FILE
    with only_one(path):
        before = path.read_bytes() if path.exists() else None
        people, did, detail = change(read(store.folder))
        try:
            # Inside the transaction: a person without a row in the audit log must not be.
            store.change(lambda _: durable.replace(path, written(people)), did, f"person:{name}", **detail)
        except BaseException:
            if before is None:
                path.unlink(missing_ok=True)
            else:
                durable.replace(path, before)
            raise
    return people
