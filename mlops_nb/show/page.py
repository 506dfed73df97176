"""Pieces of HTML. Colours are those of the page around: no script, no style sheet, nothing is fetched."""

from __future__ import annotations

import html as _html
from collections.abc import Iterable, Sequence

# Lab, VS Code and Colab name their colours differently; `currentColor` is right in each of them, light and dark.
_MUTED = "opacity:.72"
_LINE = "border-bottom:1px solid color-mix(in srgb, currentColor 18%, transparent)"
_FONT = "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:13px;line-height:1.45"
MONO = "font-family:var(--jp-code-font-family, ui-monospace, monospace);font-size:12px"
_PLAIN = "background:none;color:inherit"
_TABLE = '<table style="border-collapse:collapse;margin:0">'
_ROW = '<tr style="background:none">'


def escape(value: object) -> str:
    """Text that is safe between tags and in attributes; control characters are made visible."""
    return _html.escape("".join(c if c.isprintable() or c in "\n\t" else "�" for c in str(value)), quote=True)


def frame(*parts: str) -> str:
    """The outermost element of everything that is shown."""
    return f'<div style="{_FONT}">' + "".join(p for p in parts if p) + "</div>"


def muted(value: object) -> str:
    """Text that stands back."""
    return f'<span style="{_MUTED}">{escape(value)}</span>'


def strong(value: object) -> str:
    """Text that stands out."""
    return f'<span style="font-weight:600">{escape(value)}</span>'


def wrapped(value: object) -> str:
    """A sentence in a table, whose cells keep to one line otherwise."""
    width = "display:inline-block;white-space:normal;min-width:18em;max-width:44em"
    return f'<span style="{width}">{escape(value)}</span>'


# Dark enough on white and light enough on black (3:1 for a sign); the word beside it says the same.
_COLOURS = {"good": "#2e9e5b", "bad": "#dc4c4c", "warn": "#b7791f", "busy": "#3b82c4", "quiet": "currentColor"}


def sign(mark: str, kind: str) -> str:
    """A sign and its word, like `● finished`; only the sign is coloured."""
    symbol, _, word = mark.partition(" ")
    coloured = f'<span aria-hidden="true" style="color:{_COLOURS[kind]}">{escape(symbol)}</span>'
    return f"{coloured} {escape(word)}" if word else coloured


def mono(value: object) -> str:
    """An identifier."""
    return f'<code style="{MONO};{_PLAIN};padding:0">{escape(value)}</code>'


def heading(value: object) -> str:
    """A heading inside a card."""
    return f'<div style="margin:14px 0 4px;font-weight:600">{escape(value)}</div>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = (), caption: str = "") -> str:
    """A table of cells that are HTML already. `right`: columns of numbers."""
    numbers = set(right)

    def style(i: int) -> str:
        side = "right" if i in numbers else "left"
        return f"text-align:{side};padding:3px 14px 3px 0;vertical-align:top;white-space:nowrap"

    def row(cells: Sequence[str]) -> str:
        made = (f'<td style="{style(i)};font-variant-numeric:tabular-nums">{cell}</td>' for i, cell in enumerate(cells))
        return f"{_ROW}{''.join(made)}</tr>"

    head = "".join(
        f'<th scope="col" style="{style(i)};font-weight:600;{_LINE}">{escape(title)}</th>'
        for i, title in enumerate(columns)
    )
    body = "".join(row(cells) for cells in rows)
    named = f'<caption style="text-align:left;padding:0 0 6px;{_MUTED}">{escape(caption)}</caption>' if caption else ""
    inside = f"{named}<thead>{_ROW}{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div style="overflow-x:auto">{_TABLE}{inside}</table></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, one pair a line; values are HTML already, empty ones are left out."""
    name_style = (
        f"text-align:left;font-weight:400;{_MUTED};padding:2px 16px 2px 0;vertical-align:top;white-space:nowrap"
    )
    value_style = "text-align:left;padding:2px 0;vertical-align:top"
    rows = "".join(
        f'{_ROW}<th scope="row" style="{name_style}">{escape(name)}</th><td style="{value_style}">{value}</td></tr>'
        for name, value in pairs
        if value
    )
    return f"{_TABLE}<tbody>{rows}</tbody></table>" if rows else ""


def code(source: str) -> str:
    """Source text."""
    edge = "border-left:2px solid color-mix(in srgb, currentColor 25%, transparent)"
    return f'<pre style="{MONO};margin:4px 0;padding:8px 10px;overflow-x:auto;{edge};{_PLAIN}">{escape(source)}</pre>'


def opening(summary: str, body: str) -> str:
    """A line that opens to more; both are HTML already."""
    line = f'<summary style="cursor:pointer">{summary}</summary>'
    return f'<details style="margin:2px 0">{line}<div style="padding:6px 0 10px 14px">{body}</div></details>'


def picture(png: str, description: str) -> str:
    """A PNG given as base64."""
    source = f"data:image/png;base64,{png}"
    return f'<img alt="{escape(description)}" src="{source}" style="max-width:420px;margin:4px 8px 4px 0"/>'
