"""What leaves a page as a file: one self-contained HTML document without scripts, and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mlops_nb import __version__
from mlops_nb.pages.frame.live import asset
from mlops_nb.show.page import escape

if TYPE_CHECKING:
    import pandas as pd

# A spreadsheet takes what begins so for a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def document(title: str, parts: Sequence[str], zone: str) -> str:
    """One HTML file that needs nothing else: made of the page's sections, with colours for light and dark."""
    moment = datetime.now(UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
    said = f"Saved from mlops_nb {__version__} on {moment} ({zone}); times are in that zone."
    light, dark = asset("palette.css").split(':root[data-theme="dark"]')
    body = "".join(f'<div class="mlops page">{part}</div>' for part in parts if part)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{light}'
        f"@media (prefers-color-scheme: dark) {{ :root {dark} }} body {{ margin: 0; background: var(--bg) }}"
        f"{asset('style.css')}</style></head><body><main>{body}"
        f'<div class="mlops page"><p class="muted">{escape(said)}</p></div></main></body></html>'
    )


def csv(frame: pd.DataFrame) -> str:
    """A table as CSV in which no text is a formula to a spreadsheet."""
    made = frame.copy(deep=False)
    for name in made.columns:
        if made[name].dtype == object or str(made[name].dtype) in ("str", "string"):
            made[name] = [_tame(value) for value in made[name]]
    made.columns = [_tame(str(name)) for name in made.columns]
    # RFC 4180; and a carriage return inside a text is put in quotes only when it is part of the line ending.
    return str(made.to_csv(index=False, lineterminator="\r\n"))


def _tame(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
