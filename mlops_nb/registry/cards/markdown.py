"""A card as Markdown, with the front matter of the Hugging Face Hub (hub-docs, modelcard.md: `model-index`)."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.registry.cards.model import ModelCard

_LIBRARIES = {"xgboost": "xgboost", "lightgbm": "lightgbm"}
# What Markdown, and HTML inside it, would take for its own.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!])")


def markdown(card: ModelCard) -> str:
    """The card as a README.md for a model repository."""
    parts = [_front(card), f"# {_plain(card.ref)}", _scores(card)]
    for word in card.words:
        if word.text or word.needed:
            said = _plain(word.text) if word.text else "*not said yet*"
            carried = f"\n\n*carried over from {_plain(card.model)}/{word.carried}*" if word.carried else ""
            parts.append(f"## {word.title}\n\n{said}{carried}")
    for section, facts in groupby(card.facts, key=lambda one: one.section):
        rows = "\n".join(f"| {_plain(one.name)} | {_plain(one.value) or '*not known*'} |" for one in facts)
        parts.append(f"## {section}\n\n| | |\n|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"


def _scores(card: ModelCard) -> str:
    known, facts = card.machine
    said, needed = card.human
    mark = f", {card.mark}" if card.mark else ""
    return f"Stage: {card.stage}{mark}. Known by the machine: {known} of {facts}; said by people: {said} of {needed}."


def _plain(text: str) -> str:
    """Somebody's text as text: nothing in it is markup, and it stays in one cell."""
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "<br>")


def _front(card: ModelCard) -> str:
    """YAML, whose scalars are JSON: that is YAML too, and needs no rules of its own for what must be quoted."""
    file = next((one.value for one in card.facts if one.name == "file"), "")
    library = _LIBRARIES.get(file.partition("/")[0], "sklearn")
    terms = next((one.text for one in card.words if one.name == "license" and one.text), "")
    lines = [f"library_name: {library}", "tags: [tabular, mlops_nb]"]
    if terms:
        lines.insert(0, f"license: {json.dumps(terms)}")
    return "\n".join(["---", *lines, *_index(card), "---"])


def _index(card: ModelCard) -> list[str]:
    found = card.evaluation
    if found is None:
        return []
    kind = "tabular-regression" if found.task == "regression" else "tabular-classification"
    metrics = [
        {"type": one.name, "name": one.name, "value": one.value}
        for one in found.findings.scored
        if one.value is not None
    ]
    result: dict[str, Any] = {
        "task": {"type": kind},
        "dataset": {"type": "private", "name": found.dataset},
        "metrics": metrics,
    }
    index = {"name": card.ref, "results": [result]}
    return ["model-index:", f"- {json.dumps(index, ensure_ascii=False, allow_nan=False)}"]
