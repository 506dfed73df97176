"""Fairness computed from an evaluation's predictions, and kept as evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound, brief
from mlops_nb.registry.evaluating.edges import FEWEST_OF_A_CLASS
from mlops_nb.registry.evaluating.predicting import seed_of
from mlops_nb.registry.evaluating.reading import latest_evaluation
from mlops_nb.registry.evaluating.resting import keep
from mlops_nb.registry.fairness.grouping import members
from mlops_nb.registry.fairness.measuring import measured
from mlops_nb.registry.fairness.model import Fairness, Judging, Parity
from mlops_nb.registry.fairness.reading import read

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store


def measure_version(store: Store, version: Version, by: Sequence[str], judging: Judging) -> Fairness:
    """Compare the groups of a version's newest evaluation, and keep what was found.

    Raises:
        NotFound: The version was not evaluated, or its evaluation has no such column.
        InvalidInput: A threshold that makes no sense, or too many groups.
        MissingExtra: fairlearn is not installed.
    """
    sensible(judging)
    found = latest_evaluation(store, version)
    if found is None:
        raise NotFound(f"{version.ref} was not evaluated", fix=f"%evaluate {version.ref} DATA --slices {by[0]}")
    row, existed = keep(store, version, "fairness", found, compared(store, found, by, judging))
    return replace(read(row), existed=existed)


def compared(store: Store, found: Evaluation, by: Sequence[str], judging: Judging) -> Parity:
    """The groups of an evaluation by each of some columns; nothing is kept.

    Raises:
        NotFound: The evaluation has no such column.
        InvalidInput: Too many groups.
        MissingExtra: fairlearn is not installed.
    """
    seed = seed_of(found.dataset)
    columns = members(store, found, by)
    p = columns[0].p
    positive = str(p.labels[1]) if p.task == "binary" and len(p.labels) > 1 else ""
    groups = tuple(measured(one, judging, seed) for one in columns)
    return Parity(found.digest, p.task, positive, judging, seed, groups)


def sensible(judging: Judging) -> None:
    """Raise when a threshold makes no sense.

    Raises:
        InvalidInput: One is out of its range.
    """
    if not 0 < judging.ratio <= 1:
        raise InvalidInput(f"a ratio of {judging.ratio}", expected="above 0, at most 1, like 0.8")
    if not (judging.within >= 0 and math.isfinite(judging.within)):
        raise InvalidInput(f"within {judging.within}", expected="0 or more, like 0.05")
    if judging.least < FEWEST_OF_A_CLASS:
        raise InvalidInput(f"groups of {judging.least} rows say nothing", expected=f"at least {FEWEST_OF_A_CLASS}")
    if not 0 <= judging.share < 1:
        raise InvalidInput(f"a share of {brief(judging.share)}", expected="0 to 1, like 0.02")
