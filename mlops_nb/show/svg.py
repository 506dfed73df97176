"""Pieces of SVG: lines, words, legends. Words and axes take the colour of the text around."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb.show.page import escape
from mlops_nb.show.palette import colour, dash

_ROW, _SAMPLE = 18, 26


def picture(drawn: str, width: int, height: int, label: str, style: str = "max-width:100%;height:auto") -> str:
    """The whole picture, with what it shows in words."""
    said = escape(label)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{said}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" style="{style}"><title>{said}</title>{drawn}</svg>'
    )


def line(x1: float, y1: float, x2: float, y2: float, opacity: float = 1.0) -> str:
    """A thin straight line."""
    places = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {places} stroke="currentColor" stroke-opacity="{opacity}"/>'


def text(words: str, x: float, y: float, *, anchor: str = "middle", strong: bool = False, whole: str = "") -> str:
    """Words at a place. `whole`: what a pointer is told, when they were cut."""
    weight = ' font-weight="600"' if strong else ""
    more = f"<title>{escape(whole)}</title>" if whole and whole != words else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="11" fill="currentColor"{weight}>{more}{escape(words)}</text>'


def path(steps: str, stroke: str, dashes: Sequence[int], *, width: float = 1.8, title: str = "") -> str:
    """A curve; empty when it goes nowhere."""
    if not steps:
        return ""
    dashed = f' stroke-dasharray="{" ".join(map(str, dashes))}"' if dashes else ""
    more = f"<title>{escape(title)}</title>" if title else ""
    look = f'stroke="{stroke}" stroke-width="{width}"{dashed}'
    return f'<path d="{steps}" fill="none" {look} stroke-linecap="round" stroke-linejoin="round">{more}</path>'


def legend(names: Sequence[str], width: int, top: int, best: int = -1) -> tuple[str, int]:
    """Names beside samples of their lines, in rows; and how high that is. `best` stands out."""
    room = _SAMPLE + 14 + 7 * max(len(name) for name in names) + (42 if best >= 0 else 0)
    columns = max(1, width // room)
    parts = []
    for i, name in enumerate(names):
        x, y = 8 + (i % columns) * room, top + 12 + (i // columns) * _ROW
        heavy = 3.0 if i == best else 1.8
        parts.append(path(f"M{x} {y - 4}h{_SAMPLE - 6}", colour(i), dash(i), width=heavy))
        shown = f"{name}, best" if i == best else name
        parts.append(text(shown, x + _SAMPLE, y, anchor="start", strong=i == best))
    return "".join(parts), 8 + _ROW * -(-len(names) // columns)
