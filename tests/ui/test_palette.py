"""The colours of every page: text stands out from what it is on, in both themes (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from importlib import resources

import pytest

TEXT = ("ink", "muted", "accent", "good", "bad", "warn")
GROUND = ("bg", "paper", "panel", "hover", "chosen")
SHEET = (resources.files("mlops_nb.pages.frame") / "palette.css").read_text("utf-8")


def themes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r"(:root[^{]*)\{([^}]*)\}", SHEET)
    return {
        "dark" if "dark" in name else "light": dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))
        for name, body in blocks
    }


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    less, more = sorted((luminance(one), luminance(other)))
    return (more + 0.05) / (less + 0.05)


def test_contrast_is_computed_as_the_norm_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(theme: str):
    colours = themes()[theme]
    pairs = [(text, ground) for text in TEXT for ground in GROUND] + [("on-accent", "accent")]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert not {pair: ratio for pair, ratio in weak.items() if ratio < 4.5}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_of_fields_can_be_seen(theme: str):
    colours = themes()[theme]
    assert all(contrast(colours["edge"], colours[ground]) >= 3 for ground in ("bg", "paper"))
