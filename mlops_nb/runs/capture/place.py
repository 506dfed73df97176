"""Where a call stands in the user's code: line, text, the names of its arguments, the name it is bound to."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FrameType

# Frames between the user's call and our watcher.
_INNER = (
    "sklearn",
    "mlops_nb",
    "joblib",
    "numpy",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "functools",
    "contextlib",
    "xgboost",
    "lightgbm",
    "importlib",
    "_frozen_importlib",
)
_TEXT_LIMIT = 160


@dataclass(frozen=True, slots=True)
class Place:
    """A call in the user's code. `arguments`: text by position and keyword; `target`: the top-level name it is bound to."""

    file: str
    line: int
    text: str
    arguments: dict[int | str, str]
    receiver: str
    target: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.text else f"line {self.line}"

    def name_of(self, position: int, keyword: str) -> str:
        """The text of an argument, given by position or keyword; its keyword when it can't be told."""
        return self.arguments.get(keyword) or self.arguments.get(position) or keyword


def user_frame(start: FrameType | None) -> FrameType | None:
    """The nearest frame that belongs to the user."""
    frame = start
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.split(".", 1)[0] not in _INNER:
            return frame
        frame = frame.f_back
    return None


def locate(start: FrameType | None) -> Place:
    """The place of the call that led to the frame `start`."""
    frame = user_frame(start)
    if frame is None:
        return Place("", 0, "", {}, "", "")
    file, line = frame.f_code.co_filename, frame.f_lineno
    node = _node(frame)
    if not isinstance(node, ast.Call):
        return Place(file, line, "", {}, "", "")
    arguments: dict[int | str, str] = {
        i: ast.unparse(a) for i, a in enumerate(node.args) if not isinstance(a, ast.Starred)
    }
    arguments |= {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
    text = ast.unparse(node)
    receiver = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    target = _target(node) if frame.f_code.co_name == "<module>" else ""
    return Place(
        file,
        node.lineno,
        text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…",
        arguments,
        receiver,
        target,
    )


def _node(frame: FrameType) -> ast.AST | None:
    from executing import Source

    found = Source.executing(frame).node
    return found if isinstance(found, ast.AST) else None


def _target(node: ast.AST) -> str:
    """The name in `name = call(…)`, or an empty string. `executing` links each node to its parent."""
    parent = getattr(node, "parent", None)
    while isinstance(parent, ast.Await):
        parent = getattr(parent, "parent", None)
    if isinstance(parent, ast.NamedExpr) and isinstance(parent.target, ast.Name):
        return parent.target.id
    if isinstance(parent, ast.AnnAssign) and isinstance(parent.target, ast.Name):
        return parent.target.id
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    return ""
