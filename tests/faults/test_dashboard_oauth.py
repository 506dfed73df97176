"""Signing in by OAuth: Panel's generic provider against a real server of OAuth, written here."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from mlops_nb.pages import starting
from mlops_nb.pages.model import Dashboard
from mlops_nb.pages.settings import Settings
from tests.faults.dashboard_world import populate, reader, visitor

KEY, SECRET = "the-key", "the-secret-of-the-provider"
# What the provider says of whoever comes: the tests change it.
WHO: dict[str, object] = {}
ASKED: list[dict[str, list[str]]] = []


class Authorize(RequestHandler):
    def get(self) -> None:
        ASKED.append(parse_qs(self.request.query))
        if WHO.get("denies"):
            self.redirect(
                self.get_argument("redirect_uri") + "?error=access_denied&error_description=<script>no</script>"
            )
            return
        self.redirect(f"{self.get_argument('redirect_uri')}?code=code-1&state={self.get_argument('state')}")


class Token(RequestHandler):
    def post(self) -> None:
        good = (self.get_argument("client_id"), self.get_argument("client_secret"), self.get_argument("code"))
        if good != (KEY, SECRET, "code-1"):
            self.set_status(401)
            self.finish(json.dumps({"error": "invalid_grant", "error_description": "bad code"}))
            return
        self.finish(json.dumps({"access_token": "token-1", "token_type": "bearer", "expires_in": 3600}))


class User(RequestHandler):
    def get(self) -> None:
        assert self.request.headers["Authorization"] == "Bearer token-1"
        self.finish(json.dumps(WHO))


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a server of OAuth."""
    listening, port = bind_unused_port()
    started, ready = {}, threading.Event()

    async def serve() -> None:
        server = HTTPServer(Application([("/authorize", Authorize), ("/token", Token), ("/user", User)]))
        server.add_socket(listening)
        started["loop"], started["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await started["stop"].wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{port}"
    started["loop"].call_soon_threadsafe(started["stop"].set)
    thread.join()


@pytest.fixture(scope="module")
def dashboard(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard that has people sign in there, and guests not look."""
    folder = tmp_path_factory.mktemp("oauth") / ".mlops"
    populate(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NB_OAUTH_KEY", KEY)
        patch.setenv("MLOPS_NB_OAUTH_SECRET", SECRET)
        for name in ("authorize", "token", "user"):
            patch.setenv(f"PANEL_OAUTH_{name.upper()}_URL", f"{provider}/{name}")
        made = starting.start(folder, "home", Settings(oauth="generic", origins=("mlops.example.org",)))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def nobody_yet() -> None:
    WHO.clear()
    ASKED.clear()


def _come(client: httpx.Client, path: str, **who: object) -> httpx.Response:
    """Follow every redirect, as a browser does, to the provider and back."""
    WHO.update(who)
    return client.get(path, follow_redirects=True)


def test_who_comes_back_has_the_role_of_people_json(dashboard: Dashboard):
    with visitor(dashboard.url) as otto:
        page = _come(otto, "/runs?where=x", email="otto@example.org")
        assert page.status_code == 200
        assert page.url.path == "/runs"
        assert page.url.params["where"] == "x"
        assert reader(otto) == "otto@example.org, editor"
        assert ASKED[0]["client_id"] == [KEY]
        assert ASKED[0]["redirect_uri"][0].endswith("/login")
        assert "user" in otto.cookies
        assert not {"access_token", "id_token", "refresh_token", "oauth_expiry"} & set(otto.cookies)
        assert SECRET not in page.text


def test_whom_nobody_knows_here_only_looks(dashboard: Dashboard):
    with visitor(dashboard.url) as eve:
        _come(eve, "/home", email="eve@example.org")
        assert reader(eve) == "eve@example.org, viewer"


@pytest.mark.parametrize("email", ["Otto@Example.org", "otto@example.org ", "guest"])
def test_a_name_that_is_almost_somebodys_is_not_theirs(dashboard: Dashboard, email: str):
    with visitor(dashboard.url) as eve:
        WHO.update(email=email)
        eve.get("/home", follow_redirects=False)
        login = eve.get("/login")
        back = httpx.get(login.headers["location"], trust_env=False).headers["location"]
        eve.get(back[back.index("/login") :])
        page = eve.get("/home")
        assert ", editor" not in page.text


@pytest.mark.parametrize("verified", [False, "false"])
def test_an_address_that_the_provider_did_not_verify_is_nobodys(dashboard: Dashboard, verified: object):
    with visitor(dashboard.url) as eve:
        answer = _come(eve, "/home", email="otto@example.org", email_verified=verified)
        assert answer.status_code == 403
        assert 'role="alert"' in answer.text
        assert "user" not in eve.cookies


def test_a_refusal_of_the_provider_is_a_sentence(dashboard: Dashboard):
    with visitor(dashboard.url) as eve:
        answer = _come(eve, "/home", denies=True)
        assert answer.status_code == 401
        assert "Signing in did not work" in answer.text
        assert "<script>no" not in answer.text
        assert not re.search(r"https?://", answer.text)


def test_an_answer_that_nobody_asked_for_signs_nobody_in(dashboard: Dashboard):
    WHO.update(email="otto@example.org")
    with visitor(dashboard.url) as otto, visitor(dashboard.url) as victim:
        begun = otto.get("/login").headers["location"]
        state = parse_qs(urlsplit(begun).query)["state"][0]
        for query in ({"code": "code-1", "state": state}, {"code": "code-1"}, {"code": "code-1", "state": ""}):
            assert victim.get("/login", params=query).status_code == 401
            assert "user" not in victim.cookies
        assert otto.get("/login", params={"code": "wrong", "state": state}).status_code == 401
        assert "user" not in otto.cookies


def test_the_way_back_is_a_page_of_ours(dashboard: Dashboard):
    WHO.update(email="otto@example.org")
    with visitor(dashboard.url) as otto:
        begun = otto.get("/login", params={"next": "//evil.example/"}).headers["location"]
        back = httpx.get(begun, trust_env=False).headers["location"]
        assert otto.get(back[back.index("/login") :]).headers["location"] == "/home"


def test_a_cookie_for_passwords_is_nobodys_here(dashboard: Dashboard):
    from tornado.web import create_signed_value

    from mlops_nb.pages.signing_in import secret

    for purpose, let_in in (
        ("cookies basic auth", False),
        ("cookies oauth:github", False),
        ("cookies oauth:generic", True),
    ):
        cookie = create_signed_value(secret(Path(dashboard.store), purpose), "user", "otto").decode()
        with visitor(dashboard.url, cookies={"user": cookie}) as otto:
            assert (otto.get("/home").status_code == 200) is let_in
