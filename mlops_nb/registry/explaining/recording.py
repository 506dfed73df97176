"""A version explained on the rows of its newest evaluation, and kept as evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.registry.evaluating.metrics import metric
from mlops_nb.registry.evaluating.predicting import seed_of
from mlops_nb.registry.evaluating.reading import latest_evaluation, read_sample
from mlops_nb.registry.evaluating.resting import keep
from mlops_nb.registry.explaining import permuting, relating
from mlops_nb.registry.explaining.attributing import shap_of
from mlops_nb.registry.explaining.model import Correlated, Explained, Explanation
from mlops_nb.registry.explaining.permuting import Rows
from mlops_nb.registry.explaining.reading import read
from mlops_nb.registry.framing.reading import success
from mlops_nb.registry.predictor import open_predictor

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.registry.evaluating.metrics import Metric
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.evaluating.predictions import Values
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_MOST_ROWS, _MOST_REPEATS = 100_000, 1_000
# Answers that one explanation may take: a minute of a model that gives a million a second.
_MOST_ANSWERS = 50_000_000


def explain_version(store: Store, version: Version, repeats: int, rows: int) -> Explanation:
    """Find out on which inputs a version rests, and keep it.

    Raises:
        NotFound: The version was not evaluated, or its evaluation kept no rows.
        InvalidInput: A number that makes no sense, too much work, or a metric that is undefined on these rows.
        Refused: The version can't be opened here.
    """
    if not 2 <= repeats <= _MOST_REPEATS:
        raise InvalidInput(f"{repeats} repeats", expected=f"2 to {_MOST_REPEATS:,}")
    if not 2 <= rows <= _MOST_ROWS:
        raise InvalidInput(f"{rows} rows", expected=f"2 to {_MOST_ROWS:,}")
    found = latest_evaluation(store, version)
    if found is None:
        raise NotFound(f"{version.ref} was not evaluated", fix=f"%evaluate {version.ref} DATA")
    table, truth = read_sample(store, found)
    if table is None or len(table) < 2:
        raise NotFound(f"the evaluation of {version.ref} kept no rows", fix=f"%evaluate {version.ref} DATA")
    work = repeats * min(rows, len(table)) * table.shape[1]
    if work > _MOST_ANSWERS:
        fix = f"--rows {max(2, _MOST_ANSWERS // (repeats * table.shape[1])):d}"
        raise InvalidInput(f"{work:,} answers of the model are needed", expected=f"at most {_MOST_ANSWERS:,}", fix=fix)
    row, existed = keep(
        store, version, "explanation", found, _explained(store, version, found, table, truth, repeats, rows)
    )
    return replace(read(row), existed=existed)


def _explained(
    store: Store, version: Version, found: Evaluation, table: pd.DataFrame, truth: Values, repeats: int, rows: int
) -> Explained:
    seed = seed_of(found.dataset)
    if rows < len(table):
        at = permuting.orders(len(table), 1, seed)[0][:rows]
        table, truth = table.iloc[at].reset_index(drop=True), truth[at]
    some = Rows(open_predictor(store, version), table, truth, _metric(store, version, found))
    orders = permuting.orders(len(table), repeats, seed)
    pairs, uncompared = relating.strong_pairs(table)
    joined = relating.clusters(pairs)
    each = some.importances([[place] for place in range(table.shape[1])], orders)
    shared = some.importances(joined, orders)
    strongest = [next(pair for pair in pairs if pair.first in cluster) for cluster in joined]
    return Explained(
        evaluation=found.digest,
        metric=some.metric.name,
        higher_is_better=some.metric.higher_is_better,
        score=some.score(),
        rows=len(table),
        of=found.rows,
        repeats=repeats,
        seed=seed,
        importances=tuple(sorted(each, key=lambda one: (-one.drop, one.features))),
        correlated=tuple(
            Correlated(pair.strength, pair.measure, one) for pair, one in zip(strongest, shared, strict=True)
        ),
        uncompared=tuple(str(table.columns[place]) for place in uncompared),
        shap=shap_of(some.predictor, table, orders[0]),
    )


def _metric(store: Store, version: Version, found: Evaluation) -> Metric:
    """The canvas' success metric where the evaluation has a value for it, else the first that it has one for."""
    measured = [one.name for one in found.findings.scored if one.value is not None]
    wanted = success(store, version.model_id)
    if wanted is not None and wanted.metric in measured:
        return metric(wanted.metric, found.task)
    if not measured:
        raise InvalidInput(f"no metric of {version.ref} has a value", fix=f"%evaluate {version.ref} DATA")
    return metric(measured[0], found.task)
