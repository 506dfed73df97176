"""Signing in and out: Panel's own handlers and providers, with the project's people, our pages and careful cookies."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from panel.auth import (
    AUTH_PROVIDERS,
    STATE_COOKIE_NAME,
    BasicAuthProvider,
    BasicLoginHandler,
    LogoutHandler,
    OAuthProvider,
    _serialize_state,
)
from panel.util import decode_token
from tornado.web import HTTPError, RequestHandler

from mlops_nb.errors import StoreError
from mlops_nb.pages import plain, signing_in
from mlops_nb.pages.attempts import Attempts
from mlops_nb.pages.settings import Settings
from mlops_nb.pages.signing_in import DAYS, GUEST, MARK, USER
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store.people import entries, passwords
from mlops_nb.store.people.entries import Person
from mlops_nb.store.store import current

LOG = logging.getLogger("mlops_nb.pages")
_WRONG_S = 0.5
# scrypt takes 32 MB and a core: no more of it at once than this.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mlops_nb-login")
WORDS = {
    400: ("That can't be read", "The address or the form is not one that this dashboard knows."),
    401: ("Signing in did not work", "The provider did not say who you are. Try again from the start."),
    403: ("Not allowed", "The form was too old or came from elsewhere. Open the page again and send it anew."),
    404: ("There is no such page", "Nothing is at this address."),
    405: ("Not here", "This address can only be looked at."),
    414: (
        "That address is too long",
        "It has more characters than a server takes: use a shorter filter, or keep it as a view.",
    ),
    500: ("Something went wrong", "That is a fault of mlops_nb. The dashboard's log has the details."),
}


class Careful(RequestHandler):
    """Cookies that scripts and other sites don't get, and errors in plain words."""

    def set_cookie(self, name: str, value: str | bytes, *arguments: Any, **more: Any) -> None:
        """Like Tornado's, but HttpOnly, SameSite=Lax, and Secure where TLS is."""
        more |= {"httponly": True, "samesite": "Lax", "secure": self.secure}
        super().set_cookie(name, value, *arguments, **more)

    @property
    def secure(self) -> bool:
        """Whether the browser reaches us by TLS."""
        return self.request.protocol == "https" or bool(self.application.settings.get("behind_proxy"))

    @property
    def look(self) -> str:
        """Light, dark, or what the system asks for."""
        return self.get_cookie("mlops_nb_theme", "") or ""

    def write_error(self, status_code: int, **_: Any) -> None:
        """A page in plain words; what was raised is in the log, if anywhere."""
        title, sentence = WORDS.get(status_code, (responses.get(status_code, "Error"), "This did not work."))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(plain.trouble(self.look, title, sentence))


def own_path(text: str) -> str:
    """Where to go after signing in: a page of ours, whatever was asked for."""
    parts = urlsplit(text) if text.isprintable() and "\\" not in text and len(text) < 16_000 else urlsplit("")
    slug = parts.path.removeprefix("/")
    if parts.scheme or parts.netloc or slug not in BY_SLUG:
        return "/home"
    return f"/{slug}?{parts.query}" if parts.query else f"/{slug}"


def _asked_from(handler: RequestHandler) -> str:
    """The page that the visitor came from, if it is one of ours."""
    named = handler.get_query_argument("next", "")
    came = urlsplit(handler.request.headers.get("Referer", ""))
    return own_path(named or (f"{came.path}?{came.query}" if came.netloc == handler.request.host else ""))


class PasswordLogin(Careful, BasicLoginHandler):
    """Name and password of people.json."""

    attempts = Attempts()

    def get(self) -> None:
        """The form."""
        self._form(_asked_from(self))

    def _form(self, then: str, name: str = "", trouble: str = "", status: int = 200) -> None:
        settings: Settings = self.application.settings["dashboard"]
        if not trouble and not signing_in.can_sign_in():
            trouble = "Nobody can sign in with a password here. Who runs this adds people: mlops-nb people add NAME"
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        project = current().folder.parent.name
        hidden = self.xsrf_form_html()
        self.finish(plain.sign_in(self.look, project, hidden, then, name[:128], trouble, settings.guests_may_look))

    async def post(self) -> None:
        """Check, and set the cookie."""
        name = self.get_body_argument("username", "")
        password = self.get_body_argument("password", "", strip=False)
        then, address = own_path(self.get_body_argument("next", "")), self.request.remote_ip or ""
        if not self.attempts.take(name[:128], address):
            LOG.warning("too many attempts to sign in as %r from %s", name[:128], address)
            self._form(then, name, "Too many attempts. Wait a minute, then try again.", 429)
            return
        try:
            person, mark = await asyncio.get_running_loop().run_in_executor(_POOL, _checked, name, password)
        except StoreError as error:
            LOG.error("%s", error.line())
            self._form(
                then,
                name,
                "Nobody can sign in now: the list of people on this server is damaged. Its log says how.",
                503,
            )
            return
        if person is None:
            LOG.warning("wrong name or password for %r from %s", name[:128], address)
            await asyncio.sleep(_WRONG_S)
            self._form(then, name, "That name and password do not go together.", 401)
            return
        self.attempts.succeeded(name[:128], address)
        self.set_current_user(person.name)
        self.set_secure_cookie(MARK, f"{person.name}|{mark}", expires_days=DAYS)
        self.redirect(then, status=303)


