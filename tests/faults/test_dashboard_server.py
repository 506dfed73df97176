"""The dashboard's server against those who should not get in, and those who should."""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tornado.web import create_signed_value

from mlops_nb.pages import starting
from mlops_nb.pages.attempts import OF_NAME
from mlops_nb.pages.model import Dashboard
from mlops_nb.pages.settings import Settings
from mlops_nb.pages.signing_in import secret
from mlops_nb.store.people import changing, passwords
from mlops_nb.store.people.entries import Entry
from mlops_nb.store.people.passwords import mark
from mlops_nb.store.store import open_store
from tests.faults.dashboard_world import HASH, greet, populate, raw, reader, refusal, sign_in, token, visitor


def _served(folder: Path, settings: Settings = Settings()) -> Dashboard:  # noqa: B008 (frozen)
    populate(folder)
    return starting.start(folder, "home", settings)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """On loopback: guests may look."""
    made = _served(tmp_path_factory.mktemp("open") / ".mlops")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """As behind a proxy: who looks has to sign in."""
    made = _served(tmp_path_factory.mktemp("closed") / ".mlops", Settings(origins=("mlops.example.org",)))
    yield made
    made.stop()


_AGES = itertools.count(60)


def _cookies(folder: str, name: str = "ada", key: str = "", age_days: float = 0) -> dict[str, str]:
    key = key or secret(Path(folder), "cookies basic auth")
    # A cookie's time has whole seconds: one of another test's that was signed out of must not be the same bytes.
    made = time.time() - next(_AGES) - age_days * 86_400
    clock = lambda: made
    values = {"user": name, "mlops_nb_mark": f"{name}|{mark(HASH)}"}
    return {k: create_signed_value(key, k, v, clock=clock).decode() for k, v in values.items()}


# Signing in and out.


def test_guests_on_this_machine_look_without_a_cookie(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        assert reader(guest) == ""
        assert "user" not in guest.cookies
        assert "is_guest" not in guest.cookies


def test_the_right_password_signs_in_and_signing_out_ends_it_everywhere(dashboard: Dashboard):
    with visitor(dashboard.url) as ada, visitor(dashboard.url) as thief:
        answer = sign_in(ada, then="/runs?where=x")
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs?where=x")
        assert reader(ada) == "ada, editor"
        thief.cookies.update(dict(ada.cookies))
        assert reader(thief) == "ada, editor"
        ada.get("/logout", headers={"Sec-Fetch-Site": "same-origin"})
        assert reader(ada) == ""
        assert reader(thief) == ""


def test_another_sites_link_to_sign_out_only_gets_a_question(dashboard: Dashboard):
    with visitor(dashboard.url) as ada:
        sign_in(ada)
        page = ada.get("/logout", headers={"Sec-Fetch-Site": "cross-site"}).text
        assert "Sign out?" in page
        assert reader(ada) == "ada, editor"
        hidden = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert hidden is not None
        ada.post("/logout", data={"_xsrf": hidden[1]})
        assert reader(ada) == ""


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(dashboard: Dashboard):
    with visitor(dashboard.url) as ada:
        given = sign_in(ada).headers.get_list("set-cookie")
    assert {line.split("=")[0] for line in given if "expires=Thu, 01 Jan 1970" not in line} >= {"user", "mlops_nb_mark"}
    for line in given:
        assert "HttpOnly" in line, line
        assert "SameSite=Lax" in line, line


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "correct horse batterz"), ("nobody", "correct horse battery"), ("otto", ""), ("", "")],
)
def test_a_wrong_name_or_password_gets_one_sentence(dashboard: Dashboard, name: str, password: str):
    with visitor(dashboard.url) as eve:
        answer = sign_in(eve, name, password)
        assert answer.status_code == 401
        assert 'role="alert" id="trouble">That name and password do not go together.' in answer.text
        assert "user" not in eve.cookies


