"""Candidates for a gate that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.gating import GATES

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def gates(store: Store, typed: str) -> list[str]:
    """Names of gates, and behind one that takes a metric or a measure, names of those."""
    from mlops_nb.registry.evaluating.metrics import METRICS
    from mlops_nb.registry.fairness.judging import MEASURES

    name, space, rest = typed.partition(" ")
    if not space:
        return [one for one in GATES if one.startswith(name)]
    if name == "fairness" and " " not in rest:
        return [f"{name} {one}" for one in MEASURES if one.startswith(rest)]
    if name not in ("metric", "champion", "baseline", "slices") or " " in rest:
        return []
    return [f"{name} {one.name}" for one in METRICS if one.name.startswith(rest)]
