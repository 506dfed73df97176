"""Signing in, as a person does it: by keyboard, in both themes, with an audit row at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.dashboard_world import PASSWORD, populate
from tests.ui.conftest import Server, copy_of
from tests.ui.test_every_page import axe


@pytest.fixture(scope="module")
def served(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = copy_of(made, tmp_path_factory.mktemp("signing-in"))
    populate(folder / ".mlops")
    server = Server(folder).start()
    yield server
    server.stop()


def _sign_in(page: Any, name: str, password: str) -> None:
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["login", "logout", "nothing"])
def test_the_small_pages_are_accessible(served: Server, visitor: Any, theme: str, address: str):
    one = visitor(served, theme=theme, quiet=address != "nothing")
    one.page.goto(f"{served.url}/{address}")
    assert axe(one.page) == []
    assert one.page.get_attribute("html", "lang") == "en"
    assert one.page.get_attribute("html", "data-theme") == theme


def test_by_keyboard_alone_and_back_to_the_page_one_came_from(served: Server, visitor: Any):
    one = visitor(served, quiet=False)
    page = one.open("runs?limit=5")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/login")
    _sign_in(page, "ada", "not the password")
    assert "do not go together" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.id") == "password"
    assert axe(page) == []
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs?limit=5")
    one.ready()
    assert page.get_by_text("ada, editor").first.is_visible()
    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url("**/logout")
    assert page.get_by_text("You are signed out").is_visible()
    one.open("runs")
    assert page.get_by_role("link", name="Sign in").is_visible()
    complaints = [line for line in one.heard if "401" not in line]
    assert complaints == []
