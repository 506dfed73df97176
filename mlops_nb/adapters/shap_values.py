"""SHAP values of a fitted estimator, where shap can give them and they add up to the estimator's answers.

Tree ensembles by TreeSHAP (Lundberg and others 2020, path-dependent: no background is needed), linear models against
a background. Anything else would be an approximation whose error nobody knows.
"""

from __future__ import annotations

import warnings
from typing import Any

from mlops_nb.errors import MissingExtra, MlopsError, brief

MOST_ROWS = 500
_FEWEST_ROWS = 30
# TreeSHAP takes rows times leaves times squared depth: about five seconds.
_WORK = 20_000_000_000
_MOST_CELLS = 50_000_000
_TOLERANCE = 1e-3


class NoShap(MlopsError):  # noqa: N818 (read as a sentence: "no SHAP: …")
    """This estimator has no SHAP values that are known to be right."""


def affordable(estimator: Any) -> int:
    """How many rows can be explained in some seconds: 500, or fewer of a large forest of scikit-learn's.

    Raises:
        NoShap: Fewer than 30.
    """
    import numpy as np

    several = [estimator, *np.ravel(getattr(estimator, "estimators_", []))]
    trees = [one.tree_ for one in several if hasattr(one, "tree_")]
    work = sum(int(tree.n_leaves) * max(1, int(tree.max_depth)) ** 2 for tree in trees)
    rows = min(MOST_ROWS, _WORK // work) if work else MOST_ROWS
    if rows < _FEWEST_ROWS:
        leaves = sum(int(tree.n_leaves) for tree in trees)
        raise NoShap(f"SHAP values of {len(trees)} trees with {leaves:,} leaves would take too long")
    return rows


def shap_values(estimator: Any, inputs: Any, background: Any) -> tuple[Any, str]:
    """The SHAP values of rows.

    Args:
        estimator: Fitted; without transformers before it.
        inputs: What it takes, `[n, k]`.
        background: Rows that a linear model is explained against, `[m, k]`.

    Returns:
        Values `[n, k, outputs]` and their unit: 'probability' or 'log-odds' of the second of two classes or of each of
        more, 'decision' where there are no probabilities, 'target' or 'log of the target' of a regression.

    Raises:
        MissingExtra: shap is not installed.
        NoShap: No trees and not linear, inputs that are no numbers, or values that don't add up.
    """
    rows, known = _numbers(inputs), _numbers(background)
    with warnings.catch_warnings():
        # Of shap's own imports (matplotlib's colours) and of how its answers changed their shape.
        warnings.simplefilter("ignore")
        shap = _shap()
        try:
            explainer = _explainer(shap, estimator, known)
            values = explainer.shap_values(rows)
            base = explainer.expected_value
        except NoShap:
            raise
        except Exception as error:
            # Whatever shap raises about an estimator that it does not know well.
            line = brief(str(error).split("\n", 1)[0], 160)
            raise NoShap(f"shap can't explain a {type(estimator).__name__}: {line}") from error
    found, sums = _shaped(values, base)
    return _of_positive(found, sums, estimator, inputs)


def _shap() -> Any:
    try:
        import shap
    except ImportError:
        raise MissingExtra("shap", "explain") from None
    return shap


def _explainer(shap: Any, estimator: Any, background: Any) -> Any:
    if hasattr(estimator, "coef_"):
        # Its own default masks with a hundred rows, drawn anew in each process.
        masker = shap.maskers.Independent(background, max_samples=len(background))
        return shap.LinearExplainer(estimator, masker)
    try:
        return shap.TreeExplainer(estimator)
    except shap.utils._exceptions.InvalidModelError:
        raise NoShap(f"a {type(estimator).__name__} is neither made of trees that shap knows nor linear") from None


def _numbers(inputs: Any) -> Any:
    """Rows as an array of float64."""
    import numpy as np

    if hasattr(inputs, "toarray"):
        if inputs.shape[0] * inputs.shape[1] > _MOST_CELLS:
            raise NoShap(f"its last step takes {inputs.shape[1]:,} sparse columns: too many to explain")
        inputs = inputs.toarray()
    try:
        found = np.asarray(inputs, np.float64)
    except (ValueError, TypeError):
        raise NoShap("its last step takes more than numbers") from None
    if found.ndim != 2:
        raise NoShap("its last step takes no table")
    return found


def _shaped(values: Any, base: Any) -> tuple[Any, Any]:
    """Values `[n, k, outputs]`, and with the base value what they add up to, `[n, outputs]`."""
    import numpy as np

    # Of several outputs: an array, or a list of one array each.
    found = np.stack(values, axis=2) if isinstance(values, list) else np.asarray(values, np.float64)
    found = found[:, :, np.newaxis] if found.ndim == 2 else found
    return found, found.sum(axis=1) + np.asarray(base, np.float64).reshape(1, -1)


def _of_positive(values: Any, sums: Any, estimator: Any, inputs: Any) -> tuple[Any, str]:
    """The values that tell something, and what they add up to: that is found by comparing, not believed."""
    import numpy as np

    says = {name: np.asarray(getattr(estimator, name)(inputs)) for name in _methods(estimator)}
    chance = says.get("predict_proba")
    if chance is not None:
        classes = chance.shape[1]
        if sums.shape[1] == classes and _same(sums, chance):
            return (values[:, :, 1:] if classes == 2 else values), "probability"
        with np.errstate(over="ignore"):
            if classes == 2 and _same(1 / (1 + np.exp(-sums[:, -1])), chance[:, 1]):
                return values[:, :, -1:], "log-odds"
            raised = np.exp(sums - sums.max(axis=1, keepdims=True))
        if sums.shape[1] == classes and _same(raised / raised.sum(axis=1, keepdims=True), chance):
            return values, "log-odds"
    elif "decision_function" in says and _same(sums, says["decision_function"].reshape(len(sums), -1)):
        return values, "decision"
    elif "predict" in says and sums.shape[1] == 1:
        if _same(sums[:, 0], says["predict"].ravel()):
            return values, "target"
        with np.errstate(over="ignore"):
            if _same(np.exp(sums[:, 0]), says["predict"].ravel()):
                return values, "log of the target"
    raise NoShap(f"the values that shap gives for this {type(estimator).__name__} don't add up to its answers")


def _methods(estimator: Any) -> list[str]:
    wanted = ["predict_proba", "decision_function"] if hasattr(estimator, "classes_") else ["predict"]
    return [name for name in wanted if hasattr(estimator, name)]


def _same(found: Any, wanted: Any) -> bool:
    import numpy as np

    if found.shape != wanted.shape or wanted.dtype.kind not in "fiu" or not np.isfinite(found).all():
        return False
    scale = float(np.abs(wanted).max(initial=0.0)) or 1.0
    return bool((np.abs(found - wanted) <= _TOLERANCE * scale).all())
