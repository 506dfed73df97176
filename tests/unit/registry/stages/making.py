"""Models with several versions, as their owner would make them."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)


def versions(name: str, count: int) -> None:
    """Register so many versions of a model, none like another."""
    for i in range(1, count + 1):
        register(name, LogisticRegression(C=i).fit(X, Y), example=X)


def stands(store: Store) -> dict[str, str]:
    """Where each version stands, by its reference."""
    return {
        f"{model}/{number}": stage for model, number, stage in store.query("SELECT model, version, stage FROM stages")
    }


def moves(store: Store) -> list[tuple[object, ...]]:
    """(version, from, to, how) of every move of a version, oldest first."""
    return store.query("SELECT number, before, after, how FROM transition WHERE alias = '' ORDER BY id")
