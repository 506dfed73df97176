"""Runs side by side: what differs, in sentences, then value by value, then in pictures."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, ClassVar

import panel as pn
from panel.viewable import Viewable

import mlops_nb as ml
from mlops_nb.pages.address import Address
from mlops_nb.pages.compare import content
from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.site import Page
from mlops_nb.pages.threads import in_thread
from mlops_nb.pages.visit import Visit
from mlops_nb.runs.model import Comparison, Curve


@dataclass(frozen=True, slots=True)
class CompareAddress(Address):
    """Which runs, by any reference, and which curve they share."""

    slug: ClassVar[str] = "compare"
    runs: tuple[str, ...] = ("last", "last~1")
    metric: str = ""


@dataclass(frozen=True, slots=True)
class CompareFound:
    """What the page of a comparison shows: `shared` names the metrics that are curves in several of its runs."""

    comparison: Comparison
    shared: tuple[str, ...]
    curves: tuple[Curve, ...]


class CompareView(PageView):
    """The page that compares runs."""

    place = CompareAddress
    address: CompareAddress
    sections = ("top", "curves", "rest")

    def __init__(self, page: Page, visit: Visit) -> None:
        self._chart: Any = None
        self._holder = pn.Column(sizing_mode="stretch_width", margin=0)
        super().__init__(page, visit)
        self._holder[:] = [self.lives["curves"]]

    def read(self, address: CompareAddress) -> CompareFound:
        """The comparison, as `ml.compare` gives it, with the curves of one metric."""
        comparison = ml.compare(*address.runs)
        shared = content.shared(comparison)
        metric = address.metric if address.metric in shared else (shared[0] if shared else "")
        having = [run.id for run in comparison.runs if metric in run.best] if metric else []
        return CompareFound(comparison, shared, tuple(ml.curve(run, metric) for run in having))

    def html(self, found: CompareFound | None) -> Html:
        """Sentences and differences, then curves, then parallel coordinates."""
        if found is None:
            return {"top": content.missing()}
        return {
            "top": content.top(found, self.cell()),
            "curves": content.curves(self.address, found),
            "rest": content.rest(found),
        }

    def cell(self) -> str:
        """`%compare A B …`."""
        runs = [run.id for run in self.found.comparison.runs] if self.found else self.address.runs
        return f"%compare {' '.join(runs)}"

    def title(self) -> str:
        """How many runs."""
        return f"Compare {len(self.found.comparison.runs)} runs" if self.found else "Compare"

    def table(self) -> Any:
        """What differs, a row a difference and a column a run."""
        import pandas as pd

        comparison = ml.compare(*self.address.runs)
        names = [run.id for run in comparison.runs]
        return pd.DataFrame(
            [
                {"kind": d.kind, "name": d.name, **dict(zip(names, d.values, strict=True))}
                for d in comparison.differences
            ]
        )

    def component(self, name: str) -> Viewable | None:
        """The curves become a chart that can be zoomed, once the page stands."""
        return self._holder if name == "curves" else None

    def started(self) -> None:
        """Follow the store, and put the chart where its picture is."""
        super().started()
        pn.state.execute(self.loaded)

    async def loaded(self) -> None:
        """The chart follows its runs; another metric makes another chart."""
        if self.found is None or not self.found.curves:
            return
        runs, metric = tuple(c.run for c in self.found.curves), self.found.curves[0].metric
        if self._chart is not None and (self._chart.runs, self._chart.metric) == (runs, metric):
            self._chart.refresh()
            return
        charts = await in_thread(importlib.import_module, "mlops_nb.pages.charts.curves")
        self._chart = charts.Curves(runs, metric, dark=self.dark)
        self.param.watch(lambda event: setattr(self._chart, "dark", event.new), "dark")
        chips = Live(self.told, html=content.chips(self.address, self.found), look="page")
        self._holder[:] = [chips, self._chart]
