"""Kinds of things that a person can refer to: what resolves a reference, and what completes one.

`resolve` takes (store, text) and returns the thing's identity as other rows write it; `complete` takes (store, prefix)
and returns candidates.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One kind of thing."""

    name: str
    resolve: str
    complete: str

    def resolver(self) -> Any:
        """The function that resolves a reference of this kind."""
        return load(self.resolve)

    def completer(self) -> Any:
        """The function that completes a reference of this kind."""
        return load(self.complete)


def load(target: str) -> Any:
    """What `module:name` names."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


KINDS: tuple[Kind, ...] = (
    Kind("run", "mlops_nb.runs.query.references:resolve_run", "mlops_nb.runs.completion:run_references"),
    Kind("experiment", "mlops_nb.runs.nouns:resolve_experiment", "mlops_nb.runs.completion:experiments"),
    Kind("dataset", "mlops_nb.runs.nouns:resolve_dataset", "mlops_nb.runs.completion:datasets"),
    Kind("model", "mlops_nb.registry.references:resolve_model", "mlops_nb.registry.references:model_names"),
    Kind(
        "version",
        "mlops_nb.registry.references:resolve_version_id",
        "mlops_nb.registry.references:version_names",
    ),
    Kind(
        "deployment",
        "mlops_nb.serving.references:resolve_name",
        "mlops_nb.serving.references:deployment_names",
    ),
    Kind("view", "mlops_nb.runs.views:resolve_view", "mlops_nb.runs.views:view_names"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
MOST = 50
# Completion kinds that are not things one can refer to.
COMPLETERS = {
    "canvas field": "mlops_nb.registry.framing.completion:fields",
    "card word": "mlops_nb.registry.cards.completion:words",
    "gate": "mlops_nb.registry.gates.completion:gates",
    "where": "mlops_nb.runs.completion:where",
    "sort": "mlops_nb.runs.completion:sort",
    "columns": "mlops_nb.runs.completion:columns",
    "metric": "mlops_nb.runs.completion:metrics",
    "captured": "mlops_nb.runs.completion:captured_in_last",
    "person": "mlops_nb.store.people.entries:names",
    "actor": "mlops_nb.store.audit.asking:actor_names",
    "action": "mlops_nb.store.audit.asking:action_names",
    "concerned": "mlops_nb.store.audit.asking:concerned_names",
}


def complete(store: Any, kind: str, typed: str) -> list[str]:
    """Candidates of one kind that begin with what was typed; `anything` asks every kind of thing."""
    if kind == "anything":
        return [word for one in KINDS for word in one.completer()(store, typed)][:MOST]
    if kind in BY_NAME:
        return list(BY_NAME[kind].completer()(store, typed))
    return list(load(COMPLETERS[kind])(store, typed)) if kind in COMPLETERS else []
