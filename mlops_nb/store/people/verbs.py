"""The verbs of people: who may do what, and by which key a kernel or a shell knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.results import Results
    from mlops_nb.store.people.entries import Entry
    from mlops_nb.store.people.model import Key, Member

_NAME = Arg("how they sign in; with OAuth, as the provider calls them (an e-mail address, a login)", kind="person")
_WHO = Arg("whose", kind="person")


def people() -> Results[Member]:
    """List the people of this project, with their roles: who can sign in to the dashboard, and who has a key.

    Raises:
        StoreError: people.json is damaged.
    """
    from mlops_nb.results import Results
    from mlops_nb.store.people import entries

    listed = [_member(name, entry) for name, entry in sorted(entries.read(current().folder).items())]
    return Results(listed, note="" if listed else "nobody yet: %mlops people add NAME --role editor")


def add_person(
    name: Annotated[str, _NAME],
    *,
    role: Annotated[
        str,
        Arg(
            "viewer looks, editor changes, approver decides (new people: viewer)", kind=("viewer", "editor", "approver")
        ),
    ] = "",
    system: Annotated[Sequence[str], Arg("a login name of theirs on this system; replaces those known")] = (),
    no_password: Annotated[bool, Arg("signs in by OAuth only")] = False,
    password: Annotated[str | None, Arg("at least 10 characters", python_only=True)] = None,
) -> Member:
    """Add somebody who can sign in to the dashboard, or change their role, password or login names.

    A password is asked for at a terminal, else taken from MLOPS_NB_PASSWORD: it never stands on a command line. Who
    is known already keeps theirs when only a role or a login name is given.

    Raises:
        InvalidInput: The name, role or password is not allowed, or there is no way to ask for a password.
        StoreError: people.json is damaged, or nothing can be written.
    """
    from mlops_nb.store.people import changing, entries
    from mlops_nb.store.people.asking import new_password, suits
    from mlops_nb.store.people.passwords import hashed

    if role and role not in entries.ROLES:
        from mlops_nb.errors import InvalidInput, brief, nearest

        raise InvalidInput(
            f"{brief(role)} is no role", expected=", ".join(entries.ROLES), nearest=nearest(role, entries.ROLES)
        )
    store = current()
    users = (system,) if isinstance(system, str) else tuple(dict.fromkeys(system))
    known = entries.read(store.folder).get(name.strip())
    if password is None and not no_password and not (known and (role or users)):
        password = new_password(name)
    kept = "" if no_password or password is None else hashed(suits(password))

    def change(old: entries.Entry | None) -> entries.Entry:
        before = old or entries.Entry("viewer")
        secret = kept or ("" if no_password else before.password)
        return entries.Entry(role or before.role, secret, before.key, users or before.system)

    return _member(name.strip(), changing.put(store, name, change))


def remove_person(name: Annotated[str, _NAME]) -> Member:
    """Remove somebody; who is signed in now, or has a key, is nobody from then on.

    Raises:
        NotFound: There is nobody of that name.
    """
    from mlops_nb.store.people import changing

    return _member(name.strip(), changing.remove(current(), name))


def key(
    name: Annotated[str, _WHO],
    *,
    keep: Annotated[bool, Arg("keep it for this user of the system, whose kernels and shells are then NAME's")] = False,
    show: Annotated[bool, Arg("in a shell: print it although the output is no terminal, for a script")] = False,
) -> Key:
    """Make a key by which kernels and shells know somebody, in the place of the one they had.

    In Python `.secret` gives it, for MLOPS_NB_KEY; a terminal shows it once; else it goes nowhere unless it is kept.

    Raises:
        NotFound: There is nobody of that name.
        StoreError: people.json is damaged, or nothing can be written.
    """
    from mlops_nb.store.people import changing, entries, keys
    from mlops_nb.store.people.model import Key

    store, secret = current(), keys.new()
    before = entries.read(store.folder).get(name.strip())
    kept = str(keys.keep(secret)) if keep and before else ""  # first: a key that can't be kept changes nothing
    try:
        changing.put_key(store, name, secret)
    except BaseException:
        keys.drop(keys.digest(secret))
        raise
    keys.drop(before.key if before else "")
    return Key.made(name.strip(), secret, kept, tell=show)


def _member(name: str, entry: Entry) -> Member:
    from mlops_nb.store.people.model import Member

    return Member(name, entry.role, "password" if entry.password else "OAuth", bool(entry.key), entry.system)
