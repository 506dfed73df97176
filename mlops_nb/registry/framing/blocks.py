"""What a canvas asks for: ten blocks, and the framing in numbers and names.

The ten blocks are those of the Machine Learning Canvas v1.1 by OWNML (ownml.co), CC BY-SA 4.0. The questions are ours.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from mlops_nb.errors import InvalidInput, brief, nearest

MENTION = "Blocks of the Machine Learning Canvas v1.1 by OWNML, CC BY-SA 4.0"
LINK = "https://www.ownml.co"
CREATOR = "Louis Dorard, Ph.D."
TASKS = ("binary", "multiclass", "regression", "classification")
# `classification` leaves open of how many classes.
TASKS_OF = {"classification": ("binary", "multiclass"), "": ("",)}

Shape = Literal["block", "text", "number", "cost", "task", "metric"]


class Field(NamedTuple):
    """One thing that a canvas asks for. `cost` is a number that is not below 0."""

    name: str
    title: str
    asks: str
    shape: Shape


BLOCKS: tuple[Field, ...] = (
    Field("prediction_task", "Prediction task", "What is said of which thing, and when is the truth known?", "block"),
    Field("decisions", "Decisions", "Who does what with an answer, and what happens in doubt?", "block"),
    Field("value_proposition", "Value proposition", "Whose problem gets smaller, and how would they notice?", "block"),
    Field("data_collection", "Data collection", "How do new rows and their truth come in, at what cost?", "block"),
    Field("data_sources", "Data sources", "Which tables, files and services hold what is needed?", "block"),
    Field("impact_simulation", "Impact simulation", "What would past cases have cost or earned with it?", "block"),
    Field("making_predictions", "Making predictions", "One by one or in batches, within what time?", "block"),
    Field("building_models", "Building models", "How many models, trained anew how often, by whom?", "block"),
    Field("features", "Features", "What is known at the moment of asking, and from where?", "block"),
    Field("monitoring", "Monitoring", "Which numbers show that it helps, or that it harms?", "block"),
)
FRAMING: tuple[Field, ...] = (
    Field("task", "Task", f"one of {', '.join(TASKS)}", "task"),
    Field("success_metric", "Success metric", "the metric that decides: roc_auc, mae …", "metric"),
    Field("success_target", "Target", "the value it has to reach", "number"),
    Field("data_needs", "Data needs", "how many rows, from when, with which truth", "text"),
    Field("cost_false_positive", "Cost of a false positive", "what one costs", "cost"),
    Field("cost_false_negative", "Cost of a false negative", "what one costs", "cost"),
    Field("gain_true_positive", "Gain of a true positive", "what one brings; below 0 if it costs", "number"),
    Field("gain_true_negative", "Gain of a true negative", "what one brings; below 0 if it costs", "number"),
    Field("cost_per_error", "Cost per unit of error", "of a regression: what being off by 1 costs", "cost"),
    Field("unit", "Unit", "of costs and gains: EUR, minutes …", "text"),
    Field("owner", "Owner", "who answers for the model", "text"),
    Field("contact", "Contact", "how to reach them", "text"),
)
FIELDS = (*BLOCKS, *FRAMING)
BY_NAME = {one.name: one for one in FIELDS}


def typed(value: Any) -> str:
    """A field's value as a form has it: what was typed, and a number so that it is read as the same one again."""
    if value is None:
        return ""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def asked(task: str) -> tuple[Field, ...]:
    """The framing that can be said of a task: a regression has no false positives, two classes no unit of error."""
    numbers = ("cost_per_error",)
    classes = ("cost_false_positive", "cost_false_negative", "gain_true_positive", "gain_true_negative")
    # Costs of several classes are asked of nobody yet.
    left_out = {"regression": classes, "binary": numbers, "classification": numbers, "multiclass": numbers + classes}
    return tuple(one for one in FRAMING if one.name not in left_out.get(task, ()))


def field(name: object) -> Field:
    """The field of a name; case, spaces and hyphens do not matter.

    Raises:
        InvalidInput: No such field; names the nearest.

    Examples:
        >>> field("Data sources").name
        'data_sources'
    """
    key = str(name).strip().lower().replace(" ", "_").replace("-", "_")
    if key not in BY_NAME:
        raise InvalidInput(
            f"a canvas has no field {brief(name)}",
            expected="a block (" + ", ".join(one.name for one in BLOCKS) + ") or one of its framing",
            nearest=nearest(key, BY_NAME),
        )
    return BY_NAME[key]
