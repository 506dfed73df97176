"""A magic's line as words and as an expression."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.faces.lines import parse, words
from mlops_nb.verbs import BY_NAME


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", []),
        ("a b", ["a", "b"]),
        (
            "--where \"metrics.auc > 0.8 and params.model = 'hgb'\"",
            ["--where", "metrics.auc > 0.8 and params.model = 'hgb'"],
        ),
        ("--note='it is'", ["--note=it is"]),
        (r"'it\'s' \n", ["it's", r"\n"]),
        ("''", [""]),
        ("a'b c'd", ["ab cd"]),
        ("{x} $y", ["{x}", "$y"]),
    ],
)
def test_words(line: str, found: list[str]) -> None:
    assert [word.text for word in words(line)] == found


@pytest.mark.parametrize("line", ["'open", 'a "b', "it's"])
def test_a_quote_that_is_not_closed(line: str) -> None:
    with pytest.raises(InvalidInput, match="a quote is not closed"):
        words(line)


@pytest.mark.parametrize(
    ("line", "expression", "rest"),
    [
        ("flights model", "model", {"name": "flights"}),
        ("flights models['a b']", "models['a b']", {"name": "flights"}),
        ("flights make(1, x='y') --note 'best yet'", "make(1, x='y')", {"name": "flights", "note": "best yet"}),
        ("--note x flights m", "m", {"name": "flights", "note": "x"}),
        ('flights f("it\'s")', 'f("it\'s")', {"name": "flights"}),
        ("flights best:auc", "best:auc", {"name": "flights"}),
    ],
)
def test_an_expression_stays_as_it_was_typed(line: str, expression: str, rest: dict[str, Any]) -> None:
    seen: list[str] = []
    values = parse(BY_NAME["register"], line, lambda text: seen.append(text) or "value")  # type: ignore[func-returns-value]
    assert seen == [expression]
    assert {name: value for name, value in values.items() if name in ("name", "note") and value} == rest


def test_track_has_no_expression() -> None:
    found = parse(BY_NAME["track"], "flights -p depth=3 -p name=x -t team=ops --note 'a b' --dry", lambda text: text)
    assert found["params"] == {"depth": 3, "name": "x"}
    assert found["tags"] == {"team": "ops"}
    assert (found["experiment"], found["note"], found["dry"]) == ("flights", "a b", True)
