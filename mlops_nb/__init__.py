"""MLOps where data scientists live: the notebook.

`import mlops_nb as ml` costs next to nothing: each verb is loaded on first use. In a notebook, `%load_ext mlops_nb`.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlops_nb.data.verbs import fingerprint as fingerprint
    from mlops_nb.data.verbs import profile as profile
    from mlops_nb.pages.verbs import dashboard as dashboard
    from mlops_nb.registry.cards.verbs import card as card
    from mlops_nb.registry.evaluating.verbs import evaluate as evaluate
    from mlops_nb.registry.evaluating.verbs import evaluations as evaluations
    from mlops_nb.registry.explaining.verbs import explain as explain
    from mlops_nb.registry.fairness.verbs import fairness as fairness
    from mlops_nb.registry.framing.verbs import canvas as canvas
    from mlops_nb.registry.framing.verbs import canvases as canvases
    from mlops_nb.registry.framing.verbs import decide as decide
    from mlops_nb.registry.gates.verbs import approve as approve
    from mlops_nb.registry.gates.verbs import gate as gate
    from mlops_nb.registry.gates.verbs import reject as reject
    from mlops_nb.registry.gates.verbs import review as review
    from mlops_nb.registry.risks.verbs import risk as risk
    from mlops_nb.registry.risks.verbs import risks as risks
    from mlops_nb.registry.stages.verbs import pin as pin
    from mlops_nb.registry.stages.verbs import rollback as rollback
    from mlops_nb.registry.stages.verbs import stage as stage
    from mlops_nb.registry.stages.verbs import stages as stages
    from mlops_nb.registry.verbs import load as load
    from mlops_nb.registry.verbs import models as models
    from mlops_nb.registry.verbs import register as register
    from mlops_nb.registry.verbs import versions as versions
    from mlops_nb.runs.verbs import compare as compare
    from mlops_nb.runs.verbs import curve as curve
    from mlops_nb.runs.verbs import datasets as datasets
    from mlops_nb.runs.verbs import experiments as experiments
    from mlops_nb.runs.verbs import log_artifact as log_artifact
    from mlops_nb.runs.verbs import log_figure as log_figure
    from mlops_nb.runs.verbs import log_metric as log_metric
    from mlops_nb.runs.verbs import log_metrics as log_metrics
    from mlops_nb.runs.verbs import log_params as log_params
    from mlops_nb.runs.verbs import log_table as log_table
    from mlops_nb.runs.verbs import note as note
    from mlops_nb.runs.verbs import runs as runs
    from mlops_nb.runs.verbs import set_tags as set_tags
    from mlops_nb.runs.verbs import show as show
    from mlops_nb.runs.verbs import track as track
    from mlops_nb.runs.verbs import untrack as untrack
    from mlops_nb.runs.verbs import view as view
    from mlops_nb.runs.verbs import views as views
    from mlops_nb.serving.verbs import deploy as deploy
    from mlops_nb.serving.verbs import deployments as deployments
    from mlops_nb.serving.verbs import logs as logs
    from mlops_nb.serving.verbs import predict as predict
    from mlops_nb.serving.verbs import undeploy as undeploy
    from mlops_nb.store.audit.verbs import audit as audit
    from mlops_nb.store.people.verbs import people as people
    from mlops_nb.store.verbs import config as config
    from mlops_nb.store.verbs import connect as connect
    from mlops_nb.store.verbs import doctor as doctor
    from mlops_nb.store.verbs import rename as rename
    from mlops_nb.store.verbs import restore as restore
    from mlops_nb.store.verbs import sql as sql
    from mlops_nb.store.verbs import store as store
    from mlops_nb.store.verbs import trash as trash


def __getattr__(name: str) -> Any:
    # Not `from mlops_nb import verbs`: that would ask here for `verbs`.
    from mlops_nb.verbs import BY_NAME, VERBS

    verb = BY_NAME.get(name)
    if verb is not None:
        found: Any = verb.load()
        for v in VERBS:  # `ml.people()` lists, `ml.people.add(…)` adds
            if v.name.startswith(f"{name} "):
                setattr(found, v.name.split(" ", 1)[1], v.load())
    elif any(v.name.startswith(f"{name} ") for v in VERBS):
        found = SimpleNamespace(**{v.name.split(" ", 1)[1]: v.load() for v in VERBS if v.name.startswith(f"{name} ")})
    else:
        from mlops_nb.errors import nearest

        close = nearest(name, __dir__())
        raise AttributeError(f"mlops_nb has no {name!r}" + (f"; did you mean {close!r}?" if close else ""))
    ModuleType.__setattr__(sys.modules[__name__], name, found)
    return found


def __dir__() -> list[str]:
    from mlops_nb.verbs import VERBS

    return sorted({verb.name.split(" ", 1)[0] for verb in VERBS} | {"__version__"})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext mlops_nb`."""
    from mlops_nb.faces.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext mlops_nb`."""
    from mlops_nb.faces.magics import unload

    unload(shell)


class _Api(ModuleType):
    """The import system sets `mlops_nb.runs` to the room when that is imported; here it stays the verb."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name != "verbs":
            from mlops_nb.verbs import BY_NAME

            if name in BY_NAME:
                return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Api
