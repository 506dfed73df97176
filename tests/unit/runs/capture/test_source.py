"""What is a param because it was typed, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_nb.runs.capture.source import names


@pytest.mark.parametrize(
    ("source", "literals"),
    [
        ("a = 1", {"a": 1}),
        ("a = -1.5e3", {"a": -1500.0}),
        ("a: int = 4", {"a": 4}),
        ("a, b = 0.1, 'x'", {"a": 0.1, "b": "x"}),
        ("(a, (b, c)) = 1, (2, 3)", {"a": 1, "b": 2, "c": 3}),
        ("a = b = None", {"a": None, "b": None}),
        ("print(a := 5)", {"a": 5}),
        ("if (a := 5) > 3: pass", {"a": 5}),
        ("a = [1, 2]", {"a": "[1, 2]"}),
        ("a = 1\na = 2", {"a": 2}),
        ("a = 1\na += 1", {}),
        ("a = 1\na = f()", {}),
        ("a = 1\nfor a in x: pass", {}),
        ("a = 1\nif x: a = 2", {}),
        ("a = len('x')", {}),
        ("a = []", {}),
        ("a = 'x' * 1000", {}),
        (f"a = {'x' * 600!r}", {}),
        ("def f():\n    a = 1", {}),
        ("class C:\n    a = 1", {}),
        ("[a for a in [1]]", {}),
        ("x = [(y := 5) for _ in range(2)]", {"y": 5}),
        ("*a, b = 1, 2", {"b": 2}),
        ("syntax error", {}),
        ("a = 1\x00", {}),
        ("a = " + "(" * 500 + "1" + ")" * 500, {}),
    ],
)
def test_literals(source: str, literals: dict[str, Any]) -> None:
    assert names(source).literals == literals


def test_bound_read_and_running() -> None:
    found = names(
        "for i, j in enumerate(xs):\n    total = i + j\nwith open(p) as f: n = 1\ndef g(k):\n    for z in k: pass"
    )
    assert found.bound == {"i", "j", "total", "f", "n"}
    assert found.running == {"i", "j"}
    assert found.read == {"xs", "p", "open", "enumerate", "i", "j"}


def test_what_is_read_inside_functions_is_read_unless_it_is_their_own() -> None:
    source = "def f(a, b=depth):\n    c = a + seed\n    return c, [width for x in c]\nclass M:\n    size = height"
    assert names(source).read == {"depth", "seed", "width", "height"}
    assert names("x = await get(seed)\n[y async for y in z]").read == {"get", "seed", "z"}
