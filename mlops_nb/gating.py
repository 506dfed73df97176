"""The one table of gates: name → what judges. A room adds its own by adding a row here.

A gate is a function of what is asked and of its options; its signature says which options there are:
`def metric(asked: Asked, name: str, *, at_least: float | None = None, n: int = 30) -> Judged`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

_BASICS = "mlops_nb.registry.gates.basics"
_SCORES = "mlops_nb.registry.gates.scores"
_COSTS = "mlops_nb.registry.gates.costs"

GATES: dict[str, str] = {
    "load": f"{_BASICS}:load",
    "signature": f"{_BASICS}:signature",
    "format": f"{_BASICS}:safe_format",
    "metric": f"{_SCORES}:metric",
    "champion": f"{_SCORES}:champion",
    "baseline": f"{_SCORES}:baseline",
    "slices": f"{_SCORES}:slices",
    "fairness": "mlops_nb.registry.fairness.gate:fairness",
    "overlap": "mlops_nb.registry.gates.leaking:overlap",
    "size": f"{_COSTS}:size",
    "latency": f"{_COSTS}:latency",
    "risk": "mlops_nb.registry.risks.gate:risk",
    "card": "mlops_nb.registry.cards.gate:card",
    "approval": "mlops_nb.registry.gates.people:approval",
}


def builtin(name: str) -> Callable[..., Any] | None:
    """The gate of this name in the table, or None."""
    target = GATES.get(name)
    if target is None:
        return None
    module, _, function = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
