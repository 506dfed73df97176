from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernels import Kernel

# IPython's own warnings come once, and so only without `%%track`.
_QUIET = "import warnings\nwarnings.simplefilter('ignore', UserWarning)"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel of its own for each file of tests, with the extension loaded."""
    made = Kernel(tmp_path_factory.mktemp("notebook"))
    assert made.run("%load_ext mlops_nb\nimport mlops_nb as ml\n" + _QUIET).status == "ok"
    yield made
    made.close()
