"""What is known of scikit-learn: which calls say something about a run, and which attributes are curves."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from mlops_nb.adapters.patching import Attribute, Change, Patches, Watcher, of_function, of_method, watched

# Method of an estimator → what kind of call it is.
METHODS: Mapping[str, str] = {
    "fit": "fit",
    "fit_transform": "fit",
    "fit_predict": "fit",
    "partial_fit": "fit",
    "predict": "predict",
    "predict_proba": "predict",
    "predict_log_proba": "predict",
    "decision_function": "predict",
    "score": "score",
}
# Functions that fit and score on the inside, again and again: only their data and what they return say something.
FOLDS: Mapping[str, tuple[str, ...]] = {
    "sklearn.model_selection": (
        "cross_val_score",
        "cross_validate",
        "cross_val_predict",
        "learning_curve",
        "permutation_test_score",
        "validation_curve",
    ),
    "sklearn.inspection": ("partial_dependence", "permutation_importance"),
}
# Attribute of a fitted estimator → name of the step metric it holds.
CURVES: Mapping[str, str] = {
    "loss_curve_": "loss",
    "validation_scores_": "validation_score",
    "train_score_": "train_score",
    "validation_score_": "validation_score",
}
# First parameters that hold what is true; the second holds what was predicted.
_TRUTHS = frozenset({"y_true", "labels_true"})


def install(patches: Patches, watcher: Watcher) -> None:
    """Watch metrics, fits, predictions and scores, imported already or later, until `patches.undo()`."""
    patches.when_imported("sklearn.metrics", lambda module: patches.apply(_metrics(module, watcher)))
    patches.when_imported("sklearn.base", lambda module: _watch_estimators(module, patches, watcher))
    for name in FOLDS:
        patches.when_imported(name, lambda module: patches.apply(_folds(module, watcher)))


# What is found out about a library once is used for every run: it never changes while it is loaded.
@functools.cache
def _metrics(module: ModuleType, watcher: Watcher) -> tuple[Change, ...]:
    found = {name: getattr(module, name) for name in module.__all__}
    return _changes({n: f for n, f in found.items() if inspect.isfunction(f) and _takes_truth(f)}, "metric", watcher)


@functools.cache
def _folds(module: ModuleType, watcher: Watcher) -> tuple[Change, ...]:
    return _changes({name: getattr(module, name) for name in FOLDS[module.__name__]}, "folds", watcher)


def _changes(functions: Mapping[str, Any], kind: str, watcher: Watcher) -> tuple[Change, ...]:
    found: list[Change] = []
    for name, function in functions.items():
        found += of_function(function, functools.partial(watched, kind=kind, name=name, watcher=watcher))
    return tuple(found)


def _takes_truth(function: Any) -> bool:
    code = getattr(function, "__wrapped__", function).__code__
    return bool(code.co_varnames[:1]) and (code.co_varnames[0] in _TRUTHS or code.co_varnames[:2] == ("X", "labels"))


def _watch_estimators(module: ModuleType, patches: Patches, watcher: Watcher) -> None:
    base = module.BaseEstimator

    def watch(classes: Iterable[type]) -> None:
        for cls in classes:
            # The user's classes come and go, and must be free to.
            own = cls.__module__.startswith("sklearn.")
            patches.apply((_own_methods if own else _methods)(cls, watcher))

    def subclass(cls: type, /, **kwargs: Any) -> None:
        super(base, cls).__init_subclass__(**kwargs)
        watch(cls.__mro__[:-1])

    # Classes that are made later: in the cell, or by an import in it.
    patches.apply([Attribute(base, "__init_subclass__", classmethod(subclass))])
    watch(_family(base))


def _methods(cls: type, watcher: Watcher, *, own: bool = False) -> tuple[Change, ...]:
    found: list[Change] = []
    for name, kind in METHODS.items():
        wrap = functools.partial(watched, kind=kind, name=name, watcher=watcher)
        found += of_method(cls, name, wrap, pickled=not own)
    return tuple(found)


@functools.cache
def _own_methods(cls: type, watcher: Watcher) -> tuple[Change, ...]:
    return _methods(cls, watcher, own=True)


def _family(base: type) -> list[type]:
    """The subclasses, and the mixins that they inherit from: `predict` of linear classifiers stands in one."""
    family: dict[type, None] = {}
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        if cls not in family:
            family[cls] = None
            waiting.extend(cls.__subclasses__())
    return list(dict.fromkeys(ancestor for cls in family for ancestor in cls.__mro__[:-1]))


def fold_scores(name: str, result: Any) -> dict[str, list[float]]:
    """The scores of each fold in what a function of `FOLDS` returned, by the name of the metric."""
    if name == "cross_val_score":
        return {name: [float(value) for value in result]}
    if name != "cross_validate":
        return {}
    tests = {key: values for key, values in result.items() if key.startswith("test_")}
    return {
        name if key == "test_score" else key.removeprefix("test_"): [float(value) for value in values]
        for key, values in tests.items()
    }


def is_estimator(value: object) -> bool:
    """Whether `value` looks like a scikit-learn estimator (xgboost's and lightgbm's do)."""
    return (
        callable(getattr(value, "get_params", None))
        and callable(getattr(value, "fit", None))
        and not isinstance(value, type)
    )


def params(estimator: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scalar params of an estimator: those that were changed, and those at their defaults."""
    changed: dict[str, Any] = {}
    default: dict[str, Any] = {}
    everything = estimator.get_params(deep=True)
    for name, value in everything.items():
        if not isinstance(value, str | int | float | bool | type(None)):
            continue
        owner, _, leaf = name.rpartition("__")
        target = everything.get(owner) if owner else estimator
        known = _defaults(type(target)) if target is not None else {}
        same = leaf in known and (known[leaf] is value or (type(known[leaf]) is type(value) and known[leaf] == value))
        (default if same else changed)[name] = value
    return changed, default


