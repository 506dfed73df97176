"""One run, whole; alive while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.pages.address import Address
from mlops_nb.pages.charts.charted import ChartedView
from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.page import Html
from mlops_nb.pages.run import content
from mlops_nb.pages.threads import in_thread
from mlops_nb.registry.model import Version
from mlops_nb.registry.standing import Standing, standing
from mlops_nb.runs.compare import changed_since
from mlops_nb.runs.model import Curve, RunCard
from mlops_nb.serving.model import Deployment
from mlops_nb.store.store import current

_LARGEST = 50_000_000


@dataclass(frozen=True, slots=True)
class RunAddress(Address):
    """Which run, by any reference, and which of its curves."""

    slug: ClassVar[str] = "run"
    run: str = "last"
    metric: str = ""


@dataclass(frozen=True, slots=True)
class RunFound:
    """What the page of one run shows.

    Attributes:
        card: The run, whole.
        curve: The curve that was chosen; None when no metric has steps.
        versions: The model versions that it became.
        best: The best other run of its experiment; empty when this is the best.
        before: The finished run before it, and what `changed` since, in a sentence.
        changed: See `before`.
        standing: Where the newest of `versions` stands; None when there is none.
        serving: The deployments of its models, each with its status.
    """

    card: RunCard
    curve: Curve | None
    versions: tuple[Version, ...]
    best: str
    before: str
    changed: str
    standing: Standing | None
    serving: tuple[tuple[Deployment, str], ...]


class RunView(ChartedView):
    """The page of one run."""

    place = RunAddress
    address: RunAddress
    charted = "curve"
    sections = ("top", "curve", "rest")

    def read(self, address: RunAddress) -> RunFound:
        """The run, as `ml.show` gives it."""
        card = ml.show(address.run)
        series = content.series(card)
        chosen = next((m for m in series if m.name == address.metric), series[0] if series else None)
        found = ml.curve(card.run.id, chosen.name) if chosen is not None else None
        made = tuple(v for model in ml.models() if model.run for v in ml.versions(model.name) if v.run == card.run.id)
        before, changed = changed_since(current(), card.run.id)
        stands = standing(current(), made[0]) if made else None
        names = {version.model for version in made}
        serving = tuple((d, d.status) for d in ml.deployments() if d.model in names) if made else ()
        return RunFound(card, found, made, content.rival(card), before, changed, stands, serving)

    def html(self, found: RunFound | None) -> Html:
        """The top with the numbers that matter, the curve, and the rest of the card."""
        if found is None:
            return {"top": content.missing()}
        return {
            "top": content.top(found, self.cell(), may_write=self.may_write),
            "curve": content.curve(self.address, found),
            "rest": content.rest(found, may_write=self.may_write),
        }

    def cell(self) -> str:
        """`%show RUN`."""
        return f"%show {self.found.card.run.id if self.found else self.address.run}"

    def title(self) -> str:
        """The run's id and experiment."""
        return f"Run {self.found.card.run.id[:10]}, {self.found.card.run.experiment}" if self.found else "Run"

    def table(self) -> Any:
        """The points of the chosen curve, else the metrics."""
        if self.found is None:
            raise InvalidInput("there is no run to save")
        if self.found.curve is not None:
            return ml.curve(self.found.card.run.id, self.found.curve.metric, points=5_000).df
        import pandas as pd

        return pd.DataFrame(
            [{"metric": m.name, "value": m.last, "from": m.provenance} for m in self.found.card.metrics]
        )

    def drawn(self) -> tuple[tuple[str, ...], str] | None:
        """What the chart shows."""
        curve = self.found.curve if self.found is not None else None
        return None if curve is None else ((curve.run,), curve.metric)

    def above(self) -> str:
        """The heading, and the other metrics that have a curve."""
        return content.series_chips(self.address, self.found)

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Write its note, put it into the trash and take it out, register its model."""
        return {"note": self._note, "trash": self._trash, "restore": self._restore, "register": self._register}

    def _note(self, fields: Mapping[str, str]) -> str:
        ml.note(self.found.card.run.id, fields.get("text", ""))
        return "the note was saved"

    def _trash(self, fields: Mapping[str, str]) -> str:
        ml.trash(self.found.card.run.id, kind="run")
        return "the run is in the trash"

    def _restore(self, fields: Mapping[str, str]) -> str:
        ml.restore(self.found.card.run.id, kind="run")
        return "the run was restored"

    def _register(self, fields: Mapping[str, str]) -> str:
        version = ml.register(fields.get("name", ""), self.found.card.run.id, variable=fields.get("variable") or None)
        return f"{version.ref} was registered"

    async def give(self, live: Live, what: str, fields: Mapping[str, str]) -> None:
        """Also one artifact of this run, by the name that it has there."""
        if what != "artifact":
            await super().give(live, what, fields)
            return
        wanted = next((a for a in self.found.card.artifacts if a.name == fields.get("name")), None)
        if wanted is None or wanted.bytes > _LARGEST:
            raise InvalidInput("this artifact is not the run's, or too large for a browser", fix="ml.store().artifacts")
        live.save_bytes(content.file_name(wanted), await in_thread(current().artifacts.get, wanted.digest))
