"""What a model must beat: somebody who knows only how often each answer is right, and a linear model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.predictions import Predictions, Values

if TYPE_CHECKING:
    import pandas as pd

_FOLDS = 5
_FEWEST_ROWS, _FEWEST_SAMPLED = 20, 2_000
_MOST_CATEGORIES = 20
_WORK = 100_000_000
_NEWTON = 500_000_000


def dummy(p: Predictions, *, seed: int = 0) -> Predictions:
    """The answers of somebody who knows only how often each answer is right: class shares, or the mean.

    The same answer for every row, from all of them. Answers from other folds only would look worse than knowing
    nothing: a fold with more positive rows leaves fewer to the others, so that the area under the ROC curve falls below
    0.5 and anything beats it.

    Args:
        p: Predictions; only their truth is used.
        seed: Nothing here is random; all baselines are called alike.

    Raises:
        InvalidInput: No rows.
    """
    if not len(p):
        raise InvalidInput("there are no rows", expected="at least one")
    if p.task == "regression":
        return replace(p, predicted=np.full(len(p), p.truth.mean()))
    shares = np.bincount(p.truth_code, minlength=len(p.labels)) / len(p)
    return _said(p, np.tile(shares, (len(p), 1)))


def linear(frame: Any, p: Predictions, *, seed: int, most: int = 50_000) -> tuple[Predictions, Values]:
    """The answers of a logistic or ridge regression on the same inputs, each row's from the other four fifths.

    Missing numbers become the median (and a column says so), texts and categories columns of zeros and ones with rare
    ones joined, times seconds; everything is scaled.

    Args:
        frame: The inputs, `[n]` rows: a frame, a dict of columns, or an array.
        p: Predictions for the same rows; only their truth is used.
        seed: Of the folds and the sample.
        most: Rows used; of more, a random sample. Fewer (but 2,000) where many columns and classes make it long.

    Returns:
        Predictions for the rows used, and which rows these are (rising indices): compare with `p.take(rows)`.

    Raises:
        InvalidInput: Inputs of another length; fewer than 20 rows; no column that a linear model can use.
    """
    columns = _columns(frame)
    if len(columns) != len(p):
        raise InvalidInput(f"{len(columns):,} rows of inputs", expected=f"{len(p):,}, one for each prediction")
    if len(p) < _FEWEST_ROWS:
        raise InvalidInput(f"{len(p)} rows are too few for a linear baseline", expected=f"{_FEWEST_ROWS}")
    random = np.random.default_rng(seed)
    rows = np.arange(len(p))
    most = min(most, max(_FEWEST_SAMPLED, _WORK // _weights(columns, len(p.labels))))
    if len(p) > most:
        rows = np.sort(random.choice(len(p), most, replace=False))
    part = p.take(rows)
    table = columns.iloc[rows].reset_index(drop=True)
    fold = _folds(part, random)
    if part.task == "regression":
        predicted = np.empty(len(part))
        for one in range(_FOLDS):
            test, train = fold == one, fold != one
            predicted[test] = _fitted(table[train], part.truth[train], "regression").predict(table[test])
        return replace(part, predicted=predicted), rows
    chances = np.zeros((len(part), len(part.labels)))
    for one in range(_FOLDS):
        test, train = fold == one, fold != one
        seen = np.unique(part.truth_code[train])
        if len(seen) == 1:
            chances[test, seen[0]] = 1.0
            continue
        model = _fitted(table[train], part.truth_code[train], part.task)
        chances[np.ix_(np.flatnonzero(test), seen)] = model.predict_proba(table[test])
    return _said(part, chances), rows


def _said(p: Predictions, chances: Values) -> Predictions:
    """Predictions that say the most likely label."""
    code = chances.argmax(axis=1)
    labels = np.empty(len(p.labels), dtype=object)
    labels[:] = p.labels
    # What the model can't predict, the baseline can.
    return replace(p, predicted=labels[code], probability=chances, predicted_code=code, classes=p.labels, unseen=())


def _folds(p: Predictions, random: np.random.Generator) -> Values:
    """The fold of each row; each class is dealt out in turn, so that none is missing from the other folds by chance."""
    mixed = random.permutation(len(p))
    if p.task != "regression":
        mixed = mixed[np.argsort(p.truth_code[mixed], kind="stable")]
    fold = np.empty(len(p), np.intp)
    fold[mixed] = np.arange(len(p)) % _FOLDS
    return fold


def _columns(frame: Any) -> pd.DataFrame:
    """The inputs as a frame of numbers (float64) and texts, named by position: names may be of any type, or twice."""
    import pandas as pd

    if hasattr(frame, "to_pandas"):
        frame = frame.to_pandas()
    given = pd.DataFrame(frame).infer_objects()
    found = {}
    for place in range(given.shape[1]):
        column = _column(given.iloc[:, place])
        if column is not None:
            found[str(place)] = column
    if not found:
        raise InvalidInput("no column that a linear model can use", expected="numbers, texts, categories or times")
    return pd.DataFrame(found)


def _column(column: pd.Series[Any]) -> Values | None:
    import pandas as pd
    from pandas.api import types

    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        if types.is_complex_dtype(column.dtype):
            return None
        number = column.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(number), number, np.nan)
    if types.is_datetime64_any_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype):
        whole = pd.to_numeric(column).to_numpy(np.float64)
        return np.where(column.isna(), np.nan, whole)
    try:
        text = column.astype(object).where(column.notna(), None)
        return np.array(["" if one is None else str(one) for one in text.tolist()], dtype=object)
    except (TypeError, ValueError):
        return None


def _sorted(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Names of columns of numbers, and of texts."""
    kinds = {str(name): table[name].dtype.kind for name in table}
    return [name for name, kind in kinds.items() if kind == "f"], [name for name, kind in kinds.items() if kind != "f"]


def _weights(table: pd.DataFrame, classes: int) -> int:
    """How many weights a linear model has at most."""
    numbers, texts = _sorted(table)
    return (2 * len(numbers) + _MOST_CATEGORIES * len(texts)) * (1 if classes <= 2 else classes)


def _fitted(table: pd.DataFrame, truth: Values, task: str) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, texts = _sorted(table)
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES, min_frequency=5, sparse_output=False
    )
    encode = ColumnTransformer([("numbers", make_pipeline(impute, StandardScaler()), numbers), ("texts", hot, texts)])
    if task == "regression":
        return make_pipeline(encode, Ridge()).fit(table, truth)
    # Newton's steps converge in a handful where lbfgs takes hundreds, but they need a matrix of all weights by all.
    newton = len(table) * _weights(table, len(np.unique(truth))) ** 2 <= _NEWTON
    solver, tolerance = ("newton-cholesky", 1e-4) if newton else ("lbfgs", 1e-3)
    return make_pipeline(encode, LogisticRegression(solver=solver, tol=tolerance, max_iter=1_000)).fit(table, truth)