def _defaults(cls: type) -> dict[str, Any]:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    return {name: p.default for name, p in signature.parameters.items() if p.default is not inspect.Parameter.empty}


def final(estimator: Any) -> Any:
    """The estimator that does the work: the best of a search, the last step of a pipeline."""
    for _ in range(5):
        inner = getattr(estimator, "best_estimator_", None)
        steps = getattr(estimator, "steps", None)
        if inner is None and isinstance(steps, list) and steps and len(steps[-1]) == 2:
            inner = steps[-1][1]
        if inner is None or isinstance(inner, str):
            return estimator
        estimator = inner
    return estimator


def class_name(estimator: Any) -> str:
    """The class that a person would name: `LogisticRegression` for a pipeline, `GridSearchCV(Ridge)` for a search."""
    inner = type(final(estimator)).__name__
    return f"{type(estimator).__name__}({inner})" if hasattr(estimator, "best_estimator_") else inner


def best_of_search(model: Any) -> tuple[dict[str, Any], Any, list[float]]:
    """What a search found: the best params, their mean score, and the mean score of each candidate in order."""
    score, results = getattr(model, "best_score_", None), getattr(model, "cv_results_", None)
    if score is None or not isinstance(results, Mapping):
        return {}, None, []
    chosen = {k: v for k, v in model.best_params_.items() if isinstance(v, str | int | float | bool | type(None))}
    means = results.get("mean_test_score")
    return chosen, score, [float(value) for value in means] if means is not None else []


def curves(estimator: Any) -> dict[str, list[float]]:
    """Step metrics that a fitted estimator holds, inside a pipeline or a search too: name → values by step."""
    estimator = final(estimator)
    found: dict[str, list[float]] = {}
    for attribute, name in CURVES.items():
        values = getattr(estimator, attribute, None)
        if values is not None and getattr(values, "ndim", 1) == 1 and 0 < len(values) <= 100_000:
            found[name] = [float(value) for value in values]
    results = getattr(estimator, "evals_result_", None)
    if isinstance(results, Mapping):
        for data, metrics in results.items():
            for name, values in metrics.items():
                found[f"{data}/{name}"] = [float(value) for value in values]
    return found
