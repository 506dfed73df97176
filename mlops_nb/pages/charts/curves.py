"""The series of one metric of one or several runs, as a chart that asks the store again when it is zoomed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn
import param
from bokeh.models import HoverTool, NumeralTickFormatter, PlainText, SaveTool
from holoviews.plotting import bokeh as _bokeh  # noqa: F401 (teaches HoloViews to draw with Bokeh)
from panel.viewable import Viewable, Viewer

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, brief
from mlops_nb.pages.frame.live import Live
from mlops_nb.runs.model import Curve
from mlops_nb.show.curves import twin
from mlops_nb.show.drawing import curve_sentence
from mlops_nb.show.page import escape
from mlops_nb.show.palette import colour, dash
from mlops_nb.store.ids import told_apart

hv.Store.set_current_backend("bokeh")
MOST_RUNS = 20
_SENTENCES = 5
_A_ROW = 6
_HEIGHT = 280
_TOOLS = ["pan", "xwheel_zoom", "box_zoom", "reset"]
# Words and axes on white, and on the dark page (#16181d): 16:1 and 14:1.
_INK = {False: "#1b1f24", True: "#e6e8eb"}
_GRID = {False: "#dfe4ea", True: "#2d323b"}
_SIDE = 28
Range = tuple[float, float] | None


class Curves(Viewer):
    """A line through the last values of each bucket of steps, in a band from least to greatest.

    Zooming and panning ask `ml.curve` for the steps in view, so that what a bucket hid comes out.

    Args:
        runs: References to at most 20 runs, in the order of their colours.
        metric: The metric, which all of them have.
        dark: Whether it stands on the dark page.

    Raises:
        InvalidInput: There is no run, or more than 20.
        NotFound: There is no such run, or it has no such metric.
    """

    dark = param.Boolean(default=False, doc="Whether it stands on the dark page.")

    def __init__(self, runs: Sequence[str], metric: str, **params: Any) -> None:
        if not 1 <= len(runs) <= MOST_RUNS:
            raise InvalidInput(f"a chart of {len(runs)} runs", expected=f"1 to {MOST_RUNS}", fix=brief(metric))
        super().__init__(**params)
        self.whole = [ml.curve(run, metric) for run in runs]
        # By their ids: `last` may be another run at the next question.
        self.runs, self.metric = tuple(curve.run for curve in self.whole), metric
        self._going_on = set(self.runs)
        self.asked = 0
        self._figures: list[Any] = []
        self._view = hv.streams.RangeX()
        self._again = hv.streams.Counter()
        self._said = Live(_hears_nothing, html=self._sentences(), margin=(8, _SIDE, 0, _SIDE))
        self._shown = Live(_hears_nothing, margin=(0, _SIDE))
        self._table = Live(_hears_nothing, html=self._twin(), margin=(0, _SIDE, 12, _SIDE))
        self._chart = hv.DynamicMap(self._drawn, streams=[self._view, self._again])

    def __panel__(self) -> Viewable:
        chart = pn.pane.HoloViews(
            self._chart, sizing_mode="stretch_width", height=self._height(), margin=(0, _SIDE), linked_axes=False
        )
        return pn.Column(self._said, chart, self._shown, self._table, sizing_mode="stretch_width")

    def refresh(self) -> None:
        """Ask again for runs that go on; what was zoomed stays zoomed, and what shows all goes on showing all."""
        if not self._going_on:
            return
        before, asked = self._span(), self._going_on
        # Before their points are read: one that ends meanwhile is asked once more.
        self._going_on = _running(asked)
        self.whole = [ml.curve(one.run, self.metric) if one.run in asked else one for one in self.whole]
        followed = self._view.x_range is None or _covers(self._view.x_range, before)
        if followed and self._span() != before:
            for figure in self._figures:
                figure.x_range.update(start=self._span()[0], end=self._span()[1])
            self._view.update(x_range=None)
        self._said.html, self._table.html = self._sentences(), self._twin()
        self._again.event()

    @param.depends("dark", watch=True)
    def _restyle(self) -> None:
        for figure in self._figures:
            _style(figure, self.dark)

    def _span(self) -> tuple[int, int]:
        steps = [step for curve in self.whole if curve.steps for step in (curve.first, curve.last)] or [0, 1]
        return min(steps), max(steps)

    def _drawn(self, x_range: Range, counter: int) -> hv.Overlay:
        found = [self._within(curve, x_range) for curve in self.whole]
        self._shown.html = self._in_view(found, x_range)
        names = self._names()
        parts = [_band(curve, i) for i, curve in enumerate(found)]
        parts += [_line(curve, names[curve.run], i) for i, curve in enumerate(found)]
        several = len(found) > 1
        return hv.Overlay(parts).opts(
            responsive=True,
            height=self._height(),
            default_tools=_TOOLS,
            active_tools=["pan", "xwheel_zoom"],
            autorange="y",
            xlim=self._span(),
            show_legend=several,
            legend_position="top",
            legend_cols=_A_ROW,
            hooks=[self._styled],
        )

    def _within(self, curve: Curve, x_range: Range) -> Curve:
        """What is in view and a little on either side, so that lines leave the picture and a pan begins with some."""
        if x_range is None or not curve.reduced or _covers(x_range, (curve.first, curve.last)):
            return curve
        self.asked += 1
        low, high = x_range
        room = (high - low) / 4 + 2 * (curve.last - curve.first) / curve.total
        first, last = max(curve.first, math.floor(low - room)), min(curve.last, math.ceil(high + room))
        # Panned beyond its end: nothing of it is in view.
        return ml.curve(curve.run, self.metric, first=min(first, last), last=last)

    def _height(self) -> int:
        """The picture's, and that of the legend below it."""
        return _HEIGHT + (24 * math.ceil(len(self.runs) / _A_ROW) if len(self.runs) > 1 else 0)

    def _names(self) -> dict[str, str]:
        return told_apart([curve.run for curve in self.whole])

    def _sentences(self) -> str:
        names = self._names() if len(self.runs) > 1 else {}
        said = [f"<p>{escape(curve_sentence(c, names.get(c.run, '')))}</p>" for c in self.whole[:_SENTENCES]]
        more = len(self.whole) - _SENTENCES
        return "".join(said) + (f"<p>{more} more in the table.</p>" if more > 0 else "")

    def _twin(self) -> str:
        return twin(self.whole, self._names() if len(self.runs) > 1 else None)

    def _in_view(self, found: Sequence[Curve], x_range: Range) -> str:
        """What the chart shows now, in words: read out when it changes."""
        low, high = self._span()
        if x_range is not None:
            low, high = max(low, math.ceil(x_range[0])), min(high, math.floor(x_range[1]))
        total, entries = sum(c.total for c in found), sum(len(c.steps) for c in found)
        how = f"{total:,} points in {entries:,} places" if entries < total else "every point"
        said = f"In view: steps {low:,} to {high:,}; {how}." if low <= high else "In view: no step."
        whole = (low, high) == self._span() and low < high
        hint = "Turn the wheel over the chart, or draw a box, to come closer." if whole else ""
        return f'<p class="muted" role="status" data-asked="{self.asked}">{escape(f"{said} {hint}".strip())}</p>'

    def _styled(self, plot: Any, element: Any) -> None:
        figure = plot.state
        if figure not in self._figures:
            self._figures.append(figure)
            figure.toolbar.logo = None
            # A text with $$ would be taken for TeX.
            figure.xaxis.axis_label, figure.yaxis.axis_label = PlainText(text="step"), PlainText(text=self.metric)
            figure.xaxis.formatter = NumeralTickFormatter(format="0,0.[000000]")
            # HoloViews adds one that saves a picture.
            figure.tools = [tool for tool in figure.tools if not isinstance(tool, SaveTool)]
            for tool in figure.select(HoverTool):
                tool.visible = False
        _style(figure, self.dark)


