"""Where a call stands in the user's code: line, text, the names of its arguments, the name it is bound to.

Since Python 3.11 a frame knows the exact position of the call it executes, so one parse of the source finds its node.
"""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import sys
from collections.abc import Mapping
from types import FrameType
from typing import NamedTuple

# Frames between the user's call and our watcher; those of the standard library, too.
_LIBRARIES = "IPython ipykernel joblib lightgbm mlops_nb numpy pandas polars pyarrow scipy sklearn xgboost"
_INNER = (sys.stdlib_module_names - {"__main__"}) | set(_LIBRARIES.split())
_TEXT_LIMIT = 160
_NO_NAMES: Mapping[int | str, str] = {}
# Sources that `linecache` does not have: the body of a cell below `%%time`.
_sources: dict[str, str] = {}


class Place(NamedTuple):
    """A call in the user's code.

    `called`: the name of the function or method that is called there; `arguments`: their texts by position and by
    keyword; `bound`: the name that the call is bound to; `target`: that name when it is a top-level one; `top`: the
    line outside of any function that led here.
    """

    file: str = ""
    line: int = 0
    text: str = ""
    arguments: Mapping[int | str, str] = _NO_NAMES
    receiver: str = ""
    target: str = ""
    top: int = 0
    called: str = ""
    bound: str = ""

    def __str__(self) -> str:
        if not self.line:
            return ""
        return f"line {self.line}: {self.text}" if self.text else f"line {self.line}"

    def name_of(self, position: int, keyword: str) -> str:
        """The text of an argument, given by position or keyword; its keyword when it can't be told."""
        return self.arguments.get(keyword) or self.arguments.get(position) or keyword


class _Calls(NamedTuple):
    """The calls of one source by where they end, which is unique, and the top-level names that they are bound to."""

    nodes: Mapping[tuple[int, int], ast.Call]
    targets: Mapping[int, str]


def remember(file: str, source: str) -> None:
    """Code compiled under the name `file` is `source`."""
    _sources[file] = source


def locate(start: FrameType | None) -> Place:
    """The place of the call that led to the frame `start`."""
    frame = _user_frame(start)
    if frame is None:
        return Place()
    file, line, top = frame.f_code.co_filename, frame.f_lineno, _top_line(frame)
    lines = linecache.getlines(file, frame.f_globals)
    calls = _calls("".join(lines) or _sources.get(file, ""))
    node = calls.nodes.get(_end(frame))
    if node is None:
        return Place(file, line, top=top)
    found: dict[int | str, str] = {i: ast.unparse(a) for i, a in enumerate(node.args) if not isinstance(a, ast.Starred)}
    found |= {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
    text, bound = ast.unparse(node), calls.targets.get(id(node), "")
    return Place(
        file,
        node.lineno,
        text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…",
        found,
        ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else "",
        bound if frame.f_code.co_name == "<module>" else "",
        top,
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""),
        bound,
    )


def _user_frame(start: FrameType | None) -> FrameType | None:
    """The nearest frame that belongs to the user."""
    frame = start
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if str(module).partition(".")[0] not in _INNER:
            return frame
        frame = frame.f_back
    return None


def _top_line(frame: FrameType | None) -> int:
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = _user_frame(frame.f_back)
    return frame.f_lineno if frame is not None else 0


def _end(frame: FrameType) -> tuple[int, int]:
    # Where a call begins differs between versions of Python (3.12 tells the last line of a chain of methods).
    instructions = frame.f_code.co_positions()
    at = next(itertools.islice(instructions, frame.f_lasti // 2, None), (None, None, None, None))
    return at[1] or 0, at[3] or 0


@functools.lru_cache(maxsize=32)
def _calls(source: str) -> _Calls:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Calls({}, {})
    nodes: dict[tuple[int, int], ast.Call] = {}
    targets: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            nodes[node.end_lineno or 0, node.end_col_offset or 0] = node
        elif isinstance(node, ast.NamedExpr | ast.AnnAssign):
            _bind(node.target, node.value, targets)
        elif isinstance(node, ast.Assign):
            _bind(node.targets[0], node.value, targets)
    return _Calls(nodes, targets)


def _bind(target: ast.expr, value: ast.expr | None, targets: dict[int, str]) -> None:
    if isinstance(target, ast.Name):
        while isinstance(value, ast.Await) or (_is_float(value) and isinstance(value, ast.Call)):
            value = value.value if isinstance(value, ast.Await) else value.args[0]
        targets[id(value)] = target.id
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            _bind(one, its, targets)


def _is_float(value: ast.expr | None) -> bool:
    """`float(…)` of one thing: the same number."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "float"
        and len(value.args) == 1
    )
