"""Home: the lifecycle as a line, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.pages.address import Address
from mlops_nb.pages.home import content
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.searching import places
from mlops_nb.registry.gates.model import Waiting
from mlops_nb.registry.model import Model
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.standing import Standing, standing
from mlops_nb.runs.model import Experiment, Run
from mlops_nb.serving.model import Deployment
from mlops_nb.store.store import Store, current

_NEWEST, _EXPLAINED, _MODELS = 8, 3, 12


@dataclass(frozen=True, slots=True)
class HomeAddress(Address):
    """`q`: what was searched for before any script of the page ran."""

    slug: ClassVar[str] = "home"
    q: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model, its champion and its newest version as they stand (None: there is none), and its deployments' health."""

    model: Model
    champion: Standing | None
    newest: Standing | None
    serving: tuple[tuple[Deployment, str], ...]


@dataclass(frozen=True, slots=True)
class HomeFound:
    """What Home shows. What no room of the house knows is not here.

    Attributes:
        experiments: All of them.
        models: The models registered last; `more` are left to the registry's page.
        newest: The newest runs.
        failed: Runs that failed in the last seven days; `why` has the errors of the newest.
        datasets: Dataset versions seen; `canvases` and `evaluations` likewise.
        waiting: Decisions that wait for a person.
        deployments: Each with its status.
        places: What the search could mean.
    """

    experiments: tuple[Experiment, ...]
    models: tuple[ModelFacts, ...]
    more: int
    newest: tuple[Run, ...]
    failed: int
    why: Mapping[str, str]
    datasets: int
    canvases: int
    evaluations: int
    waiting: tuple[Waiting, ...]
    deployments: tuple[tuple[Deployment, str], ...]
    places: tuple[tuple[str, str, str], ...] = ()


class HomeView(PageView):
    """The first page."""

    place = HomeAddress
    address: HomeAddress

    def read(self, address: HomeAddress) -> HomeFound:
        """Experiments, models and deployments, each with what there is to worry about."""
        store = current()
        served = tuple((d, d.status) for d in ml.deployments())
        failed = ml.runs("status = 'failed' and started > -7d", limit=1_000)
        models = sorted(ml.models(), key=lambda model: -model.latest_us)
        known = content.counts(store)
        return HomeFound(
            experiments=tuple(ml.experiments()),
            models=tuple(_facts(store, m, served) for m in models[:_MODELS]),
            more=len(models[_MODELS:]),
            newest=tuple(ml.runs(limit=_NEWEST)),
            failed=len(failed),
            why={run.id: ml.show(run.id).error or "" for run in failed[:_EXPLAINED]},
            datasets=known["dataset_version"],
            canvases=known["canvas"],
            evaluations=known["evaluation"],
            waiting=tuple(ml.review(all=True)),
            deployments=served,
            places=tuple(places(store, address.q)) if address.q else (),
        )

    def html(self, found: HomeFound | None) -> Html:
        """The line, the models, the experiments, the newest runs."""
        return {"body": content.body(self.address, found, self.cell())}

    def cell(self) -> str:
        """`%experiments`, which lists the same."""
        return "%experiments"

    def table(self) -> Any:
        """The experiments."""
        return ml.experiments().df


def _facts(store: Store, model: Model, served: tuple[tuple[Deployment, str], ...]) -> ModelFacts:
    newest = _standing(store, f"{model.name}/{model.latest}") if model.latest else None
    champion = newest
    if model.production != model.latest:
        champion = _standing(store, f"{model.name}/{model.production}") if model.production else None
    return ModelFacts(model, champion, newest, tuple(pair for pair in served if pair[0].model == model.name))


def _standing(store: Store, ref: str) -> Standing:
    return standing(store, resolve_version(store, ref))
