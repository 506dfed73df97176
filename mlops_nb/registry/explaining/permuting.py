"""Permutation importance: how much worse a metric gets when an input's values are dealt out anew among the rows.

Breiman 2001, as in Fisher, Rudin and Dominici 2019: of a model as it is, asked through the core that serves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.measuring import undefined
from mlops_nb.registry.evaluating.metrics import Metric, values
from mlops_nb.registry.evaluating.predicting import classes_of, inputs_of
from mlops_nb.registry.evaluating.predictions import predictions
from mlops_nb.registry.explaining.model import Importance

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.evaluating.predictions import Values
    from mlops_nb.registry.predictor import Predictor

# One call of the model for several copies of the rows: calls cost more than rows.
_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Rows:
    """A version, rows that it was evaluated on, and by what it is measured.

    Attributes:
        predictor: The version.
        table: What it takes, `[n]` rows.
        truth: What was so, `[n]`.
        metric: By which it is measured.
    """

    predictor: Predictor
    table: pd.DataFrame
    truth: Values
    metric: Metric

    def score(self) -> float:
        """The metric of the rows as they are.

        Raises:
            InvalidInput: It is undefined for them, or the model does not take them.
        """
        return float(self._scores(self.table, 1)[0])

    def importances(self, groups: Sequence[Sequence[int]], orders: Values) -> list[Importance]:
        """How much worse the metric gets, for each group of columns that are dealt out together.

        Args:
            groups: Places of columns.
            orders: The rows in another order, for each repeat: `[repeats, n]`. The same for all columns, so that they
                differ by the columns alone.

        Raises:
            InvalidInput: The model does not take such rows, or gives no answer.
        """
        base = self.score()
        return [self._importance(list(group), orders, base) for group in groups]

    def _importance(self, group: list[int], orders: Values, base: float) -> Importance:
        found = np.concatenate([self._scores(self._dealt(group, part), len(part)) for part in self._parts(orders)])
        found, base = (np.abs(found), abs(base)) if self.metric.signed else (found, base)
        drops = base - found if self.metric.higher_is_better else found - base
        names = tuple(str(self.table.columns[place]) for place in group)
        return Importance(names, *_mean(drops))

    def _parts(self, orders: Values) -> list[Values]:
        size = max(1, _AT_ONCE // len(self.table))
        return [orders[start : start + size] for start in range(0, len(orders), size)]

    def _dealt(self, group: list[int], orders: Values) -> pd.DataFrame:
        """The rows once for each order, below each other, with some columns in that order."""
        copies = self.table.iloc[np.tile(np.arange(len(self.table)), len(orders))].reset_index(drop=True)
        for place in group:
            copies.isetitem(place, self.table.iloc[orders.ravel(), place].array)
        return copies

    def _scores(self, table: pd.DataFrame, copies: int) -> Values:
        found = self.predictor.predict(self.predictor.cast(inputs_of(self.predictor, table)))
        classes, n = classes_of(self.predictor), len(self.truth)
        scores = []
        for i in range(copies):
            at = slice(i * n, (i + 1) * n)
            chance = found["probability"][at] if "probability" in found else None
            p = predictions(self.truth, found["predict"][at], chance, classes)
            value = values(p, names=[self.metric.name])[self.metric.name]
            if value != value:
                why = undefined(p, self.metric.name) or "undefined"
                raise InvalidInput(
                    f"{self.metric.name} can't be said of {n:,} rows: {why}", fix="%evaluate with a larger --sample"
                )
            scores.append(value)
        return np.array(scores)


def orders(rows: int, repeats: int, seed: int) -> Values:
    """The rows in random orders, `[repeats, rows]`."""
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(rows) for _ in range(repeats)])


def _mean(drops: Values) -> tuple[float, float, float]:
    """The mean of repeats with Student's 95 % interval."""
    from scipy.special import stdtrit

    mean = float(drops.mean())
    width = float(stdtrit(len(drops) - 1, 0.975)) * float(drops.std(ddof=1)) / np.sqrt(len(drops))
    return mean, mean - width, mean + width
