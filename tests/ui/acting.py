"""People on a page: who signs in, and what somebody sends who was not offered it."""

from __future__ import annotations

import re
from typing import Any

import mlops_nb as ml
from tests.ui.conftest import Visitor

PASSWORD = "a long enough password"
ROLES = {"ada": "editor", "bob": "editor", "grace": "approver", "vera": "viewer"}
ROWS = "SELECT actor, json_extract(detail, '$.verified'), action, subject FROM audit ORDER BY seq"


def admit() -> None:
    """Ada and Bob edit, Grace approves, Vera looks; each with a password."""
    for name, role in ROLES.items():
        ml.people.add(name, role=role, password=PASSWORD)


def signed_in(one: Visitor, name: str, to: str) -> Any:
    """The page at an address, as somebody sees it who signed in."""
    one.page.goto(f"{one.base}/login")
    one.page.get_by_label("Name").fill(name)
    one.page.get_by_label("Password").fill(PASSWORD)
    one.page.get_by_role("button", name="Sign in").click()
    one.page.wait_for_url(re.compile(r"/home"))
    one.ready()
    return one.open(to)


def forge(page: Any, do: str, **fields: str) -> None:
    """Send what the page would send, had it offered that: a button that somebody put into it."""
    page.locator(".mlops.page").first.evaluate(
        """(box, [does, fields]) => {
          const button = Object.assign(document.createElement("button"), {type: "button", id: "forged"})
          Object.assign(button.dataset, {do: does, ...fields})
          box.append(button)
          button.click()
          button.remove()
        }""",
        [do, fields],
    )