def test_what_was_typed_comes_back_harmlessly(dashboard: Dashboard):
    with visitor(dashboard.url) as eve:
        answer = sign_in(eve, '"><script>alert(1)</script>', "x" * 5_000, then='/home?"><img>')
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text
    assert '"><img>' not in answer.text


def test_without_the_forms_token_nobody_signs_in(dashboard: Dashboard):
    data = {"username": "ada", "password": "correct horse battery", "next": "/home"}
    with visitor(dashboard.url) as eve:
        for extra in ({}, {"_xsrf": "2|00000000|00000000000000000000000000000000|1700000000"}):
            eve.get("/login")
            answer = eve.post("/login", data=data | extra)
            assert answer.status_code == 403
            assert "Traceback" not in answer.text
            assert "The form was too old" in answer.text
            assert "user" not in eve.cookies


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/home",
        "//evil.example/home",
        "/\\evil.example",
        "javascript:alert(1)",
        "/login",
        "/home\r\nX: y",
        "/../etc",
    ],
)
def test_afterwards_one_is_on_a_page_of_ours(dashboard: Dashboard, then: str):
    with visitor(dashboard.url) as ada:
        assert sign_in(ada, then=then).headers["location"] == "/home"


def test_a_flood_of_guesses_is_stopped_also_all_at_once(tmp_path: Path):
    dashboard = _served(tmp_path / ".mlops")
    try:
        with ThreadPoolExecutor(8) as pool:

            def guess(i: int) -> int:
                with visitor(dashboard.url) as eve:
                    return sign_in(eve, "ada", f"guess number {i}").status_code

            codes = list(pool.map(guess, range(16)))
        assert codes.count(401) == OF_NAME
        assert codes.count(429) == 16 - OF_NAME
        with visitor(dashboard.url) as ada, visitor(dashboard.url) as vic:
            blocked = sign_in(ada)
            assert "Too many attempts. Wait a minute" in blocked.text
            assert sign_in(vic, "vic").status_code == 303
    finally:
        dashboard.stop()


# Cookies that prove nothing.


@pytest.mark.parametrize(
    "kind", ["forged", "another secret", "expired", "signed but unknown", "wrong mark", "swapped", "guest"]
)
def test_such_a_cookie_is_nobodys(dashboard: Dashboard, closed: Dashboard, kind: str):
    for served in (dashboard, closed):
        good = _cookies(served.store)
        bad = {
            "forged": good | {"user": good["user"][:-4] + "beef"},
            "another secret": _cookies(served.store, key="0" * 64),
            "expired": _cookies(served.store, age_days=1.01),
            "signed but unknown": _cookies(served.store, "mallory"),
            "wrong mark": good | {"mlops_nb_mark": _cookies(served.store, "vic")["mlops_nb_mark"]},
            "swapped": {"user": good["mlops_nb_mark"], "mlops_nb_mark": good["user"]},
            "guest": {"user": "guest", "is_guest": "1"},
        }[kind]
        with visitor(served.url, cookies=bad) as eve:
            if served is dashboard:
                assert reader(eve) == ""
            else:
                assert eve.get("/home").headers["location"].startswith("./login?next=")
        with visitor(served.url, cookies=good) as ada:
            assert reader(ada) == "ada, editor"


def test_a_cookie_of_another_project_is_nobodys(dashboard: Dashboard, closed: Dashboard):
    with visitor(dashboard.url, cookies=_cookies(closed.store)) as ada:
        assert reader(ada) == ""


def test_where_guests_may_not_look_there_is_the_form(closed: Dashboard):
    with visitor(closed.url) as guest:
        for path in ("/home", "/runs?where=x", "/run?run=last"):
            answer = guest.get(path)
            assert answer.status_code == 302
            assert answer.headers["location"].startswith("./login?next=")
        assert "Go on without" not in guest.get("/login").text
        sign_in(guest, "vic")
        assert reader(guest) == "vic, viewer"


