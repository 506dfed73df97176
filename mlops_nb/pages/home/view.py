"""Home: the lifecycle as a line, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import MlopsError
from mlops_nb.pages import markup
from mlops_nb.pages.address import Address
from mlops_nb.pages.home import content
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.searching import places
from mlops_nb.registry.model import Model, Version
from mlops_nb.runs.model import Experiment, Run
from mlops_nb.serving.model import Deployment
from mlops_nb.store.store import current

_NEWEST, _EXPLAINED = 8, 3


@dataclass(frozen=True, slots=True)
class HomeAddress(Address):
    """Which model alone, when one was searched for; `q`: what was searched for before any script of the page ran."""

    slug: ClassVar[str] = "home"
    model: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model, its newest version, the run that made that, and where it is served with what health."""

    model: Model
    version: Version | None
    run: Run | None
    serving: tuple[tuple[Deployment, str], ...]


@dataclass(frozen=True, slots=True)
class HomeFound:
    """What Home shows; `why` has the errors of the newest failed runs. What no room of the house knows is not here."""

    experiments: tuple[Experiment, ...]
    models: tuple[ModelFacts, ...]
    newest: tuple[Run, ...]
    failed: int
    why: Mapping[str, str]
    datasets: int
    deployments: tuple[tuple[Deployment, str], ...]
    places: tuple[tuple[str, str, str], ...] = ()


class HomeView(PageView):
    """The first page."""

    place = HomeAddress
    address: HomeAddress

    def read(self, address: HomeAddress) -> HomeFound:
        """Experiments, models and deployments, each with what there is to worry about."""
        served = tuple((d, d.status) for d in ml.deployments())
        failed = ml.runs("status = 'failed' and started > -7d", limit=1_000)
        models = [m for m in ml.models() if not address.model or m.name == address.model]
        return HomeFound(
            experiments=tuple(ml.experiments()),
            models=tuple(_facts(m, served) for m in models),
            newest=tuple(ml.runs(limit=_NEWEST)),
            failed=len(failed),
            why={run.id: ml.show(run.id).error or "" for run in failed[:_EXPLAINED]},
            datasets=content.dataset_count(current()),
            deployments=served,
            places=tuple(places(current(), address.q)) if address.q else (),
        )

    def html(self, found: HomeFound | None) -> Html:
        """The line, the models, the experiments, the newest runs."""
        return {"body": content.body(self.address, found, self.cell())}

    def cell(self) -> str:
        """`%experiments`, which lists the same; `%models` for one model."""
        return f"%versions {markup.word(self.address.model)}" if self.address.model else "%experiments"

    def table(self) -> Any:
        """The experiments."""
        return ml.experiments().df


def _facts(model: Model, served: tuple[tuple[Deployment, str], ...]) -> ModelFacts:
    newest = next(iter(ml.versions(model.name)), None)
    return ModelFacts(model, newest, _run(newest), tuple(pair for pair in served if pair[0].model == model.name))


def _run(version: Version | None) -> Run | None:
    if version is None or not version.run:
        return None
    try:
        return ml.show(version.run).run
    except MlopsError:  # purged: the version stands without it
        return None
