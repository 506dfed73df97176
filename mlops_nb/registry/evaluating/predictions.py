"""What a model said beside what was so: one row each, checked once so that everything after can rely on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_nb.errors import InvalidInput, brief

Values = np.ndarray[Any, np.dtype[Any]]
_MOST_UNSEEN = 100
_SUM_TOLERANCE = 1e-3
_LARGEST = 1e140


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers of a model for rows of which the truth is known. Make it with `predictions`.

    Attributes:
        truth: What was so, `[n]`: float64 for a regression, else class labels as they came.
        predicted: What the model said, `[n]`.
        probability: `[n, k]`, float64, one column for each of `labels` (0 where the model can't predict it), or None.
        classes: The labels that the model can predict, in the order of its columns; empty for a regression. Of two,
            the second is the positive one, as in scikit-learn.
        task: 'binary', 'multiclass' or 'regression'.
        unseen: Labels in the truth that the model can't predict.
        truth_code: Index of each truth in `labels`, `[n]`; empty for a regression.
        predicted_code: Index of each prediction in `labels`, `[n]`; empty for a regression.
    """

    truth: Values
    predicted: Values
    probability: Values | None
    classes: tuple[Any, ...]
    task: str
    unseen: tuple[Any, ...]
    truth_code: Values
    predicted_code: Values

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes of the model, then the unseen ones of the truth."""
        return (*self.classes, *self.unseen)

    def chance(self, code: int) -> Values:
        """The predicted probability of one label, `[n]`.

        Raises:
            InvalidInput: The model gave no probabilities.
        """
        if self.probability is None:
            raise InvalidInput("there are no probabilities", expected="a model that has predict_proba")
        known = code < self.probability.shape[1]
        return self.probability[:, code] if known else np.zeros(len(self))

    def take(self, rows: Any) -> Predictions:
        """Some of the rows.

        Args:
            rows: A mask `[n]` of booleans, or indices.

        Raises:
            InvalidInput: A mask of another length.
        """
        at = np.asarray(rows)
        if at.dtype == bool and at.shape != self.truth.shape:
            raise InvalidInput(f"a mask of {at.size:,} rows", expected=f"{len(self):,}")
        at = at if at.dtype == bool else at.astype(np.intp)
        chance = None if self.probability is None else self.probability[at]
        codes = (self.truth_code, self.predicted_code)
        truth_code, predicted_code = codes if self.task == "regression" else (codes[0][at], codes[1][at])
        return Predictions(
            self.truth[at],
            self.predicted[at],
            chance,
            self.classes,
            self.task,
            self.unseen,
            truth_code,
            predicted_code,
        )


def predictions(truth: Any, predicted: Any, probability: Any = None, classes: Sequence[Any] = ()) -> Predictions:
    """Truth and predictions, checked, with the task they belong to.

    Args:
        truth: What was so, `[n]`: an array, a list or a column.
        predicted: What the model said, `[n]`.
        probability: `[n, k]`, columns in the order of `classes`; of two classes also `[n]`, of the second.
        classes: The labels that the model can predict. Without them numbers are a regression, and texts or booleans
            are classes in sorted order.

    Raises:
        InvalidInput: Unlike lengths; missing or infinite values; a truth of another type than the predictions;
            classes that don't fit; probabilities that are none.
    """
    said, so = _column(predicted, "prediction"), _column(truth, "truth")
    if len(said) != len(so):
        raise InvalidInput(f"{len(said):,} predictions for {len(so):,} rows", expected="one a row")
    if not len(so):
        raise InvalidInput("there are no rows to evaluate", expected="at least one row with a known answer")
    _refuse_missing(so, "truth", "leave out rows whose answer is not known: DATA.dropna(subset=[TARGET])")
    _refuse_missing(said, "prediction", "look at these rows: a model that gives no answer can't be judged")
    known = tuple(_plain(one) for one in classes) or _found_classes(so, said)
    of_truth, of_said = _kind(so, "truth"), _kind(said, "prediction")
    if of_truth != of_said:
        what = f"the truth holds {of_truth}s like {brief(_plain(so[0]))}, the model says {of_said}s"
        raise InvalidInput(what, expected=f"{of_said}s like {brief(_plain(said[0]))}", fix="convert the target column")
    if known:
        return _classified(so, said, probability, known)
    if of_said != "number":
        raise InvalidInput(f"the model says {of_said}s", expected="numbers, or classes")
    if probability is not None:
        raise InvalidInput("probabilities without classes", expected="classes=model.classes_")
    none = np.empty(0, np.intp)
    return Predictions(_floats(so), _floats(said), None, (), "regression", (), none, none)


def _classified(so: Values, said: Values, probability: Any, classes: tuple[Any, ...]) -> Predictions:
    index = {label: code for code, label in enumerate(classes)}
    if len(index) != len(classes):
        raise InvalidInput("a class is named twice", expected="each class once")
    unseen = _unseen(so, index)
    labels = (*classes, *unseen)
    codes = {label: code for code, label in enumerate(labels)}
    strange = sorted({_plain(one) for one in said.tolist() if one not in index}, key=str)
    if strange:
        known = ", ".join(brief(one, 30) for one in classes[:12])
        raise InvalidInput(f"the model says {brief(strange[0])}, which is none of its classes", expected=known)
    return Predictions(
        truth=so,
        predicted=said,
        probability=None if probability is None else _chances(probability, len(so), len(classes), len(unseen)),
        classes=classes,
        task="binary" if len(labels) <= 2 else "multiclass",
        unseen=unseen,
        truth_code=np.array([codes[one] for one in so.tolist()], np.intp),
        predicted_code=np.array([codes[one] for one in said.tolist()], np.intp),
    )


def _unseen(so: Values, index: dict[Any, int]) -> tuple[Any, ...]:
    found = {one for one in so.tolist() if one not in index}
    unseen = tuple(sorted((_plain(one) for one in found), key=lambda one: (str(type(one)), one)))
    known = ", ".join(brief(one, 30) for one in list(index)[:12])
    if unseen and not any(one in index for one in set(so.tolist())):
        raise InvalidInput(f"no truth is a class of the model: {brief(unseen[0])} …", expected=f"one of {known}")
    if len(unseen) > _MOST_UNSEEN:
        what = f"the truth holds {len(unseen):,} values that the model can't predict, like {brief(unseen[0])}"
        raise InvalidInput(what, expected=f"its classes: {known}")
    return unseen


def _chances(probability: Any, rows: int, classes: int, unseen: int) -> Values:
    try:
        found = np.asarray(probability, np.float64)
    except (ValueError, TypeError):
        raise InvalidInput("probabilities that are no numbers", expected=f"shape [{rows}, {classes}]") from None
    if classes == 2 and found.shape in ((rows,), (rows, 1)):
        found = np.column_stack([1.0 - found.ravel(), found.ravel()])
    if found.shape != (rows, classes):
        raise InvalidInput(f"probabilities of shape {list(found.shape)}", expected=f"[{rows}, {classes}]")
    # Written so that NaN is wrong too.
    wrong = ~((found >= 0) & (found <= 1)).all(axis=1)
    if wrong.any():
        what = f"probabilities outside 0 to 1, or missing, in {wrong.sum():,} of {rows:,} rows"
        raise InvalidInput(what, expected="predict_proba, not decision_function")
    if (np.abs(found.sum(axis=1) - 1.0) > _SUM_TOLERANCE).any():
        raise InvalidInput("probabilities of a row don't add up to 1", expected="one column for each class")
    return np.column_stack([found, np.zeros((rows, unseen))]) if unseen else found


def _column(values: Any, what: str) -> Values:
    try:
        found = np.asarray(values)
    except (ValueError, TypeError):
        raise InvalidInput(f"rows of the {what} have unlike lengths", expected="one value a row") from None
    # NumPy turns [1, "a"] into texts: only the values themselves tell what was given.
    found = np.asarray(values, dtype=object) if found.dtype.kind in "US" else found
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.ndim != 1:
        raise InvalidInput(f"the {what} has shape {list(found.shape)}", expected="[rows], one answer a row")
    return found


def missing(values: Values) -> Values:
    """Where a column has no value: None, NaN, NaT or pandas' NA; a mask `[n]`."""
    if values.dtype.kind in "fc":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), bool)
    return np.array([_is_missing(one) for one in values.tolist()], bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value


def _refuse_missing(values: Values, what: str, fix: str) -> None:
    gone = int(missing(values).sum())
    if gone:
        raise InvalidInput(f"the {what} is missing in {gone:,} of {len(values):,} rows", expected="a value", fix=fix)
    infinite = int(np.isinf(values).sum()) if values.dtype.kind == "f" else 0
    if infinite:
        raise InvalidInput(f"the {what} is infinite in {infinite:,} of {len(values):,} rows", expected="finite numbers")


def _kind(values: Values, what: str) -> str:
    if values.dtype.kind in "biuf":
        return "number"
    if values.dtype.kind in "mM":
        return "time"
    kinds = {_kind_of(one) for one in set(map(type, values.tolist()))}
    if len(kinds) > 1:
        raise InvalidInput(f"the {what} mixes {' and '.join(sorted(kinds))}", expected="values of one type")
    return kinds.pop()


def _kind_of(kind: type) -> str:
    if issubclass(kind, str | bytes):
        return "text"
    number = issubclass(kind, int | float | np.number | np.bool_) or kind.__name__ == "Decimal"
    return "number" if number else kind.__name__


def _found_classes(so: Values, said: Values) -> tuple[Any, ...]:
    """The classes where nobody named them: texts and booleans are classes, numbers are not."""
    seen = {_plain(one) for one in said.tolist()} | {_plain(one) for one in so.tolist()}
    texts = all(isinstance(one, str) for one in seen)
    truths = said.dtype == bool or (so.dtype == bool and seen <= {False, True})
    if not texts and not (truths and seen <= {False, True}):
        return ()
    return tuple(sorted(seen)) if texts else (False, True)


def _floats(values: Values) -> Values:
    refusal = InvalidInput("a number whose square overflows", expected=f"truths and predictions within {_LARGEST:g}")
    try:
        found: Values = values.astype(np.float64)
    except OverflowError:
        raise refusal from None
    if not (np.abs(found) < _LARGEST).all():
        raise refusal
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
