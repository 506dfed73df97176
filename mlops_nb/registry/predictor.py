"""A version, loaded once, that answers: cast by name, predict, and say what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, MlopsError, brief, nearest
from mlops_nb.registry import casting

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

# Estimators that look at a frame's names only to compare them, and turn it into one array at once: given the array
# that they would make of it, their answers are the same. Whatever picks columns by name is not here.
_ARRAY_MODULES = (
    "sklearn.decomposition.",
    "sklearn.discriminant_analysis",
    "sklearn.ensemble._forest",
    "sklearn.ensemble._gb",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
    "sklearn.impute._base",
    "sklearn.linear_model.",
    "sklearn.naive_bayes",
    "sklearn.neighbors.",
    "sklearn.neural_network.",
    "sklearn.preprocessing._data",
    "sklearn.svm.",
    "sklearn.tree.",
)
_PLAIN = frozenset({"float64", "float32", "int64", "int32", "int16", "int8", "uint32", "uint16", "uint8"})


class ModelFailure(MlopsError):  # noqa: N818 (read as a sentence)
    """The model itself failed, on inputs that fit its signature."""


class Predictor:
    """One loaded model behind its signature.

    Args:
        model: The fitted model. It belongs to the predictor from now on, which may strip it of column names.
        signature: Its signature (`adapters/signatures.py`).
    """

    def __init__(self, model: Any, signature: Mapping[str, Any]) -> None:
        self.model = model
        self.inputs: list[dict[str, Any]] = list(signature["inputs"])
        self.outputs: list[dict[str, Any]] = list(signature["outputs"])
        self.named = bool(signature["named"])
        self.container = signature.get("container", "")
        self.arrays = self.named and _takes_arrays(model, self.inputs)
        # What transforms, and what answers: the last step of a pipeline, or the model itself.
        self.steps, self.last = _split(model)
        if self.arrays:
            for step in _steps(model):
                # Without names there is nothing to compare, and no warning that an array has none.
                vars(step).pop("feature_names_in_", None)

    def cast(self, inputs: Any) -> Any:
        """What the model takes, from columns by name (`{"dep_delay": […], …}`) or from one array.

        Raises:
            InvalidInput: One line that names the first column that is wrong.
        """
        if not self.named:
            if isinstance(inputs, Mapping):
                raise InvalidInput("this model takes no named columns", expected=f"one array {self.inputs[0]['shape']}")
            return casting.nameless(inputs, self.inputs[0])
        if not isinstance(inputs, Mapping):
            names = ", ".join(one["name"] for one in self.inputs[:12])
            raise InvalidInput("this model takes columns by name", expected=names)
        columns = casting.by_name(inputs, self.inputs)
        return self._matrix(columns) if self.arrays else self._frame(columns)

    def _matrix(self, columns: Mapping[str, Any]) -> Any:
        import numpy as np

        return np.column_stack(list(columns.values()))

    def _frame(self, columns: Mapping[str, Any]) -> Any:
        import pandas as pd

        typed = {one["name"]: _typed(columns[one["name"]], one) for one in self.inputs}
        frame = pd.DataFrame(typed, copy=False)
        if self.container == "polars":
            import polars as pl

            return pl.from_pandas(frame)
        return frame

    def wanted(self, names: Sequence[str]) -> list[str]:
        """The outputs to compute: all, or those asked for.

        Raises:
            InvalidInput: No such output; names the nearest.
        """
        known = [one["name"] for one in self.outputs]
        for name in names:
            if name not in known:
                near = nearest(name, known)
                raise InvalidInput(f"no output {brief(name)}", expected=f"one of {', '.join(known)}", nearest=near)
        return list(names) or known

    def predict(self, cast: Any, outputs: Sequence[str] = ()) -> dict[str, Any]:
        """The named outputs (all by default) for what `cast` returned; the first dimension of each is rows.

        Raises:
            InvalidInput: The model refuses these values.
            ModelFailure: The model fails, or gives another number of rows than it was given.
        """
        import numpy as np

        names = self.wanted(outputs)
        rows = cast.shape[0] if hasattr(cast, "shape") else len(cast)
        try:
            cast = self.transform(cast)
            found = {name: np.asarray(self._one(name, cast)) for name in names}
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f"the model refuses these values: {brief(_line(error), 300)}") from error
        except Exception as error:
            # A model may be anybody's code: a failure of it is an answer, not the end of the server.
            raise ModelFailure(f"the model failed: {type(error).__name__}: {brief(_line(error), 300)}") from error
        for name, values in found.items():
            if len(values) != rows:
                raise ModelFailure(f"the model gave {len(values)} rows of {name} for {rows}")
        return found

    def transform(self, cast: Any) -> Any:
        """What the last step of a pipeline gets for what `cast` returned; of any other model that itself."""
        for step in self.steps:
            cast = step.transform(cast)
        return cast

    def _one(self, name: str, cast: Any) -> Any:
        return self.last.predict_proba(cast) if name == "probability" else self.last.predict(cast)


def open_predictor(store: Store, version: Version, trust: Sequence[str] = ()) -> Predictor:
    """The predictor of a version.

    Raises:
        NotFound: Its file is gone.
        Corrupt: Its file was altered.
        Refused: It holds types that nobody here vouched for.
    """
    from mlops_nb.registry.opening import open_version

    return Predictor(open_version(store, version, trust), version.signature)


def _steps(model: Any) -> list[Any]:
    steps = getattr(model, "steps", None)
    return [step for _, step in steps] if isinstance(steps, list) else [model]


def _split(model: Any) -> tuple[list[Any], Any]:
    """A plain pipeline as its transformers and its last step, so that two outputs share one transform."""
    if type(model).__module__ != "sklearn.pipeline" or getattr(model, "transform_input", None) is not None:
        return [], model
    steps = _steps(model)
    if not steps or isinstance(steps[-1], str | None):
        return [], model
    return [step for step in steps[:-1] if step is not None and step != "passthrough"], steps[-1]


def _takes_arrays(model: Any, inputs: Sequence[Mapping[str, Any]]) -> bool:
    if not all(one["logical"] == "number" and one["dtype"] in _PLAIN for one in inputs):
        return False
    return all(_is_plain(step) for step in _steps(model))


def _is_plain(step: Any) -> bool:
    known = type(step).__module__.startswith(_ARRAY_MODULES)
    unset = not hasattr(step, "_sklearn_output_config") and getattr(step, "is_categorical_", None) is None
    return known and unset


def _typed(values: Any, one: Mapping[str, Any]) -> Any:
    import pandas as pd

    if one["logical"] == "text" and one["dtype"] in {"str", "string"}:
        return pd.array(values, dtype=one["dtype"])
    return values


def _line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
