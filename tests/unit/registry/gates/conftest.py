from __future__ import annotations

import pytest

from .making import People


@pytest.fixture
def people(store: object, monkeypatch: pytest.MonkeyPatch) -> People:
    """Ada, who makes models, and Grace and Linus, who approve; nobody acts yet."""
    found = People(monkeypatch)
    found.be()
    found.add("ada", "approver")
    found.add("grace")
    found.add("linus")
    return found
