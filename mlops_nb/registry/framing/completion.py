"""Candidates for a field of a canvas that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.framing.blocks import FIELDS, TASKS

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def fields(store: Store, typed: str) -> list[str]:
    """Names of fields with their `=`; behind it, tasks or metrics where one of them goes."""
    from mlops_nb.registry.evaluating.metrics import METRICS

    name, equals, _ = typed.partition("=")
    if not equals:
        return [f"{one.name}=" for one in FIELDS if one.name.startswith(name)]
    known = {"task": TASKS, "success_metric": tuple(one.name for one in METRICS)}.get(name, ())
    return [f"{name}={one}" for one in known if f"{name}={one}".startswith(typed)]