def test_a_restart_signs_nobody_out_and_a_new_password_does(tmp_path: Path):
    folder = tmp_path / ".mlops"
    first = _served(folder)
    with visitor(first.url) as ada:
        sign_in(ada)
        kept = dict(ada.cookies)
    first.stop()
    second = starting.start(folder, "home", Settings())
    try:
        with visitor(second.url, cookies=kept) as ada:
            assert reader(ada) == "ada, editor"
            changing.put(open_store(folder), "ada", lambda old: Entry("approver", old.password))  # type: ignore[union-attr]
            assert reader(ada) == "ada, approver"
            changing.put(open_store(folder), "ada", lambda _: Entry("editor", passwords.hashed("another one!")))
            assert reader(ada) == ""
    finally:
        second.stop()
    assert (folder / "dashboard.secret").stat().st_mode & 0o777 == 0o600
    assert (folder / "people.json").stat().st_mode & 0o777 == 0o600


def test_damaged_people_while_serving_let_nobody_in(tmp_path: Path):
    folder = tmp_path / ".mlops"
    dashboard = _served(folder)
    try:
        with visitor(dashboard.url) as ada:
            sign_in(ada)
            (folder / "people.json").write_text('{"format": 1, "people": {"ada": {"role": "king"}}}')
            assert reader(ada) == ""
            answer = sign_in(ada)
            assert answer.status_code == 503
            assert "the list of people on this server is damaged" in answer.text
            assert str(folder) not in answer.text
            assert "its entry &#x27;ada&#x27;" not in answer.text
            populate_again = json.dumps({"format": 1, "people": {"ada": {"role": "editor", "password": HASH}}})
            (folder / "people.json").write_text(populate_again)
            assert reader(ada) == "ada, editor"
        assert "is not a person with a role" in (folder / "dashboard.log").read_text()
    finally:
        dashboard.stop()


# Web sockets, names, paths.


def test_a_page_of_ours_opens_the_socket_and_a_foreign_one_does_not(dashboard: Dashboard):
    own = dashboard.url.removesuffix("/home")
    with visitor(dashboard.url) as guest:
        page = guest.get("/home").text
        assert "msgid" in greet(dashboard.url, token(page), own)
        for origin in ("http://evil.example", own.rsplit(":", 1)[0] + ":1", "null", own + ".evil.example"):
            assert refusal(dashboard.url, token(page), origin) == 403
        assert refusal(dashboard.url, token(page), own) == 101


def test_a_made_up_token_opens_no_session(dashboard: Dashboard):
    own = dashboard.url.removesuffix("/home")
    payload = base64.urlsafe_b64encode(json.dumps({"session_id": "x" * 44, "session_expiry": 9_999_999_999}).encode())
    assert greet(dashboard.url, payload.decode().rstrip("="), own) == "None"


def test_the_socket_needs_the_cookie_where_guests_may_not_look(closed: Dashboard):
    own = closed.url.removesuffix("/home")
    with visitor(closed.url, cookies=_cookies(closed.store)) as ada:
        page_token = token(ada.get("/home").text)
    assert refusal(closed.url, page_token, own) == 403
    assert "msgid" in greet(closed.url, page_token, own, _cookies(closed.store))
    assert "msgid" in greet(closed.url, page_token, "https://mlops.example.org", _cookies(closed.store))


def test_nobody_sends_somebody_else_into_a_session(dashboard: Dashboard):
    with visitor(dashboard.url) as eve:
        page_token = token(eve.get("/home").text)
        for query in ({"bokeh-session-id": "x" * 44}, {"bokeh-token": page_token}):
            assert eve.get("/home", params=query).status_code == 400
        assert eve.get("/home", headers={"Bokeh-Session-Id": "x" * 44}).status_code == 400
        for path in ("/home/autoload.js?bokeh-autoload-element=x", "/home/metadata"):
            assert eve.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5006", "127.0.0.1.evil.example", "", "169.254.169.254"])
