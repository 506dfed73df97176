"""What is known of a version beyond its gates, a part of the page each: read and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlops_nb as ml
from mlops_nb.errors import NotFound
from mlops_nb.pages.version import cards, evaluated, explained
from mlops_nb.registry.evaluating.reading import evaluations_of
from mlops_nb.registry.explaining.reading import explanation
from mlops_nb.registry.fairness.reading import fairness

if TYPE_CHECKING:
    from mlops_nb.pages.version.view import VersionFound
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

PARTS = {
    "": "Gates and approvals",
    "evaluation": "Evaluation",
    "explanation": "Explanation",
    "fairness": "Fairness",
    "risk": "Risk",
    "card": "Card",
}


def read(store: Store, version: Version, part: str, evaluation: str) -> Any:
    """What a part shows.

    Raises:
        NotFound: The version has no such evaluation.
    """
    if part == "evaluation":
        every = evaluations_of(store, version)
        chosen = next((one for one in every if one.id == evaluation), None) if evaluation else next(iter(every), None)
        if evaluation and chosen is None:
            raise NotFound(f"{version.ref} has no evaluation {evaluation[:40]!r}", expected="one of its own")
        return evaluated.Judged(chosen, tuple((one.id, one.created_us, one.dataset) for one in every))
    if part == "explanation":
        return explanation(version.ref)
    if part == "fairness":
        return tuple(fairness(version.ref))
    if part == "risk":
        return ml.risk(version.ref)
    return ml.card(version.ref) if part == "card" else None


def html(part: str, found: VersionFound, *, may_write: bool) -> str:
    """How that looks."""
    version = found.version
    if part == "evaluation":
        return evaluated.html(version, found.ready, found.part)
    if part == "explanation":
        return explained.explanation(version, found.part)
    if part == "fairness":
        return explained.fairness(version, found.part)
    if part == "risk":
        return cards.risk(version, found.part)
    return cards.card(version, found.part, may_write=may_write)


def frame(part: str, found: VersionFound) -> Any:
    """The part as a pandas DataFrame; None when it lists nothing."""
    import pandas as pd

    from mlops_nb.show import plain

    rows: list[Any] = []
    if part == "evaluation" and found.part.chosen is not None:
        rows = [plain(one) for one in found.part.chosen.findings.scored]
    elif part == "explanation" and found.part is not None:
        rows = [
            {"inputs": ", ".join(i.features), "drop": i.drop, "low": i.low, "high": i.high}
            for i in found.part.importances
        ]
    elif part == "fairness":
        rows = [
            {"by": by.column, "measure": m.name, "value": m.value, "low": m.low, "high": m.high, "verdict": m.verdict}
            for one in found.part
            for by in one.columns
            for m in by.measures
        ]
    elif part == "risk":
        rows = [plain(one) for one in found.part.hazards]
    return pd.DataFrame(rows) if rows else None