def _hears_nothing(part: Live, message: Mapping[str, Any]) -> None:
    """Nothing is clicked in the words beside a chart."""


def _running(runs: set[str]) -> set[str]:
    among = ", ".join(f"'{run}'" for run in sorted(runs))
    found = ml.runs(f"status = 'running' and id in ({among})", limit=MOST_RUNS, trashed=True)
    return {run.id for run in found}


def _covers(x_range: tuple[float, float], span: tuple[int, int]) -> bool:
    return x_range[0] <= span[0] and x_range[1] >= span[1]


def _line(curve: Curve, name: str, index: int) -> hv.Curve:
    table = {"step": curve.steps, "value": curve.values, "run": [name] * len(curve.steps)}
    tips = [("run", "@run"), ("step", "@step{0,0}"), ("value", "@value{0.[000000]}")]
    return hv.Curve(table, "step", ["value", "run"], label=name).opts(
        color=colour(index),
        line_dash=list(dash(index)) or "solid",
        line_width=1.8,
        tools=["hover"],
        hover_tooltips=tips,
    )


def _band(curve: Curve, index: int) -> hv.Area:
    low, high = _closed(curve.lows, curve.steps), _closed(curve.highs, curve.steps)
    look = {
        "color": colour(index),
        "fill_alpha": 0.22,
        "line_color": colour(index),
        "line_alpha": 0.8,
        "line_width": 0.8,
    }
    return hv.Area((curve.steps, low, high), "step", ["least", "greatest"]).opts(**look)


def _closed(values: Sequence[float], steps: Sequence[int]) -> Any:
    """The values with gaps bridged: a polygon can't have any. The line has them."""
    found = np.array(values, dtype=float)
    known = np.isfinite(found)
    return np.interp(steps, np.array(steps)[known], found[known]) if known.any() else np.zeros(len(found))


def _style(figure: Any, dark: bool) -> None:
    ink, grid = _INK[dark], _GRID[dark]
    figure.update(background_fill_color=None, border_fill_color=None, outline_line_color=None)
    for axis in figure.axis:
        axis.update(
            axis_label_text_color=ink,
            major_label_text_color=ink,
            axis_line_color=ink,
            major_tick_line_color=ink,
            minor_tick_line_color=None,
            axis_label_text_font_style="normal",
        )
    for each in figure.grid:
        each.grid_line_color = grid
    for legend in figure.legend:
        legend.update(
            label_text_color=ink, background_fill_color=None, border_line_color=None, glyph_width=32, margin=0
        )
