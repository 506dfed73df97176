"""The chart of a metric in a real browser: it asks again when it is zoomed, and it can be read in both looks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import ROOT, free_port

SPIKE = 33_333
MADE = f"""
import math
import mlops_nb as ml
ml.store(".")
for slow in (1, 2, 3):
    with ml.track("demo", params={{"slow": slow}}) as run:
        for step in range(50_000):
            loss = 1 / (1 + step / (3000 * slow)) + 0.02 * math.sin(step / 7)
            run.log_metric("loss", loss + 2 * (slow == 3 and step == {SPIKE}), step)
        run.log_metric("$$x$$ <b>", 1.0, 0)
        run.log_metric("$$x$$ <b>", 2.0, 1)
"""
SERVED = """
import sys
import mlops_nb as ml
import panel as pn
from mlops_nb.pages.charts.curves import Curves
from mlops_nb.pages.frame.live import asset

ml.store(".")
pn.config.raw_css.append(asset("palette.css") + "body { background: var(--paper); color: var(--ink) }")

RUNS = [run.id for run in ml.runs(sort="-started")]
live = ml.track("live").__enter__()


def goes_on(steps):
    for _ in range(steps):
        live.log_metric("loss", 0.5)
    ml.store().writer.flush()


goes_on(100)


def page():
    said = pn.state.location.query_params
    runs = [live.id] if "live" in said else RUNS[: int(said.get("runs", 1))]
    chart = Curves(runs, str(said.get("metric", "loss")), dark="dark" in said)

    def more(event):
        goes_on(50)
        chart.refresh()

    def turn(event):
        chart.dark = not chart.dark

    buttons = [pn.widgets.Button(name=f.__name__) for f in (more, turn)]
    buttons[0].on_click(more)
    buttons[1].on_click(turn)
    return pn.Column(chart, *buttons, sizing_mode="stretch_width")


