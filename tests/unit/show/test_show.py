"""What people see: text that reads well, HTML that is well-formed and harmless, JSON that is JSON."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import mlops_nb as ml
from mlops_nb.results import Results
from mlops_nb.runs.line import RunLine
from mlops_nb.runs.model import Run
from mlops_nb.show import html as html_of
from mlops_nb.show import json_document, words
from mlops_nb.show import text as text_of
from mlops_nb.store.store import choose

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE run; --",
    "\u202egnp.exe",
    "emoji 🧪 naïve 漢字",
    "a\u0007b",
    "{{7*7}} ${x} `id`",
]
VOID = {"img", "br", "hr", "input", "meta", "link"}


class Balanced(HTMLParser):
    """Fails when tags do not match; collects what was opened, and attributes that run code."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.active: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.active += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert not parser.seen & {"script", "style", "iframe", "link", "object"}
    assert parser.active == []
    assert "http://" not in html or "src=" not in html
    return parser


@pytest.fixture
def hostile(tmp_path):
    """A store in which everything that a person can name is hostile."""
    choose(tmp_path / ".mlops")
    for text in HOSTILE:
        clean = "".join(c for c in text if c.isprintable())
        with ml.track("hostile", params={clean: text}, tags={clean: text}, note=text) as run:
            run.log_metric(clean, math.nan)
            run.log_metric("auc", 0.5)
            run.put_values({clean: math.inf})
            run.problem(text)
            run.put_artifact(clean, "file", b"x", {"class": text})
    yield
    choose(None)


def test_hostile_text_is_shown_harmlessly(hostile):
    runs = ml.runs()
    assert len(runs) == len(HOSTILE)
    seen = " ".join(parsed(html_of(runs)).words)
    for text in HOSTILE[:3]:
        assert text[:20] in seen
    for run in runs:
        card = ml.show(run.id)
        for value in (card, RunLine(run.id, run.experiment, card, False, False), run):
            parsed(html_of(value))
            assert all(c.isprintable() or c == "\n" for c in text_of(value))
            json.loads(json_document(value))
    parsed(html_of(ml.compare(*[run.id for run in runs])))


def test_json_has_no_nan(hostile):
    json.loads(json_document(ml.runs()), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_an_unsaved_run_says_so():
    line = RunLine("01K3F9A2B7QXAAAAAAAAAAAAAA", "flights", None, False, False, "no space left on the disk")
    assert text_of(line) == "✕ 01K3F9A2B7  flights  NOT SAVED: no space left on the disk"
    parsed(html_of(line))


def test_an_empty_list_says_what_it_means():
    assert text_of(Results([], note="nothing is deployed")) == "nothing is deployed"
    assert "nothing is deployed" in html_of(Results([], note="nothing is deployed"))


def test_profile_fingerprint_and_difference():
    frame = pd.DataFrame({"<b>": [1.0, None, 3.0], "s": ["x", "<i>", "x"]})
    for value in (ml.fingerprint(frame), ml.profile(frame), ml.profile(np.zeros((3, 2)))):
        parsed(html_of(value))
        assert text_of(value)
    assert "33.3%" in text_of(ml.profile(frame))


def test_a_run_lists_only_what_was_chosen():
    run = Run(
        "01K3F9A2B7QXAAAAAAAAAAAAAA", "e", "finished", 0, 1.0, {"C": 1.0, "tol": 0.1}, defaults=frozenset({"tol"})
    )
    assert "tol" not in text_of(Results([run]))
    assert "C" in text_of(Results([run]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.87123456, "0.8712"), (1.0, "1"), (123456.0, "123,456"), (1234567, "1,234,567"), (0.00001234, "1.234e-05"),
        (math.nan, "nan"), (-math.inf, "-inf"), (None, ""), ("text", "text"), (True, "True"), (1234.5, "1,234.5"),
    ],
)  # fmt: skip
def test_numbers(value, shown):
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0421, "42 ms"), (2.14, "2.1 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (None, "")]
)
def test_durations(value, shown):
    assert words.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(812, "812 B"), (1_234_567, "1.2 MB"), (5_000_000_000, "5.0 GB"), (None, "")]
)
def test_sizes(value, shown):
    assert words.size(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.012, "▲0.0120"), (-0.003, "▼0.0030"), (0.0, "="), (math.nan, "")])
def test_changes(value, shown):
    assert words.signed(value) == shown


def test_wide_characters_keep_columns_aligned():
    from mlops_nb.show.table import aligned, width

    lines = aligned(["a", "b"], [["漢字", "x"], ["ab", "y"]], [False, False])
    assert {width(line[: line.index(last)]) for line, last in zip(lines, "bxy", strict=True)} == {6}
