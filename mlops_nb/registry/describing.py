"""What can be said of a fitted model from the model itself: its class, its inputs, its outputs."""

from __future__ import annotations

import warnings
from typing import Any

from mlops_nb.adapters import signatures
from mlops_nb.errors import InvalidInput, brief


def refuse_unfit(model: object) -> None:
    """Raise unless `model` is a fitted object that predicts.

    Raises:
        InvalidInput: Says what it is instead.
    """
    kind = type(model).__name__
    if isinstance(model, type):
        raise InvalidInput(
            f"{model.__name__} is a class", expected="a fitted model", fix=f"{model.__name__}(…).fit(X, y)"
        )
    if not callable(getattr(model, "predict", None)):
        raise InvalidInput(
            f"{brief(model)} of type {kind} does not predict",
            expected="a fitted model or a reference to a run",
        )
    if hasattr(model, "fit") and not _fitted(model):
        raise InvalidInput(f"this {kind} is not fitted", expected="a fitted model", fix="model.fit(X, y) first")


def _fitted(model: object) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    except TypeError:  # not an estimator of scikit-learn: its own load and predict will tell
        return True
    return True


def described(model: Any, example: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Signature and kept example of a model, from inputs of it.

    Raises:
        InvalidInput: The model does not predict on these inputs.
    """
    try:
        outputs = model.predict(example)
    except Exception as error:
        # Whatever a model raises on its example, the example is what can't be used.
        raise InvalidInput(
            f"the model fails on the example: {brief(str(error), 200)}", expected="rows as in fit"
        ) from error
    return signatures.infer(example, outputs), signatures.example(example)


def completed(signature: dict[str, Any] | None, model: Any) -> dict[str, Any]:
    """A signature with all that the model says of itself: class, outputs, probabilities."""
    known = dict(signature or _of_model(model))
    known["estimator"] = estimator(model)
    outputs = [dict(one) for one in known.get("outputs") or []] or [_prediction(model, known)]
    classes: Any = getattr(model, "classes_", None)
    if callable(getattr(model, "predict_proba", None)) and hasattr(classes, "dtype"):
        outputs = [one for one in outputs if one["name"] != "probability"]
        probability = {"name": "probability", "datatype": "FP64", "shape": [-1, len(classes)]}
        outputs.append({**probability, "classes": classes.tolist()})
    known["outputs"] = outputs
    return known


def estimator(model: object) -> str:
    """The class of a model, and the steps of a pipeline: `Pipeline(StandardScaler, LogisticRegression)`."""
    steps = getattr(model, "steps", None)
    inner = [type(step[1]).__name__ for step in steps] if isinstance(steps, list) else []
    return f"{type(model).__name__}({', '.join(inner)})" if inner else type(model).__name__


def _of_model(model: Any) -> dict[str, Any]:
    found = getattr(model, "feature_names_in_", None)
    names = None if found is None else [str(name) for name in found]
    count = getattr(model, "n_features_in_", None)
    return signatures.unknown(names, None if count is None else int(count))


def _prediction(model: Any, signature: dict[str, Any]) -> dict[str, Any]:
    classes = getattr(model, "classes_", None)
    if hasattr(classes, "dtype"):
        return {**signatures.output("predict", classes), "shape": [-1]}
    return _probe(model, signature) or {"name": "predict", "datatype": "FP64", "shape": [-1]}


def _probe(model: Any, signature: dict[str, Any]) -> dict[str, Any] | None:
    """The output of one row of zeros, when the model takes one."""
    import numpy as np

    shape = signature["inputs"][0]["shape"] if len(signature["inputs"]) == 1 else [-1, len(signature["inputs"])]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return signatures.output("predict", model.predict(np.zeros((1, *shape[1:]))))
    except Exception:  # noqa: BLE001 (a model of texts, or one with rules of its own)
        return None
