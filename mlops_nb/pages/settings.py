"""What a dashboard's server is told, and what follows from it: who may look, and under which names it answers."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlops_nb.errors import InvalidInput, brief, nearest

PROVIDERS = ("auth0", "azure", "azurev2", "bitbucket", "generic", "github", "gitlab", "google", "okta")
PORT = 5006
_LOOPBACK = ("127.0.0.1", "localhost")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not listened on)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a dashboard is served.

    Args:
        port: Where it listens; 0 for the first free port from 5006 on.
        host: On which address.
        origins: Other names (`mlops.example.org`, with `:port` if it is not that of the protocol) that lead to it.
        guests: Whether whoever reaches it may look.
        oauth: The provider that signs people in; empty for names and passwords.
        behind_proxy: Whether a proxy with TLS stands before it.
    """

    port: int = 0
    host: str = "127.0.0.1"
    origins: tuple[str, ...] = ()
    guests: bool = False
    oauth: str = ""
    behind_proxy: bool = False

    @property
    def exposed(self) -> bool:
        """Whether others than the people of this machine can reach it."""
        return self.behind_proxy or not is_loopback(self.host) or any(not is_loopback(_name(o)) for o in self.origins)

    @property
    def guests_may_look(self) -> bool:
        """Whether somebody who is not signed in sees the pages."""
        return self.guests or not self.exposed

    def names(self) -> tuple[str, ...]:
        """The names that it answers to: a foreign page's trick with DNS comes under another."""
        own: tuple[str, ...] = (self.host.lower(),)
        if is_loopback(self.host):
            own += _LOOPBACK
        elif self.host in _EVERYWHERE:
            own = (*_LOOPBACK, socket.gethostname().lower(), socket.getfqdn().lower(), *_addresses())
        return tuple(dict.fromkeys((*own, *(_name(o) for o in self.origins))))

    def websocket_origins(self, port: int) -> list[str]:
        """The origins whose pages may open a connection: the address that is served, and those it was told of."""
        told = {_name(o) for o in self.origins}
        return [*(f"{name}:{port}" for name in self.names() if name not in told), *(o.lower() for o in self.origins)]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked(settings: Settings, page: str, pages: tuple[str, ...]) -> None:
    """Refuse what can't be served, before a process is started for it.

    Raises:
        InvalidInput: A page, port, provider or origin is not one, or the provider's key is missing.
    """
    if page not in pages:
        raise InvalidInput(f"there is no page {brief(page)}", expected=", ".join(pages), nearest=nearest(page, pages))
    if not 0 <= settings.port <= 65535:
        raise InvalidInput(f"{settings.port} is no port", expected="1 to 65535, or 0 for a free one")
    if ":" in settings.host and settings.host != "::":
        raise InvalidInput(
            f"{brief(settings.host)} is an IPv6 address, which Bokeh can't be told of as an origin",
            expected="a name or an IPv4 address, or :: for all",
        )
    for origin in settings.origins:
        try:
            good = _name(origin) and "/" not in origin and "*" not in origin and urlsplit(f"//{origin}").port != 0
        except ValueError:
            good = False
        if not good or any(c.isspace() or not c.isprintable() for c in origin):
            raise InvalidInput(f"{brief(origin)} is no origin", expected="a name like mlops.example.org or host:8443")
    if settings.oauth and settings.oauth not in PROVIDERS:
        raise InvalidInput(
            f"{brief(settings.oauth)} is no provider",
            expected=", ".join(PROVIDERS),
            nearest=nearest(settings.oauth, PROVIDERS),
        )
    if settings.oauth and not (oauth_secret("KEY") and oauth_secret("SECRET")):
        raise InvalidInput(
            f"{settings.oauth} needs the key and the secret that it gave this dashboard",
            expected="them in MLOPS_NB_OAUTH_KEY and MLOPS_NB_OAUTH_SECRET",
        )


def oauth_secret(what: str) -> str:
    """The provider's KEY or SECRET, from the environment: a flag would stand in the list of processes."""
    return os.environ.get(f"MLOPS_NB_OAUTH_{what}") or os.environ.get(f"PANEL_OAUTH_{what}", "")


def _name(origin: str) -> str:
    return (urlsplit(f"//{origin}").hostname or "").lower()


def _addresses() -> tuple[str, ...]:
    import psutil

    found = (one for several in psutil.net_if_addrs().values() for one in several)
    return tuple(one.address for one in found if one.family == socket.AF_INET)


def url(host: str, port: int, page: str) -> str:
    """The address of a page, as one would type it."""
    shown = socket.gethostname() if host in _EVERYWHERE else host
    return f"http://{shown}:{port}/{page}"
