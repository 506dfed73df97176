from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_nb.services import spare
from mlops_nb.store.store import Store, choose


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("MLOPS_NB_SPARE", "0")
    chosen = choose(tmp_path)
    yield chosen
    spare.dismiss(chosen.folder)
    choose(None)
