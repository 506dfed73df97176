"""What may stand in a canvas: numbers that are some, a metric of the task, a target that the metric can reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.registry.evaluating.metrics import Metric, metric
from mlops_nb.registry.framing.blocks import TASKS, TASKS_OF, Field, field
from mlops_nb.registry.framing.wording import worded


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after what was given; an empty value (None, '') takes one away.

    Raises:
        InvalidInput: No such field, a number that is none, a metric that is none of the task, or too long a text.
    """
    after = dict(before)
    for name, value in given.items():
        asked = field(name)
        kept = _value(asked, value)
        if kept is None:
            after.pop(asked.name, None)
        else:
            after[asked.name] = kept
    return _agreed(after)


def metric_of(name: str, task: str) -> Metric:
    """The metric of a name for a canvas's task, '' when the task is open.

    Raises:
        InvalidInput: No such metric, or none of the task.
    """
    refusal: InvalidInput | None = None
    for one in TASKS_OF.get(task, (task,)):
        try:
            return metric(name, one)
        except InvalidInput as error:
            refusal = refusal or error
    assert refusal is not None  # noqa: S101 (every task has a name to try)
    raise refusal


def _value(asked: Field, value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if asked.shape in ("number", "cost"):
        return _number(asked, value)
    if asked.shape == "task":
        said = str(value).strip().lower()
        if said not in TASKS:
            raise InvalidInput(
                f"{brief(value)} is no task", expected=f"one of {', '.join(TASKS)}", nearest=nearest(said, TASKS)
            )
        return said
    return worded(value, asked.name)


def _number(asked: Field, value: Any) -> float:
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise InvalidInput(f"{asked.name} is {brief(value)}", expected="a number", fix=f"{asked.name}=0.75")
    if asked.shape == "cost" and found < 0:
        raise InvalidInput(f"{asked.name} is {found:g}", expected="a number that is not below 0: what is lost")
    return found


def _agreed(fields: dict[str, Any]) -> dict[str, Any]:
    """Metric, task and target held against each other; the metric by its own name."""
    named, target = fields.get("success_metric"), fields.get("success_target")
    if named is None:
        return fields
    found = metric_of(named, fields.get("task", ""))
    fields["success_metric"] = found.name
    if target is not None and found.higher_is_better and target > 1:
        raise InvalidInput(f"{found.name} is never {target:g}", expected="a target of at most 1")
    if target is not None and not found.higher_is_better and target < 0:
        raise InvalidInput(f"{found.name} is held against {target:g}", expected="a target that is not below 0")
    return fields
