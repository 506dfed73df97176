"""Models with versions, data, people and keys, as a team would have them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.registry.gates.model import GateResult
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store

KEY = "MLOPS_NB_KEY"


def rows(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Two inputs, the truth `late`, and `g` with two big groups."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n)})
    late = (frame.a + 0.5 * frame.b + 0.7 * random.normal(size=n) > 0).astype(int)
    return frame.assign(late=late, g=random.choice(["x", "y"], n))


def fitted(c: float = 1.0, seed: int = 1) -> LogisticRegression:
    """A model of `rows`."""
    data = rows(seed=seed)
    return LogisticRegression(C=c).fit(data[["a", "b"]], data.late)


def version(name: str = "m", c: float = 1.0, seed: int = 1) -> str:
    """Register another version; its reference."""
    return str(register(name, fitted(c, seed), example=rows()[["a", "b"]].head()).ref)


class People:
    """Acts as somebody: by a key in the environment, or as nobody in particular."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.secrets = patch, dict[str, str]()

    def add(self, name: str, role: str = "approver", **more: Any) -> None:
        """Somebody with a key."""
        ml.people.add(name, role=role, no_password=True, **more)  # type: ignore[attr-defined]
        self.secrets[name] = ml.people.key(name).secret  # type: ignore[attr-defined]

    def be(self, name: str = "") -> None:
        """Be somebody from now on, by their key."""
        self.patch.delenv("MLOPS_NB_ACTOR", raising=False)
        if name:
            self.patch.setenv(KEY, self.secrets[name])
        else:
            self.patch.delenv(KEY, raising=False)


def one(ref: str, gate: str, stage: str = "production") -> GateResult:
    """What one gate says of a version now."""
    return next(r for r in ml.gates.run(ref, stage).results if r.gate.startswith(gate))  # type: ignore[attr-defined]


def define(*gates: str, stage: str = "production", name: str = "m") -> None:
    """Have these gates stand before a stage."""
    ml.gates.define(name, stage, *gates)  # type: ignore[attr-defined]


def swap(store: Store, artifact: str, data: bytes) -> None:
    """Put other bytes in the place of an artifact's, as whoever can write to the disk may."""
    path = next(
        p for p in (store.folder / "artifacts").rglob("*") if p.is_file() and artifact in str(p).replace("/", "")
    )
    path.chmod(0o644)
    path.write_bytes(data)


def audit(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """(action, detail) of the log, oldest first."""
    return [
        (action, json.loads(detail)) for action, detail in store.query("SELECT action, detail FROM audit ORDER BY seq")
    ]
