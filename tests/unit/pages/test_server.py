"""What a page leaves behind in the process that made it: nothing, once its visitor is gone."""

from __future__ import annotations

import asyncio
import gc
import weakref

import panel as pn
import pytest

from mlops_nb.pages.frame.frame import _watching_busy
from mlops_nb.pages.server import _guarded
from mlops_nb.pages.site import PAGES, Page
from mlops_nb.store.store import Store


@pytest.mark.parametrize("one", PAGES, ids=lambda p: p.slug)
def test_a_page_is_gone_with_its_visitor(store: Store, one: Page):
    async def visit() -> weakref.ref[object]:  # a page has callbacks, and wants a loop for them
        return weakref.ref(one.app()())

    before = _watching_busy()
    seen = asyncio.run(visit())
    assert _watching_busy() == before
    pn.state._onload.clear()  # outside of a server there is no session whose end would clear it
    gc.collect()
    assert seen() is None


def test_what_fails_is_said_in_its_place(store: Store, caplog: pytest.LogCaptureFixture):
    def fail() -> None:
        raise RuntimeError("a secret of the inside")

    shown = _guarded("home", fail)()
    assert "That is a fault of mlops_nb" in shown.object
    assert "a secret" not in shown.object
    assert "a secret of the inside" in caplog.text
