"""The verbs of the dashboards: open them, and say who may do what there. Nothing here imports Panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg
from mlops_nb.pages.settings import PROVIDERS
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.pages.model import Dashboard, Member
    from mlops_nb.pages.people import Entry
    from mlops_nb.results import Results

_NAME = Arg("how they sign in; with OAuth, as the provider calls them (an e-mail address, a login)", kind="person")


def people() -> Results[Member]:
    """List the people who can sign in to the dashboard, with their roles.

    Raises:
        StoreError: people.json is damaged.
    """
    from mlops_nb.pages import people as file
    from mlops_nb.results import Results

    listed = [_member(name, entry) for name, entry in sorted(file.read(current().folder).items())]
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
    no_password: Annotated[bool, Arg("signs in by OAuth only")] = False,
    password: Annotated[str | None, Arg("at least 10 characters", python_only=True)] = None,
) -> Member:
    """Add somebody who can sign in to the dashboard, or change their role or password.

    A password is asked for at a terminal, else taken from MLOPS_NB_PASSWORD: it never stands on a command line. Who
    is known already keeps theirs when only a role is given.

    Raises:
        InvalidInput: The name, role or password is not allowed, or there is no way to ask for a password.
        StoreError: people.json is damaged, or nothing can be written.
    """
    from mlops_nb.pages import people as file
    from mlops_nb.pages.asking import new_password, suits
    from mlops_nb.pages.passwords import hashed

    if role and role not in file.ROLES:
        from mlops_nb.errors import InvalidInput, brief, nearest

        raise InvalidInput(
            f"{brief(role)} is no role", expected=", ".join(file.ROLES), nearest=nearest(role, file.ROLES)
        )
    store = current()
    known = file.read(store.folder).get(name.strip())
    if password is None and not no_password and not (known and role):
        password = new_password(name)
    kept = "" if no_password or password is None else hashed(suits(password))

    def change(old: file.Entry | None) -> file.Entry:
        chosen = role or (old.role if old else "viewer")
        return file.Entry(chosen, kept or ("" if no_password or old is None else old.password))

    return _member(name.strip(), file.put(store, name, change))


def remove_person(name: Annotated[str, _NAME]) -> Member:
    """Remove somebody from those who can sign in; who is signed in now is nobody from then on.

    Raises:
        NotFound: There is nobody of that name.
    """
    from mlops_nb.pages import people as file

    return _member(name.strip(), file.remove(current(), name))


def dashboard(
    page: Annotated[str, Arg("which page", kind=tuple(BY_SLUG), positional=True)] = "home",
    *,
    port: Annotated[int, Arg("where it listens; by default 5006, or the next that is free")] = 0,
    host: Annotated[str, Arg("on which address; others than loopback need people, OAuth or --guests")] = "127.0.0.1",
    origin: Annotated[Sequence[str], Arg("another name under which it is reached, like mlops.example.org")] = (),
    guests: Annotated[bool, Arg("whoever reaches it may look, without signing in")] = False,
    oauth: Annotated[
        str, Arg("sign in by this provider; key and secret stand in MLOPS_NB_OAUTH_KEY and _SECRET", kind=PROVIDERS)
    ] = "",
    behind_proxy: Annotated[
        bool, Arg("a proxy with TLS stands before it: cookies only by https, addresses from X-headers")
    ] = False,
    open: Annotated[bool, Arg("open it in the browser")] = False,  # noqa: A002 (what the flag is called)
) -> Dashboard:
    """Open the dashboard of this project: pages to read for anybody on this machine, to change for who is signed in.

    In a notebook it runs until the kernel ends; in a shell until Ctrl-C.

    Raises:
        MissingExtra: Panel is not installed.
        InvalidInput: The port is taken, or an address, a page or a provider is not one.
        Refused: It would be open to others without anybody being able to sign in.
        StoreError: It could not start; says why.
    """
    from mlops_nb.pages.settings import Settings
    from mlops_nb.pages.starting import start

    found = start(
        current().folder,
        page,
        Settings(port, host, (origin,) if isinstance(origin, str) else tuple(origin), guests, oauth, behind_proxy),
    )
    if open:
        import webbrowser

        webbrowser.open(found.url)
    return found


def _member(name: str, entry: Entry) -> Member:
    from mlops_nb.pages.model import Member

    return Member(name, entry.role, "password" if entry.password else "OAuth")
