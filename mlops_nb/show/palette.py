"""Colours and dashes that tell lines apart, on white and on dark alike.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind people tell apart; sky
blue, orange, yellow and purple are darkened until each has a contrast of 3:1 (WCAG 1.4.11) on white and on #16181d. No
line is told by its colour alone: its neighbours have other dashes.
"""

from __future__ import annotations

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#c970a1", "#1c95da", "#bd8200", "#998f0c")
# As SVG and Bokeh take them: lengths of dashes and gaps.
DASHES: tuple[tuple[int, ...], ...] = ((), (7, 3), (2, 3), (9, 3, 2, 3), (4, 2))


def colour(index: int) -> str:
    """The colour of the line with this number."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> tuple[int, ...]:
    """The dashes of the line with this number; none for a solid line. With the colour, 35 lines differ."""
    return DASHES[index % len(DASHES)]
