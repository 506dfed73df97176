"""Pages with a curve: a picture until the page stands, then a chart that can be zoomed and follows its runs."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import panel as pn
from panel.viewable import Viewable

from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.page import PageView
from mlops_nb.pages.site import Page
from mlops_nb.pages.threads import in_thread
from mlops_nb.pages.visit import Visit


class ChartedView(PageView):
    """A page one of whose sections, `charted`, becomes a chart."""

    charted: ClassVar[str] = "curve"

    def __init__(self, page: Page, visit: Visit) -> None:
        self._chart: Any = None
        self._holder = pn.Column(sizing_mode="stretch_width", margin=0)
        super().__init__(page, visit)
        self._holder[:] = [self.lives[self.charted]]

    def drawn(self) -> tuple[tuple[str, ...], str] | None:
        """Which runs, by ULID, and which metric of theirs the chart shows; None when there is nothing to draw."""
        raise NotImplementedError

    def above(self) -> str:
        """The HTML that stands above the chart."""
        raise NotImplementedError

    def component(self, name: str) -> Viewable | None:
        """What holds the picture, and later the chart."""
        return self._holder if name == self.charted else None

    def started(self) -> None:
        """Follow the store, and put the chart where its picture is."""
        super().started()
        pn.state.execute(self.loaded)

    async def loaded(self) -> None:
        """The chart follows its runs; other runs or another metric make another chart."""
        drawn = self.drawn()
        if drawn is None:
            return
        if self._chart is not None and (self._chart.runs, self._chart.metric) == drawn:
            self._chart.refresh()
            return
        # HoloViews takes a second to load the first time: the other visitors go on meanwhile.
        charts = await in_thread(importlib.import_module, "mlops_nb.pages.charts.curves")
        self._chart = charts.Curves(*drawn, dark=self.dark)
        self.param.watch(lambda event: setattr(self._chart, "dark", event.new), "dark")
        self._holder[:] = [Live(self.told, html=self.above(), look="page"), self._chart]