def test_under_a_foreign_name_nothing_is_answered(dashboard: Dashboard, host: str):
    with visitor(dashboard.url) as eve:
        for path in ("/", "/home", "/login", "/static/js/bokeh.min.js", "/home/ws"):
            answer = eve.get(path, headers={"Host": host})
            assert answer.status_code in (400, 421)
            assert "Traceback" not in answer.text
            assert "user" not in eve.cookies


def test_names_that_it_was_told_of_are_its_own(closed: Dashboard):
    with visitor(closed.url, cookies=_cookies(closed.store)) as ada:
        cookie = "; ".join(f"{k}={v}" for k, v in _cookies(closed.store).items())
        assert ada.get("/home", headers={"Host": "mlops.example.org", "Cookie": cookie}).status_code == 200


PATHS = [
    "/nothing",
    "/home/extra",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/home/..%2f..%2fetc/passwd",
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static/extensions/panel/../../../../etc/passwd",
    "/static/extensions/panel/%2e%2e/%2e%2e/__init__.py",
    "/static//etc/passwd",
    "/components/os/path/sep/etc/passwd",
    "/home%00",
    "/%00",
    "/..\\..\\windows",
    "/" + "a" * 10_000,
    "/rest/session_info",
    "/.mlops/people.json",
    "/people.json",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p[:40])
def test_other_paths_are_answered_in_plain_words(dashboard: Dashboard, path: str):
    answer = raw(dashboard.url, path)
    assert answer.split(" ")[1] in ("400", "403", "404"), answer[:200]
    assert "root:" not in answer
    assert "Traceback" not in answer
    assert '<html lang="en"' in answer


def test_the_root_and_a_slash_lead_to_the_page_with_what_was_asked(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        assert guest.get("/?model=a%20b").headers["location"] == "/home?model=a%20b"
        assert guest.get("/runs/?where=x").headers["location"] == "/runs?where=x"


def test_an_address_of_a_megabyte_is_told_that_it_is_too_long(dashboard: Dashboard):
    answer = raw(dashboard.url, "/runs?where=" + "x" * 1_000_000)
    assert answer.startswith("HTTP/1.1 414 ")
    assert "That address is too long" in answer
    # What even Tornado won't read ends the connection, and nothing else.
    assert raw(dashboard.url, "/runs?where=" + "x" * 5_000_000) == ""
    with visitor(dashboard.url) as guest:
        assert guest.get("/runs").status_code == 200


def test_a_form_of_a_megabyte_is_refused(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        try:
            code = guest.post("/login", data={"username": "x" * 1_000_000}).status_code
        except httpx.HTTPError:  # it may end the connection before all was sent
            code = 400
        assert code in (400, 413)
        assert guest.get("/runs").status_code == 200


def test_every_answer_carries_its_headers(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        for path in ("/home", "/login", "/logout", "/nothing", "/static/js/bokeh.min.js"):
            headers = guest.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
            assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert guest.get("/home").headers["Cache-Control"] == "no-store"


def test_pages_leave_out_what_they_do_not_draw_with_and_a_loopback_carries_them_as_they_are(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        page = guest.get("/home")
        script = guest.get("/static/js/bokeh.min.js")
    # To compress them would take longer than to carry them; others get them compressed.
    assert "Content-Encoding" not in page.headers.keys() | script.headers.keys()
    assert "bokeh.min.js" in page.text
    assert "bokeh-gl" not in page.text


def test_who_comes_from_elsewhere_gets_scripts_compressed(closed: Dashboard):
    with visitor(closed.url) as guest:
        script = guest.get("/static/js/bokeh.min.js")
    assert script.headers["Content-Encoding"] == "gzip"


def test_our_small_pages_ask_nothing_of_other_machines(dashboard: Dashboard):
    with visitor(dashboard.url) as guest:
        for path in ("/login", "/logout", "/nothing"):
            assert not re.search(r"https?://", guest.get(path).text)