pn.serve({"chart": page}, port=int(sys.argv[1]), address="127.0.0.1", show=False)
"""
# What the browser holds: the figure, where a step is on the screen, and the points of each line.
FIGURE = "[...Bokeh.documents[0]._all_models.values()].find(m => m.type === 'Figure')"
LEGENDS = f"""['below', 'above', 'center', 'right'].flatMap(side => {FIGURE}[side])
  .filter(m => m.type === 'Legend' && m.items.length > 0).map(m => m.items.length)"""
RANGE = f"[{FIGURE}.x_range.start, {FIGURE}.x_range.end]"
LINES = f"""{FIGURE}.renderers.filter(r => r.glyph.type === 'Line').map(r =>
  Object.fromEntries(Object.entries(r.data_source.data).map(([k, v]) => [k, Array.from(v)])))"""
PLACE = f"""step => {{
  const view = Bokeh.index.find_one({FIGURE}), box = view.el.getBoundingClientRect(), frame = view.frame.bbox
  return [box.left + frame.left + view.frame.x_scale.compute(step) - frame.left, box.top + frame.top + frame.height / 3]
}}"""


@dataclass
class Chart:
    """A server with one chart."""

    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chart]:
    folder = tmp_path_factory.mktemp("curves")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MLOPS_NB_SPARE": "0"}
    subprocess.run([sys.executable, "-c", MADE], cwd=folder, env=env, check=True)
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVED, str(port)], cwd=folder, env=env, stdout=log, stderr=log
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/chart", process, folder / "log")
        yield Chart(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


def shown(page: Any, address: str) -> Any:
    """The page, once the chart is drawn."""
    page.goto(address)
    page.wait_for_selector("canvas")
    page.wait_for_function(f"{FIGURE}.renderers.length > 1 && Bokeh.index.find_one({FIGURE}).frame.bbox.width > 100")
    page.wait_for_selector("[data-asked]")
    return page


def asked(page: Any) -> int:
    return int(page.locator("[data-asked]").get_attribute("data-asked"))


def wheel(page: Any, step: int, turns: int) -> None:
    for _ in range(turns):
        page.mouse.move(*page.evaluate(PLACE, step))
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(80)


def test_the_chart_stands_with_its_words(served: Chart, visitor: Any):
    page = shown(visitor(served).page, f"{served.url}/chart")
    words = page.locator("p").all_inner_texts()
    assert words[0].startswith("loss fell from")
    assert "greatest 2.1" in words[0]
    assert words[-1].startswith("In view: steps 0 to 49,999; 50,000 points in 400 places.")
    (line,) = page.evaluate(LINES)
    assert len(line["step"]) == 400
    assert max(line["value"]) < 1.1  # the last values of the buckets pass over the spike: the band has it
    assert page.evaluate(f"{FIGURE}.y_range.end") > 2.1
    assert page.evaluate(LEGENDS) == []
    tools = page.evaluate(f"{FIGURE}.toolbar.tools.filter(t => t.visible !== false).map(t => t.type)")
    assert sorted(tools) == ["BoxZoomTool", "PanTool", "ResetTool", "WheelZoomTool"]
    assert page.evaluate(f"{FIGURE}.toolbar.logo") is None
    page.locator("summary").click()
    assert page.locator("tbody tr").count() == 50


def test_zooming_asks_again_and_resolves_the_spike(served: Chart, visitor: Any):
    page = shown(visitor(served).page, f"{served.url}/chart")
    assert asked(page) == 0
    wheel(page, SPIKE, 14)
    page.wait_for_function(f"{LINES}[0].step.includes({SPIKE})")
    assert asked(page) > 0
    (line,) = page.evaluate(LINES)
    at = line["step"].index(SPIKE)
    assert line["step"][at - 1 : at + 2] == [SPIKE - 1, SPIKE, SPIKE + 1]
    assert line["value"][at] > 2
    assert line["value"][at - 1] < 1
    page.get_by_text("every point.").wait_for()
    start, end = page.evaluate(RANGE)
    assert end - start < 500


def test_a_run_that_goes_on_is_followed_and_a_zoom_is_kept(served: Chart, visitor: Any):
    page = shown(visitor(served).page, f"{served.url}/chart?live=1")
    last = len(page.evaluate(LINES)[0]["step"]) - 1
    assert page.evaluate(RANGE) == [0, last]
    page.get_by_role("button", name="more").click()
    page.wait_for_function(f"{FIGURE}.x_range.end === {last + 50}")
    page.wait_for_function(f"{LINES}[0].step.length === {last + 51}")
    wheel(page, 50, 4)
    page.wait_for_function(f"{FIGURE}.x_range.end - {FIGURE}.x_range.start < {last}")
    page.wait_for_timeout(500)
    before = page.evaluate(RANGE)
    page.get_by_role("button", name="more").click()
    page.wait_for_function(f"{LINES}[0].step.length === {last + 101}")
    assert page.evaluate(RANGE) == before
    assert f"at step {last + 100}" in page.locator("p").first.inner_text()


def test_several_runs_have_a_legend_and_dashes(served: Chart, visitor: Any):
    page = shown(visitor(served).page, f"{served.url}/chart?runs=3")
    looks = page.evaluate(
        f"{FIGURE}.renderers.filter(r => r.glyph.type === 'Line')"
        ".map(r => [r.glyph.line_color.value, r.glyph.line_dash.value ?? r.glyph.line_dash])"
        ".map(look => look.map(v => JSON.stringify(v)))"
    )
    assert len({colour for colour, _ in looks}) == len({dash for _, dash in looks}) == 3
    assert page.evaluate(LEGENDS) == [3]
    assert page.locator("p").count() == 4


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(
        w * (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4)
        for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#16181d")])
def test_words_at_the_axes_can_be_read_in_both_looks(served: Chart, visitor: Any, theme: str, ground: str):
    page = shown(visitor(served, theme=theme).page, f"{served.url}/chart?runs=3{'&dark=1' if theme == 'dark' else ''}")
    inks = page.evaluate(
        f"[...{FIGURE}.below, ...{FIGURE}.left].filter(a => a.major_label_text_color !== undefined)"
        ".flatMap(a => [a.major_label_text_color, a.axis_label_text_color]).map(c => c?.value ?? c)"
    )
    assert len(inks) >= 4
    for ink in inks:
        low, high = sorted((luminance(ink), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5
    page.get_by_role("button", name="turn").click()
    page.wait_for_function(f"{FIGURE}.below[0].major_label_text_color !== {inks[0]!r}")


def test_a_name_is_neither_tex_nor_html(served: Chart, visitor: Any):
    page = shown(visitor(served).page, f"{served.url}/chart?metric=%24%24x%24%24%20%3Cb%3E")
    assert page.evaluate(f"{FIGURE}.left[0].axis_label.text ?? {FIGURE}.left[0].axis_label") == "$$x$$ <b>"
    assert page.evaluate(f"{FIGURE}.left[0].axis_label.type") == "PlainText"
    assert "$$x$$ <b> rose from 1 at step 0 to 2 at step 1" in page.locator("p").first.inner_text()
    assert page.locator("p b").count() == 0
