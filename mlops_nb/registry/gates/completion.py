"""Candidates for a gate that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.gating import GATES

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def gates(store: Store, typed: str) -> list[str]:
    """Names of gates, and behind one that takes a metric, names of metrics."""
    from mlops_nb.registry.evaluating.metrics import METRICS

    name, space, rest = typed.partition(" ")
    if not space:
        return [one for one in GATES if one.startswith(name)]
    if name not in ("metric", "champion", "baseline", "slices") or " " in rest:
        return []
    return [f"{name} {one.name}" for one in METRICS if one.name.startswith(rest)]
