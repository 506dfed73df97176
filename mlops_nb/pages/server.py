"""The server of all pages: Panel's, with its rules about who asks, under which name, and how much."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from bokeh.resources import Resources
from bokeh.server.server import Server
from panel.config import config
from panel.io.server import get_server
from panel.pane import HTML
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.routing import Matcher
from tornado.web import GZipContentEncoding, OutputTransform

from mlops_nb.pages import plain, signing_in
from mlops_nb.pages.login import WORDS, ByOAuth, ByPassword, Careful
from mlops_nb.pages.settings import Settings, oauth_secret
from mlops_nb.pages.site import BY_SLUG, PAGES
from mlops_nb.store.store import current

LOG = logging.getLogger("mlops_nb.pages")
# Long enough for any filter that a page takes; longer ones are told so.
LONGEST_ADDRESS = 16_000
_MOST_HEADERS, _MOST_BODY = 2_000_000, 64_000
_COOKIES = ["user", signing_in.MARK, "is_guest", "mlops_nb_theme", "mlops_nb_zone"]
_TABS = {
    # A closed tab's session goes after a quarter of a minute; one whose laptop sleeps, too: its token makes a new one.
    "unused_session_lifetime_milliseconds": 15_000,
    "check_unused_sessions_milliseconds": 5_000,
    "keep_alive_milliseconds": 20_000,
    "session_token_expiration": 7 * 86_400,
}


def build(settings: Settings, port: int) -> Server:
    """The server, listening.

    Args:
        settings: How it serves.
        port: Where it listens.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
        StoreError: The secret of the cookies can't be kept.
    """
    folder = current().folder
    signing_in.serve_with(settings)
    for page in PAGES:
        page.view()
    config.oauth_expiry = signing_in.DAYS
    if settings.oauth:
        config.oauth_provider = settings.oauth
        config.oauth_key, config.oauth_secret = oauth_secret("KEY"), oauth_secret("SECRET")
    secure = settings.behind_proxy
    server: Server = get_server(
        {page.slug: _guarded(page.slug, page.app()) for page in PAGES},
        port=port,
        address=settings.host,
        websocket_origin=settings.websocket_origins(port),
        cookie_secret=signing_in.secret(folder, f"cookies {signing_in.way(settings)}"),
        auth_provider=ByOAuth(settings) if settings.oauth else ByPassword(settings),
        secret_key=signing_in.secret(folder, "sessions").encode(),
        sign_sessions=True,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Lax", "secure": secure},
        include_cookies=_COOKIES,
        include_headers=["Host", "User-Agent"],
        use_index=False,
        use_xheaders=settings.behind_proxy,
        http_server_kwargs={"max_header_size": _MOST_HEADERS, "max_body_size": _MOST_BODY},
        # To compress 4 MB of scripts takes longer than a loopback takes to carry them: 0.9 s a visitor, measured.
        transforms=[_headers(settings), *([GZipContentEncoding] if settings.exposed else [])],
        default_handler_class=Saying,
        default_handler_args={"status": 404},
        dashboard=settings,
        behind_proxy=settings.behind_proxy,
        **_TABS,
    )
    application = server._tornado
    application.add_handlers(".*", _rules(settings))
    application.resources = partial(_resources, application.resources)
    return server


def _guarded(slug: str, make: Callable[[], Any]) -> Callable[[], Any]:
    """What makes a page, or a sentence in its place: Panel would show the traceback to whoever came by."""

    def made() -> Any:  # Panel knows plain functions only
        try:
            return make()
        except Exception:
            LOG.exception("page %s", slug)
            title, sentence = WORDS[500]
            return HTML(f'<h1>{title}</h1><p role="alert">{sentence}</p>')

    return made


def _resources(found: Callable[..., Resources], absolute_url: str | bool | None = None) -> Resources:
    """The scripts of a page without WebGL, which no page draws with: 0.2 MB less to fetch, read and run."""
    resources = found(absolute_url)
    return resources.clone(components=[one for one in resources.components if one != "bokeh-gl"])


def _rules(settings: Settings) -> list[Any]:
    """What is answered before any page is: the first that matches."""
    slugs = "|".join(re.escape(slug) for slug in BY_SLUG)
    return [
        (_Foreign(settings.names()), Saying, {"status": 421}),
        (_TooLong(), Saying, {"status": 414}),
        (_Joining(), Saying, {"status": 400}),
        (_Doubtful(), Saying, {"status": 404}),
        # For embedding in other sites, with tokens of sessions in them.
        (rf"/(?:{slugs})/(?:autoload\.js|metadata)", Saying, {"status": 404}),
        (r"/", Onward, {"slug": PAGES[0].slug}),
        *((f"/{re.escape(slug)}/", Onward, {"slug": slug}) for slug in BY_SLUG),
    ]


class _Foreign(Matcher):
    """Asked under another name than ours: a foreign page that has its name lead to this machine could read ours."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = frozenset(names)

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return None if request.host_name.lower().strip("[]") in self._names else {}


class _TooLong(Matcher):
    """An address that no page takes."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if len(request.uri or "") > LONGEST_ADDRESS else None


class _Joining(Matcher):
    """Bokeh lets an address name a session: who sends somebody such a link could look and act with them."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        named = {"bokeh-session-id", "bokeh-token"} & set(request.arguments)
        return {} if named or "Bokeh-Session-Id" in request.headers else None


class _Doubtful(Matcher):
    """A path that climbs, or holds what no path of ours does."""

    _BAD = re.compile(r"(?i)(?:^|/|%2f)(?:\.|%2e)+(?:/|%2f|$)|\\|%5c|%00|%25|[\x00-\x20\x7f]")

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if self._BAD.search(request.path) else None


class Saying(Careful):
    """Says what went wrong, whatever was asked."""

    def initialize(self, status: int) -> None:
        """Which of the things that can go wrong it is."""
        self._status = status

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here, so there is nothing to protect."""

    def prepare(self) -> None:
        """Answer."""
        self.set_status(self._status)
        if self._status == 421:
            name = self.request.host_name[:100]
            said = f"This dashboard is not served under the name {name}. Who runs it can add it: --origin {name}"
            self.finish(plain.trouble(self.look, "Not under this name", said, home=False))
        else:
            self.write_error(self._status)


class Onward(Careful):
    """Leads to a page, with what stands behind the `?`."""

    def initialize(self, slug: str) -> None:
        """Which page."""
        self._slug = slug

    def get(self) -> None:
        """Lead there."""
        query = self.request.query
        self.redirect(f"/{self._slug}?{query}" if query else f"/{self._slug}")


def _headers(settings: Settings) -> type[OutputTransform]:
    """What every answer carries, and plain words in the place of Tornado's error pages."""
    ancestors = " ".join(["'self'", *settings.origins])

    class Headers(OutputTransform):
        def __init__(self, request: HTTPServerRequest) -> None:
            # 'self' covers web sockets in new browsers only. The name is one of ours, or nothing of ours is answered.
            host = request.host if re.fullmatch(r"[\w.:\[\]-]+", request.host) else ""
            self._policy = (
                "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
                f"connect-src 'self' data: blob: ws://{host} wss://{host}; "
                f"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
            )

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Content-Security-Policy"] = self._policy
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Server"] = "mlops_nb"
            if status_code >= 400 and chunk.startswith(b"<html><title>"):
                title, sentence = WORDS.get(status_code, WORDS[500])
                chunk = plain.trouble("", title, sentence).encode()
                headers["Content-Length"] = str(len(chunk))
                headers["Content-Type"] = "text/html; charset=utf-8"
            return status_code, headers, chunk

    return Headers
