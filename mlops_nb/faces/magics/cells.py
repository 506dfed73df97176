"""Cells as typed: where `%%track` stands in one, and the Python that IPython makes of it."""

from __future__ import annotations

import ast
import re
from typing import Any

LINE = re.compile(r"%%track(?:\s+(?P<arguments>.*))?\s*$")
# Cell magics whose body is not Python of this kernel: a `%%track` inside of it is text.
_NOT_PYTHON = re.compile(
    r"%%(?:!|bash|cmd|file|html|HTML|javascript|js|latex|markdown|perl|pypy|python\d?|ruby|script|sh|SVG|svg|sx|system"
    r"|writefile)(?:\s|$)"
)
# Those that run their body in the user's namespace.
_RUNNING = frozenset(("capture", "prun", "time"))


def find_line(lines: list[str]) -> int | None:
    """Which line is `%%track`: the first one, below comments or below other cell magics."""
    for number, line in enumerate(lines):
        stripped = line.strip()
        if LINE.match(stripped):
            return number
        if _NOT_PYTHON.match(stripped) or (stripped and not stripped.startswith(("#", "%%"))):
            return None
    return None


def blanked(lines: list[str]) -> list[str]:
    """The lines without `%%track`. Pure: completeness checks call it too."""
    number = find_line(lines)
    if number is None:
        return lines
    below = lines[number + 1 :]
    first = next((i for i, line in enumerate(below) if line.strip() and not line.lstrip().startswith("#")), None)
    if first is not None and below[first].startswith("%%"):
        return below[first:]  # another cell magic has to stand in the first line
    return [*lines[:number], "\n", *below]


def python_of(shell: Any, raw: str) -> str:
    """A cell as the Python that runs, also below `%%time` and `%%capture`; an empty text when there is none."""
    try:
        python: str = shell.transform_cell(raw)
        body = ast.parse(python).body
    except Exception:  # noqa: BLE001 (a transformer of the user's may raise anything)
        return ""
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "get_ipython().run_cell_magic"):
        return python
    values = [a.value for a in call.args if isinstance(a, ast.Constant)]
    return python_of(shell, str(values[2])) if len(values) == 3 and values[0] in _RUNNING else ""
