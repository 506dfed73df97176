"""Text, HTML and JSON of what verbs return: pure functions of dataclasses, loaded when something is shown."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

FORMAT = 1
# Name of a class → the module of this room that shows it. Looked up along the class's ancestors.
_SHOWN = {
    "ActiveRun": "runs",
    "AuditRow": "audit",
    "Verdict": "audit",
    "Comparison": "compare",
    "Curve": "curves",
    "Experiment": "experiments",
    "Run": "runs",
    "RunCard": "card",
    "RunLine": "line",
    "Sql": "answer",
    "DatasetUse": "data",
    "DatasetVersion": "data",
    "Fingerprint": "data",
    "Difference": "data",
    "Profile": "data",
    "ColumnProfile": "data",
    "Model": "registry",
    "ModelCard": "modelcard",
    "Canvas": "canvas",
    "Risk": "risk",
    "Evaluation": "evaluation",
    "Explanation": "explanation",
    "Fairness": "fairness",
    "GateCheck": "gates",
    "GateResult": "gates",
    "Policy": "gates",
    "Approval": "gates",
    "Waiting": "gates",
    "Transition": "stages",
    "Standing": "stages",
    "Stages": "stages",
    "Version": "registry",
    "Deployment": "serving",
    "Prediction": "serving",
    "Log": "serving",
}


def text(value: Any) -> str:
    """`value` as plain text that reads well in a terminal and in a diff."""
    if isinstance(value, str):
        return value
    view = _view(value)
    shown = "" if value is None else view.text() if view is not None else str(plain(value))
    # A terminal obeys control characters: none comes from data to the screen.
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in shown)


def html(value: Any) -> str:
    """`value` as HTML without scripts; everything that came from a user or from data is escaped."""
    view = _view(value)
    if view is None:
        from mlops_nb.show.page import escape

        return f"<pre>{escape(text(value))}</pre>"
    found: str = view.html()
    return found


def _view(value: Any) -> Any:
    from mlops_nb.results import Result, Results

    if isinstance(value, Results):
        return _list_view(value)
    for cls in type(value).__mro__:
        module = _SHOWN.get(cls.__name__)
        if module is not None:
            return importlib.import_module(f"mlops_nb.show.{module}").view(value)
    if isinstance(value, Result) and is_dataclass(value):
        return importlib.import_module("mlops_nb.show.facts").view(value)
    return None


def _list_view(results: Any) -> Any:
    if not results.items:
        return importlib.import_module("mlops_nb.show.table").Empty(results.note or "nothing found")
    for cls in type(results.items[0]).__mro__:
        module = _SHOWN.get(cls.__name__)
        if module is not None:
            return importlib.import_module(f"mlops_nb.show.{module}").list_view(results)
    return importlib.import_module("mlops_nb.show.facts").list_view(results)


def plain(value: Any) -> Any:
    """`value` as JSON-able data; NaN and the infinities as text, because JSON has none."""
    if isinstance(value, bool | int | str | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        # A live handle names in `SHOWN` what is not a field but judged when it is asked for.
        names = [f.name for f in fields(value) if f.compare] + list(getattr(value, "SHOWN", ()))
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    return _plain_other(value)


def _plain_other(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, Sequence):
        return [plain(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def json_document(value: Any) -> str:
    """One versioned JSON document: {"format": 1, "kind": …, "result": …}; lists add "next_page" and "note"."""
    from mlops_nb.results import Results

    document: dict[str, Any] = {"format": FORMAT}
    if isinstance(value, Results):
        kind = type(value[0]).__name__ if len(value) else ""
        document |= {"kind": f"list of {kind}" if kind else "list", "result": [plain(item) for item in value]}
        document |= {"next_page": value.next_page, "note": value.note}
    else:
        document |= {"kind": type(value).__name__, "result": plain(value)}
    return json.dumps(document, ensure_ascii=False, indent=2)
