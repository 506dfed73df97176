"""Where a call stands: its text, the names of its arguments, the name it is bound to."""

from __future__ import annotations

import linecache
import sys
from types import FrameType
from typing import Any

import pytest

from mlops_nb.runs.capture.place import Place, locate, remember

FILE = "<cell of a test>"


def places(source: str, *, known: bool = True, **names: Any) -> list[Place]:
    found: list[Place] = []

    def note(*args: Any, **kwargs: Any) -> float:
        frame: FrameType | None = sys._getframe(1)
        found.append(locate(frame))
        return 0.5

    lines = source.splitlines(keepends=True) if known else []
    linecache.cache[FILE] = (len(source), None, lines, FILE)
    exec(compile(source, FILE, "exec"), {"__name__": "__main__", "note": note, **names})
    del linecache.cache[FILE]
    return found


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a = note(1)", "a"),
        ("a: float = note(1)", "a"),
        ("(a := note(1))", "a"),
        ("a = float(note(1))", "a"),
        ("b, a = 1, note(1)", "a"),
        ("a = c = note(1)", "a"),
        ("a = note(1) + 1", ""),
        ("a = round(note(1), 2)", ""),
        ("a, b = [note(1), 2]", ""),
        ("def f():\n    a = note(1)\nf()", ""),
        ("x = [note(1) for _ in range(1)]", ""),
    ],
)
def test_the_name_a_call_is_bound_to(source: str, target: str) -> None:
    assert places(source)[0].target == target


def test_calls_on_one_line_are_told_apart() -> None:
    first, second = places("a, b = note(1), note(2); c = 3")
    assert (first.text, second.text) == ("note(1)", "note(2)")


def test_arguments_receiver_and_line() -> None:
    [place] = places("\nclass M: score = note\nm = M()\nv = m.score(X[:3],\n  y=[1, *q], **{})", X=[1], q=[2])
    assert (place.line, place.receiver, place.target) == (4, "m", "v")
    assert place.name_of(0, "X") == "X[:3]"
    assert place.name_of(1, "y") == "[1, *q]"
    assert place.name_of(7, "z") == "z"
    assert str(place) == "line 4: m.score(X[:3], y=[1, *q], **{})"


def test_chains_of_methods_over_lines() -> None:
    source = (
        "class C:\n    def go(self, n): note(n); return self\n    fit = note\nr = (C()\n  .go(1)\n  .go(2)\n  .fit(3))"
    )
    assert places(source)[-1].text.endswith(".fit(3)")
    assert places(source)[-1].target == "r"


def test_the_line_outside_of_functions_that_led_here() -> None:
    [place] = places("def g():\n    return note(1)\ndef f():\n    return g()\n\nf()")
    assert (place.line, place.top) == (2, 6)


def test_long_text_and_unicode() -> None:
    [place] = places(f"ä = 'é'; n = note(ä, {'1234567890' * 40!r})")
    assert place.target == "n"
    assert len(place.text) == 160


def test_without_source_there_is_the_line() -> None:
    [place] = places("\nnote(1)", known=False)
    assert str(place) == "line 2"
    remember(FILE, "\nnote(1)")
    [place] = places("\nnote(1)", known=False)
    assert str(place) == "line 2: note(1)"
    remember(FILE, "")


def test_outside_of_the_user_s_code() -> None:
    assert str(locate(None)) == ""
