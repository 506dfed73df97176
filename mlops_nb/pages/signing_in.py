"""Who looks at a page: the person that a cookie proves, or nobody.

A cookie is signed with a secret of the project, holds for a day, and is bound to how one signed in and to the password
it was given for; what is forged, expired, signed out of or another server's is nobody's.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops_nb.errors import StoreError
from mlops_nb.pages.settings import Settings
from mlops_nb.store import durable
from mlops_nb.store.locking import only_one
from mlops_nb.store.people import entries, passwords
from mlops_nb.store.people.entries import Person
from mlops_nb.store.store import current

LOG = logging.getLogger("mlops_nb.pages")
DAYS = 1.0
USER, MARK = "user", "mlops_nb_mark"
SECRET = "dashboard.secret"  # noqa: S105 (a file's name)
GUEST = "guest"

_settings: Settings | None = None
_signed_out: dict[str, float] = {}


def serve_with(settings: Settings) -> None:
    """Tell the pages how this process serves them; without it another server does (`panel serve`, Jupyter)."""
    global _settings
    _settings = settings


def way(settings: Settings) -> str:
    """How people sign in: 'basic auth' or 'oauth:github'."""
    return f"oauth:{settings.oauth}" if settings.oauth else "basic auth"


def secret(folder: Path, purpose: str) -> str:
    """A secret of the project for one purpose; the file behind it is made once, so that a restart signs nobody out.

    Raises:
        StoreError: The file can't be read or made, or holds nothing.
    """
    path = folder / SECRET
    try:
        with only_one(path):
            if not path.exists():
                durable.replace(path, os.urandom(32).hex().encode())
        kept = path.read_bytes().strip()
    except OSError as error:
        raise StoreError(f"{path} can't be used: {error.strerror}") from None
    if len(kept) < 32:
        raise StoreError(f"{path} is damaged", fix="remove it: a new one is made, and everybody signs in again")
    return hmac.new(kept, purpose.encode(), hashlib.sha256).hexdigest()


def current_person() -> Person | None:
    """The person of the session that is current, as of now; None for a guest, in Jupyter, and when in doubt."""
    import panel as pn
    from tornado.web import decode_signed_value

    cookies = pn.state.cookies

    def read(name: str) -> str | None:
        key, signed = pn.config.cookie_secret, cookies.get(name)
        found = decode_signed_value(key, name, signed, max_age_days=DAYS) if key and signed else None
        return found.decode("utf-8", "replace") if found else None

    if _settings is not None:
        return person_of(read, str(cookies.get(USER, "")), _settings)
    return _elsewhere(read) if cookies and not cookies.get("is_guest") else None


def person_of(read: Callable[[str], str | None], raw: str, settings: Settings) -> Person | None:
    """The person that cookies prove.

    Args:
        read: The verified content of a signed cookie by its name, None when it proves nothing.
        raw: The cookie `user` as it was sent: signed out of, it proves nothing more.
        settings: How this process serves.
    """
    name = read(USER)
    if not name or name == GUEST or _digest(raw) in _signed_out:
        return None
    known = _known()
    if known is None:
        return None
    entry = known.get(name)
    if settings.oauth:
        return Person(name, entry.role if entry else "viewer")
    if entry is None or not hmac.compare_digest(read(MARK) or "", f"{name}|{passwords.mark(entry.password)}"):
        return None
    return Person(name, entry.role)


def forget(raw: str) -> None:
    """Somebody signed out: the cookie proves nothing more, wherever a copy of it is."""
    now = time.monotonic()
    for digest in [d for d, since in _signed_out.items() if now - since > DAYS * 86_400]:
        del _signed_out[digest]
    _signed_out[_digest(raw)] = now


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()


def _elsewhere(read: Callable[[str], str | None]) -> Person | None:
    """Under `panel serve`: Panel's own sign-in proves the name, people.json gives the role."""
    import panel as pn

    name = read(USER)
    if not name or name == GUEST:
        return None
    # One password for all proves no name: anybody who has it can type anybody's.
    if not pn.config.oauth_provider and not Path(str(pn.config.basic_auth or "")).is_file():
        return None
    known = _known()
    if known is None:
        return None
    entry = known.get(name)
    return Person(name, entry.role if entry else "viewer")


def _known() -> Mapping[str, entries.Entry] | None:
    """The people of the project; None, and a line in the log, when their list is damaged: then nobody is anybody."""
    try:
        return entries.read(current().folder)
    except StoreError as error:
        LOG.error("%s", error.line())
        return None


def how() -> str:
    """How the name of the current person was checked: 'basic auth' or 'oauth:github'."""
    import panel as pn

    if _settings is not None:
        return way(_settings)
    return f"oauth:{pn.config.oauth_provider}" if pn.config.oauth_provider else "basic auth"


def can_sign_in() -> bool:
    """Whether this server has a page to sign in, and somebody who could."""
    if _settings is None:
        import panel as pn

        return bool(pn.config.oauth_provider or pn.config.basic_auth)
    if _settings.oauth:
        return True
    try:
        return any(entry.password for entry in entries.read(current().folder).values())
    except StoreError:
        return False
