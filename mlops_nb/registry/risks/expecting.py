"""What errors are expected to cost: the canvas's costs on the shares that the newest evaluation found."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import quoted
from mlops_nb.registry.evaluating.reading import latest_evaluation
from mlops_nb.registry.framing.reading import costs
from mlops_nb.registry.risks.model import Amount, Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.framing.model import Costs
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

DECISIONS = 1_000
_DRAWS = 10_000
_SEED = 1_000
# Half a row in every cell (Jeffreys): an error that was not seen among 50 rows may still be seen among 1,000.
_PRIOR = 0.5
_BY_DRAWS = f"{_DRAWS:,} draws of the shares from a Dirichlet distribution (counts + ½)"
_BY_MAE = "the mean absolute error and the interval that the evaluation gives it"


def expected(store: Store, version: Version) -> Expected:
    """What errors of a version cost per 1,000 decisions, or why that can't be said."""
    known = costs(store, version.model_id)
    fix = f"%canvas {quoted(version.model)} --set"
    if known is None:
        return Expected(None, why=f"the canvas names no costs ({fix} cost_false_positive=…)")
    found = latest_evaluation(store, version)
    if found is None:
        return Expected(None, why=f"{version.ref} has no evaluation (%evaluate {quoted(version.ref)} DATA)")
    if found.task == "regression":
        return _of_numbers(found, known, fix)
    if found.task != "binary" or found.confusion is None or len(found.confusion.counts) != 2:
        return Expected(None, why="costs are those of two classes, the evaluation has others")
    return _of_classes(found, found.confusion.counts, known, fix)


def amount(counts: Sequence[int], worth: Sequence[float]) -> Amount:
    """What 1,000 decisions come to, computed once: lists ask for the same again and again. See `_drawn`."""
    return _drawn(tuple(int(one) for one in counts), tuple(float(one) for one in worth))


@lru_cache(maxsize=1_000)
def _drawn(counts: tuple[int, ...], worth: tuple[float, ...]) -> Amount:
    """What 1,000 decisions come to.

    Args:
        counts: How often each outcome was seen.
        worth: What one of each comes to.

    Returns:
        The mean at the shares seen, and the middle 95 % of its posterior under Jeffreys' prior.
    """
    import numpy as np

    seen, each = np.asarray(counts, float), np.asarray(worth, float)
    draws = np.random.default_rng(_SEED).dirichlet(seen + _PRIOR, _DRAWS) @ each
    # The shares seen lie outside where an outcome was never seen: the interval begins with them.
    value = float(seen @ each / seen.sum())
    low, high = (float(one) for one in np.quantile(draws, (0.025, 0.975)))
    return Amount(DECISIONS * value, DECISIONS * min(low, value), DECISIONS * max(high, value))


def _of_classes(found: Evaluation, counts: Any, known: Costs, fix: str) -> Expected:
    (right_no, false_yes), (false_no, right_yes) = counts
    cells = (right_no, false_yes, false_no, right_yes)
    if not sum(cells):
        return Expected(None, why="the evaluation has no rows")
    loss = {"cost_false_positive": known.false_positive, "cost_false_negative": known.false_negative}
    missing = next((name for name, value in loss.items() if value is None), "")
    if missing or known.false_positive is None or known.false_negative is None:
        return Expected(None, why=f"the canvas names no {missing} ({fix} {missing}=…)")
    cost = amount(cells, (0.0, known.false_positive, known.false_negative, 0.0))
    net = None
    if known.true_positive is not None and known.true_negative is not None:
        each = (known.true_negative, -known.false_positive, -known.false_negative, known.true_positive)
        net = amount(cells, each)
    no, yes = found.confusion.labels if found.confusion is not None else ("no", "yes")
    rules = (
        (amount(cells, (0.0, 0.0, known.false_negative, known.false_negative)), no),
        (amount(cells, (known.false_positive, known.false_positive, 0.0, 0.0)), yes),
    )
    rule, answer = min(rules, key=lambda one: one[0].value)
    return Expected(cost, net, known.unit, _BY_DRAWS, found.rows, found.id, rule=rule, answer=answer)


def _of_numbers(found: Evaluation, known: Costs, fix: str) -> Expected:
    if known.per_error is None:
        return Expected(None, why=f"the canvas names no cost_per_error ({fix} cost_per_error=…)")
    error = found.scored("mae")
    if error is None or error.value is None or error.low is None or error.high is None:
        return Expected(None, why="the evaluation has no mean absolute error with an interval")
    each = DECISIONS * known.per_error
    cost = Amount(each * error.value, each * error.low, each * error.high)
    return Expected(cost, None, known.unit, _BY_MAE, found.rows, found.id)
