"""Versions that answer what a column says, so that how they treat groups is known beforehand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_nb as ml
from mlops_nb.registry.fairness.model import Fairness, Measure
from mlops_nb.registry.verbs import register


def classifier(name: str = "m") -> str:
    """A version that says 1 where its input `x` is above 0."""
    x = pd.DataFrame({"x": np.linspace(-3, 3, 200)})
    return str(register(name, LogisticRegression(C=100).fit(x, (x.x > 0).astype(int)), example=x.head()).ref)


def regressor(name: str = "m") -> str:
    """A version that says its input `x`."""
    x = pd.DataFrame({"x": np.linspace(-3, 3, 200)})
    return str(register(name, LinearRegression().fit(x, x.x), example=x.head()).ref)


def rows(
    sizes: dict[str | None, int], chances: dict[str | None, float], right: float = 0.8, seed: int = 0
) -> pd.DataFrame:
    """Rows of groups that are selected with a chance each; a share of `right` of all answers is right."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.array(list(sizes), dtype=object), list(sizes.values()))
    said = random.random(len(groups)) < np.repeat([chances.get(one, 0.4) for one in sizes], list(sizes.values()))
    truth = np.where(random.random(len(groups)) < right, said, ~said).astype(int)
    x = np.where(said, 1.0, -1.0) * random.uniform(0.5, 2, len(groups))
    return pd.DataFrame({"x": x, "late": truth, "g": groups})


def measure(found: Fairness, name: str, column: str = "g") -> Measure:
    """One measure of what was found."""
    grouped = found.by(column)
    assert grouped is not None
    one = grouped.measure(name)
    assert one is not None
    return one


def verdicts(data: pd.DataFrame, ref: str = "m/1", **judging: float) -> dict[str, str]:
    """Evaluate, compare, and say what each measure came to."""
    ml.evaluate(ref, data, target="late", slices=["g"])
    found = ml.fairness(ref, by="g", **judging)
    return {one.name: one.verdict for one in found.columns[0].measures}
