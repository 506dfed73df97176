"""Pictures: well-formed, readable on white and on dark, and never without words."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_nb as ml
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.runs.model import Comparison, Curve, DifferenceRow, Run
from mlops_nb.show import drawing, html, text
from mlops_nb.show.axes import Scale, spanning
from mlops_nb.show.palette import COLOURS, colour, dash
from mlops_nb.store.store import Store

HOSTILE = "</svg><script>alert(1)</script> & \" ' \x00 \ud800 ]]> $$x$$"
SVG = "{http://www.w3.org/2000/svg}"


def luminance(code: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#16181d"])
@pytest.mark.parametrize("line", COLOURS)
def test_every_colour_stands_out_from_white_and_from_dark(line: str, ground: str):
    assert contrast(line, ground) >= 3


def test_no_line_is_told_by_its_colour_alone():
    looks = [(colour(i), dash(i)) for i in range(20)]
    assert len(set(looks)) == 20
    assert all(dash(i) != dash(i + 1) for i in range(19))


def curve(values: list[float], run: str = "01K3F9AAAAAAAAAAAAAAAAAAAA", **more: object) -> Curve:
    steps = tuple(range(len(values)))
    shape = {"lows": tuple(values), "highs": tuple(values), "total": len(values), "metric": "loss", "direction": -1}
    last = max(0, len(values) - 1)
    return Curve(run=run, first=0, last=last, steps=steps, values=tuple(values), **(shape | more))  # type: ignore[arg-type]


def parsed(svg: str) -> ET.Element:
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.findtext(f"{SVG}title")
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    places = [v for e in root.iter() for k, v in e.attrib.items() if k in ("d", "x", "y", "points", "x1", "y1", "cx")]
    assert not [place for place in places if "n" in place]  # nan, inf
    return root


def test_spark():
    root = parsed(drawing.spark([1, 2, math.nan, 0.5], "auc <of> last"))
    assert root.get("aria-label") == "auc <of> last"
    (line,) = root.iter(f"{SVG}polyline")
    assert len((line.get("points") or "").split()) == 3
    (dot,) = root.iter(f"{SVG}circle")
    assert (line.get("points") or "").endswith(f"{dot.get('cx')},{dot.get('cy')}")
    assert drawing.spark([math.nan, 1.0], "x") == drawing.spark([], "x") == ""
    parsed(drawing.spark([3, 3, 3], HOSTILE))


def test_curves_have_lines_bands_and_gaps():
    one = curve([3, 2, math.nan, 1, math.inf, 0.5], lows=(1, 1, 1, 1, 1, 0), highs=(4, 4, 4, 9, 4, 4), total=60)
    root = parsed(drawing.curves([one]))
    band, line = root.iter(f"{SVG}path")
    assert band.get("fill") == line.get("stroke") == COLOURS[0]
    assert (line.get("d") or "").count("M") == 3
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert "loss, less is better" in words
    assert "step" in words


def test_several_curves_have_a_legend_with_their_dashes():
    found = [curve([3, 2, i], run=f"01K3F9A{i:019d}") for i in range(20)]
    root = parsed(drawing.curves(found))
    words = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
    lines = list(root.iter(f"{SVG}path"))
    assert len(lines) == 40
    assert len({(line.get("stroke"), line.get("stroke-dasharray")) for line in lines}) == 20
    for one in found:
        assert one.run[:10] in words


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            curve([1.5, 0.25, 0.5]),
            "loss fell from 1.5000 at step 0 to 0.5000 at step 2; least 0.2500 at step 1; greatest",
        ),
        (curve([0.5, math.nan, 1.5]), "loss rose from 0.5000 at step 0 to 1.5000 at step 2"),
        (curve([0.5, math.nan, 1.5]), "; not a finite number at 1 of 3 places."),
        (curve([0.5, 0.75, 0.5]), "loss went from 0.5000 at step 0 to 0.5000 at step 2"),
        (curve([0.5]), "loss is 0.5000 at step 0."),
        (curve([]), "loss has no points from step 0 to step 0."),
        (curve([math.nan, math.inf]), "loss is never a finite number from step 0 to step 1."),
        (curve([1, 2], lows=(0.5, 1), highs=(1, 9), total=200), "greatest 9 at step"),
    ],
)
def test_sentences(found: Curve, said: str):
    assert said in drawing.curve_sentence(found)
    parsed(drawing.curves([found]))


def test_a_sentence_names_the_steps_of_a_bucket():
    reduced = Curve("01K", "loss", 200, 0, 199, (99, 199), (1, 1), (1, 0.5), (1, 9), -1)
    assert "greatest 9 at steps 100 to 199" in drawing.curve_sentence(reduced)


EXTREME = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([1.7e308, -1.7e308, 5e-324, 0.0, 1e-300])


@settings(max_examples=150, deadline=None)
@given(st.lists(EXTREME, max_size=12))
def test_any_numbers_make_a_picture(values: list[float]):
    parsed(drawing.curves([curve(values)]))
    spark = drawing.spark(values, "x")
    assert spark == "" or parsed(spark) is not None
    assert len(drawing.curve_sentence(curve(values))) < 400


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_ticks_are_inside_even_and_told_apart(low: float, width: float):
    scale = spanning([low, low + width], 0, 100)
    ticks = scale.ticks(5)
    assert all(-0.001 <= scale.at(value) <= 100.001 for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)
    assert 2 <= len(ticks) <= 8


def test_whole_ticks_and_decades():
    assert [label for _, label in Scale(0, 200_000, 0, 1).ticks(4, whole=True)] == [
        "0",
        "50,000",
        "100,000",
        "150,000",
        "200,000",
    ]
    assert [label for _, label in Scale(0, 2, 0, 1).ticks(6, whole=True)] == ["0", "1", "2"]
    assert [label for _, label in Scale(0.001, 10, 0, 1, log=True).ticks(4)] == ["0.001", "0.01", "0.1", "1", "10"]


def compared(count: int = 3, params: int = 2, **metrics: list[float]) -> Comparison:
    runs = tuple(
        Run(f"01K3F9A{i:019d}", "demo", "finished", 0, 1.0, metrics={n: v[i] for n, v in metrics.items()})
        for i in range(count)
    )
    rows = tuple(DifferenceRow("param", f"p{j}", tuple(float(i * j + 1) for i in range(count))) for j in range(params))
    return Comparison(runs, (), rows, "auc", runs[1].id) if "auc" in metrics else Comparison(runs, (), rows)


def test_parallel_coordinates():
    found = compared(auc=[0.5, 0.9, 0.7], loss=[100.0, 0.1, 3.0], train_count=[1.0, 1.0, 1.0])
    extra = (
        DifferenceRow("param", "model", ("hgb", "rf", None)),
        DifferenceRow("param", "lr", (0.0001, 0.1, 1.0)),
        DifferenceRow("data", "X (train)", ("a", "b", "c")),
    )
    found = Comparison(found.runs, (), found.differences + extra, found.headline, found.best)
    root = parsed(drawing.parallel(found))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert [word for word in words if word in ("p0", "p1", "model", "lr", "auc", "loss", "X (train)")] == [
        "p0",
        "p1",
        "model",
        "lr",
        "auc",
        "loss",
    ]
    assert words.count("param, log") == 1
    assert words.count("more is better: top") == 1
    assert words.count("less is better: top") == 1
    assert "none" in words
    assert words.index("100") < words.index("0.1000")  # less is better: the greatest loss is at the bottom
    lines = [path for path in root.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None]
    assert len(lines) == 3
    assert (
        max(lines, key=lambda path: float(path.get("stroke-width") or 0))
        .findtext(f"{SVG}title", "")
        .startswith(found.best[:10])
    )
    assert drawing.parallel(found) == drawing.parallel(found)
    said = drawing.parallel_sentence(found)
    assert said.startswith("3 runs over p0, p1, model, lr, auc, loss and train_count. ")
    assert "is best in auc (0.9000) with p0 1, p1 2, model rf, lr 0.1000." in said
    assert "loss lies between 0.1000 and 100." in said


def test_at_most_twelve_axes_and_nothing_of_nothing():
    many = {f"auc_{i}": [0.1 * i, 0.2, 0.3] for i in range(9)}
    root = parsed(drawing.parallel(compared(params=30, auc=[0.1, 0.2, 0.3], **many)))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert sum(word in ("param", "param, log", "more is better: top") for word in words) == 12
    assert drawing.parallel(compared(params=1)) == ""
    assert drawing.parallel_sentence(compared(params=0)) == "3 runs."


def test_hostile_names_are_only_words():
    runs = tuple(Run(f"01K3F9A{i:019d}", HOSTILE, "finished", 0, 1.0, metrics={HOSTILE: float(i)}) for i in range(2))
    rows = (DifferenceRow("param", HOSTILE, (HOSTILE, "b")),)
    for root in (
        parsed(drawing.parallel(Comparison(runs, (), rows))),
        parsed(drawing.curves([curve([1, 2], metric=HOSTILE)])),
    ):
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "title", "line", "text", "path"}


def test_more_than_twelve_texts_are_no_axis():
    values = tuple(f"t{i}" for i in range(13))
    found = compared(count=13, auc=[i / 13 for i in range(13)])
    rows = (
        *found.differences,
        DifferenceRow("param", "many", values),
        DifferenceRow("param", "few", values[:12] * 1 + ("t0",)),
    )
    words = [e.text for e in parsed(drawing.parallel(Comparison(found.runs, (), rows, "auc", ""))).iter(f"{SVG}text")]
    assert "few" in words
    assert "many" not in words


def test_a_curve_is_shown_as_sentence_picture_and_table(store: Store):
    with ActiveRun(store, "demo") as run:
        for i in range(1_000):
            run.log_metric("loss", 1 / (1 + i), i)
    store.writer.flush()
    found = ml.curve(run.id, "loss")
    assert text(found).startswith("loss fell from")
    assert "█" in text(found)
    page = html(found)
    assert page.count("<svg") == page.count("<details") == 1
    assert page.count("<tr") == 51
    assert "Table: 1,000 points in 50 rows" in page
    few = html(ml.curve(run.id, "loss", first=0, last=2))
    assert "Table: 3 points" in few
    assert "least" not in few.partition("<details")[2]


def test_a_real_comparison_names_its_best_run(store: Store):
    for depth, auc in ((4, 0.7), (8, 0.9), (16, math.nan)):
        with ActiveRun(store, "demo", params={"depth": depth}) as run:
            run.log_metric("auc", auc)
    store.writer.flush()
    found = ml.compare("last", "last~1", "last~2")
    assert (found.headline, found.best) == ("auc", ml.runs("params.depth = 8")[0].id)
    parsed(drawing.parallel(found))
    assert "is best in auc (0.9000) with depth 8." in drawing.parallel_sentence(found)