def _checked(name: str, password: str) -> tuple[Person | None, str]:
    folder = current().folder
    person = entries.check(folder, name, password)
    entry = entries.read(folder).get(name)
    return (person, passwords.mark(entry.password)) if person and entry else (None, "")


class SignOut(Careful, LogoutHandler):
    """Makes the cookie nobody's, here and wherever a copy of it is."""

    def get(self) -> None:
        """Sign out when one of our own pages asks; another site's link only gets a question."""
        if self.request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
            self.post()
        else:
            self.finish(plain.sign_out(self.look, self.xsrf_form_html()))

    def post(self) -> None:
        """Sign out."""
        signing_in.forget(self.get_cookie(USER, "") or "")
        for name in (USER, MARK, "is_guest", "id_token", STATE_COOKIE_NAME):
            self.clear_cookie(name)
        self.set_header("Cache-Control", "no-store")
        self.finish(plain.signed_out(self.look))


class _ByProvider(Careful):
    """What is ours in a login handler of Panel's for a provider of OAuth."""

    @property
    def _redirect_uri(self) -> str:
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.request.host}/login"

    def set_secure_cookie(self, name: str, value: str | bytes, *arguments: Any, **more: Any) -> None:
        """Set Panel's cookies, but for the provider's tokens, which nothing here needs."""
        if name == "id_token" and _unverified(value):
            raise HTTPError(403, "the provider has not verified the e-mail address")
        # Panel sets `user` before it looks at the rest, and a cookie that is set goes out with a refusal, too.
        if name == STATE_COOKIE_NAME:
            super().set_secure_cookie(name, value, *arguments, **more)

    async def get_authenticated_user(self, *arguments: Any, **more: Any) -> Any:
        """Who the provider says it is; the cookie is set once nothing can go wrong any more."""
        user = await super().get_authenticated_user(*arguments, **more)
        if user:
            super().set_secure_cookie(USER, str(user), expires_days=DAYS)
        return user

    def get_state(self) -> str:
        """What comes back unchanged from the provider: a secret of this visit, and one of our pages to go on to."""
        return str(_serialize_state({"state_id": secrets.token_hex(16), "next_url": _asked_from(self)}))

    def get_state_cookie(self) -> str:
        """The secret of this visit. Without one nothing may match: Panel takes an empty state for that of no cookie."""
        return str(super().get_state_cookie()) or secrets.token_hex(16)

    def write_error(self, status_code: int, **more: Any) -> None:
        """In plain words; the log has what the provider said."""
        error = more.get("exc_info", (None, None, None))[1]
        LOG.warning("signing in by OAuth: %s", error)
        self.clear_all_cookies()
        super().write_error(status_code if isinstance(error, HTTPError) else 500, **more)


def _unverified(token: str | bytes) -> bool:
    """Whether the provider says that the address is only what somebody typed: it could be anybody's."""
    text = token.decode() if isinstance(token, bytes) else token
    try:
        said = decode_token(text)
    except (ValueError, UnicodeError):
        return False
    return isinstance(said, dict) and said.get("email_verified") in (False, "false")


def _who(settings: Settings) -> Callable[[RequestHandler], str | None]:
    def who(handler: RequestHandler) -> str | None:
        def read(name: str) -> str | None:
            found = handler.get_secure_cookie(name, max_age_days=DAYS)
            return found.decode("utf-8", "replace") if found else None

        person = signing_in.person_of(read, handler.get_cookie(USER, "") or "", settings)
        if person is not None:
            return person.name
        if not settings.guests_may_look:
            return None
        handler.request.cookies["is_guest"] = "1"  # for `pn.state.user`; the browser gets no cookie
        return GUEST

    return who


class ByPassword(BasicAuthProvider):
    """Panel's provider for names and passwords, over people.json."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """The name that the cookies of a request prove, 'guest', or None."""
        return _who(self.settings)

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Our page to sign in."""
        return PasswordLogin

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Our page to sign out."""
        return SignOut

    def _remove_user(self, session_context: Any) -> None:
        """Panel counts users for refreshing tokens, which are not kept here."""


class ByOAuth(OAuthProvider):
    """Panel's provider for OAuth, with the roles of people.json."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    @property
    def get_user_async(self) -> Callable[[RequestHandler], Awaitable[str | None]]:
        """The name that the cookies of a request prove, 'guest', or None."""
        who = _who(self.settings)

        async def get_user(handler: RequestHandler) -> str | None:
            return who(handler)

        return get_user

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Panel's handler of the provider, with careful cookies."""
        return type("ProviderLogin", (_ByProvider, AUTH_PROVIDERS[self.settings.oauth]), {})

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Our page to sign out."""
        return SignOut

    def _remove_user(self, session_context: Any) -> None:
        """See `ByPassword`."""
