"""What is known of a visit: the address, the reader's zone and look, and who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

import panel as pn

if TYPE_CHECKING:
    from mlops_nb.store.people.entries import Person

_LOOKS = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor's session.

    Args:
        query: What stands behind the `?`.
        zone: The reader's time zone by its name in the tz database; UTC until the browser said it.
        look: 'light', 'dark', or '' when the system decides.
        suffix: What the addresses of pages end with: '.py' where Jupyter serves the scripts.
        person: Who is signed in, or None.
        how: How that was verified: 'basic auth', 'oauth:github'.
        can_sign_in: Whether this server has a page to sign in.
    """

    query: str = ""
    zone: str = "UTC"
    look: str = ""
    suffix: str = ""
    person: Person | None = None
    how: str = ""
    can_sign_in: bool = False


def zone_named(name: str) -> str:
    """The zone's name when there is such a zone, else UTC: it comes from a cookie, which anybody can write."""
    try:
        return str(ZoneInfo(name[:64]).key)
    except (KeyError, ValueError, OSError):
        return "UTC"


def _query() -> str:
    """What stands behind the `?`; inside Jupyter the location is not known yet, but its arguments are."""
    location = pn.state.location
    if location is not None and location.search:
        return str(location.search)
    given = {name: values[-1].decode("utf-8", "replace") for name, values in pn.state.session_args.items() if values}
    return urlencode(given)


def _cookie(name: str) -> str:
    """A cookie's value, or nothing. Inside Jupyter Panel hands on what describes a cookie, and not its value."""
    value = pn.state.cookies.get(name, "")
    return value if isinstance(value, str) else ""


def here() -> Visit:
    """The visit of the session that is being made now."""
    from mlops_nb.pages.signing_in import can_sign_in, current_person, how

    look = _cookie("mlops_nb_theme")
    person = current_person()
    return Visit(
        query=_query(),
        zone=zone_named(unquote(_cookie("mlops_nb_zone") or "UTC")),
        look=look if look in _LOOKS else "",
        # Panel's extension of Jupyter serves the scripts themselves, in a kernel.
        suffix=".py" if (pn.state.rel_path or "").endswith("panel-preview") else "",
        person=person,
        how=how() if person else "",
        can_sign_in=can_sign_in(),
    )
