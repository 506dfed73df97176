from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlops_nb.services import spare
from mlops_nb.store.store import Store, choose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    chosen = choose(tmp_path)
    yield chosen
    spare.dismiss(chosen.folder)
    choose(None)
    chosen.close()
