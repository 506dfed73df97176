"""The verb of the dashboards. Nothing here imports Panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg
from mlops_nb.pages.settings import PROVIDERS
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.pages.model import Dashboard


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
