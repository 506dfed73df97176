from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlops_nb.services import spare
from mlops_nb.serving import verbs
from mlops_nb.store.store import Store, choose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for a whole file of tests; whatever it deployed is gone afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NB_SPARE", "0")
        store = choose(tmp_path_factory.mktemp("project"))
        try:
            yield store
        finally:
            _stop_all(store)
            choose(None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = choose(tmp_path)
    yield store
    _stop_all(store)
    choose(None)
    store.close()


def _stop_all(store: Store) -> None:
    choose(store.folder)
    for deployment in verbs.deployments():
        deployment.stop()
    spare.dismiss(store.folder)
