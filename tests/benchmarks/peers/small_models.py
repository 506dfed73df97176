"""Many small models for a registry, each version another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS, VERSIONS = 100, 3


def small_models() -> Iterator[tuple[str, Any]]:
    """Names and fitted models: each name as often as it has versions."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    x = np.random.default_rng(0).normal(size=(200, 4))
    for i in range(MODELS):
        for version in range(1, VERSIONS + 1):
            yield f"model-{i:03}", LogisticRegression(C=version + i / 1000).fit(x, x[:, 0] > 0)
