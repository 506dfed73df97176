"""What all tests share: a fresh store, used by the verbs for the length of one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_nb.store import store as stores
from mlops_nb.store.store import Store


@pytest.fixture(autouse=True)
def no_process_in_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """`register` keeps a warm process for the next deployment; the tests that want one say so."""
    monkeypatch.setenv("MLOPS_NB_SPARE", "0")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store; nothing is written before the test does it."""
    monkeypatch.delenv("MLOPS_NB_STORE", raising=False)
    before = stores._chosen
    fresh = stores.choose(tmp_path / "project" / ".mlops")
    yield fresh
    stores.choose(before)
    fresh.writer.failure = None
    fresh.close()
