from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernels import Kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel of its own for each file of tests, with the extension loaded."""
    made = Kernel(tmp_path_factory.mktemp("notebook"))
    assert made.run("%load_ext mlops_nb\nimport mlops_nb as ml").status == "ok"
    yield made
    made.close()
