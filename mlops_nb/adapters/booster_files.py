"""XGBoost's and LightGBM's models in their own formats: numbers and names, nothing that could call anything.

A file is a zip of two stored members with fixed dates, of format `xgboost/1` or `lightgbm/1`:

- `about.json`: `format` (1), `library`, its `version`, `class` (one of a closed list), `labels` (of classes: `dtype`
  and `values`), `features` (names, or null), `params` (all that are plain values), `left_out` (the names of the
  others), `state` (what the library's own file does not hold, such as the best iteration).
- `model.ubj` (XGBoost) or `model.txt` (LightGBM): the library's own file.

The same model gives the same bytes with the same version of its library.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from mlops_nb.adapters import booster_envelope as envelope
from mlops_nb.adapters import lightgbm_models, xgboost_models
from mlops_nb.errors import Corrupt, MlopsError, Refused, brief

FORMATS = {f"{library}/1": library for library in envelope.FILES}
_LONE = "Booster"
_ESTIMATORS = {
    "xgboost": ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor"),
    "lightgbm": ("LGBMClassifier", "LGBMRegressor", "LGBMRanker"),
}
_CHECKS = {"xgboost": xgboost_models.check, "lightgbm": lightgbm_models.check}


class LoneBooster:
    """A booster without an estimator around it, that answers rows as they come.

    What it gives is what the booster's own `predict` gives: of a binary objective, probabilities.

    Attributes:
        booster: XGBoost's or LightGBM's `Booster`.
        n_features_in_: How many columns it takes.
        feature_names_in_: Their names; not there when it was trained without.
    """

    library = ""

    def __init__(self, booster: Any, count: int, names: list[str] | None) -> None:
        import numpy as np

        self.booster, self.n_features_in_ = booster, count
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)

    def predict(self, data: Any, **options: Any) -> Any:
        """What the booster gives for rows: a frame, an array, or what its own `predict` takes."""
        return self.booster.predict(data, **options)


class XGBoostBooster(LoneBooster):
    """XGBoost's `Booster`. Rows need not be a `DMatrix`; NaN is missing."""

    library = "xgboost"

    def __init__(self, booster: Any) -> None:
        super().__init__(booster, int(booster.num_features()), booster.feature_names)

    def predict(self, data: Any, **options: Any) -> Any:
        """What the booster gives for rows: a frame, an array or a `DMatrix`."""
        import xgboost

        if not isinstance(data, xgboost.DMatrix):
            data = xgboost.DMatrix(data, enable_categorical=True)
        return super().predict(data, **options)


class LightGBMBooster(LoneBooster):
    """LightGBM's `Booster`."""

    library = "lightgbm"

    def __init__(self, booster: Any) -> None:
        names = booster.feature_name()
        made_up = names == [f"Column_{i}" for i in range(len(names))]
        super().__init__(booster, int(booster.num_feature()), None if made_up else names)


def answering(model: Any) -> Any:
    """A bare booster as what answers rows as they come; anything else as it is."""
    for kind in (XGBoostBooster, LightGBMBooster):
        if _is(model, kind.library, _LONE):
            return kind(model)
    return model


def _is(model: Any, library: str, name: str) -> bool:
    loaded = sys.modules.get(library)  # a model of a library that is not imported can't be at hand
    return loaded is not None and type(model) is getattr(loaded, name, None)


def dump(model: Any) -> tuple[bytes, str] | None:
    """A fitted model of XGBoost or LightGBM as bytes, and their format.

    Returns:
        None for any other model, and for one whose own file would not say it all: an objective of the user's own,
        trees with several outputs, labels or categories that JSON has no word for.
    """
    model = answering(model)
    found = _lone(model) if isinstance(model, LoneBooster) else _estimator(model)
    if found is None:
        return None
    about, file = found
    library = about["library"]
    try:
        _CHECKS[library](file)
    except ValueError:
        return None
    version = importlib.import_module(library).__version__
    about = {"labels": None, "params": {}, "left_out": [], "state": {}, **about, "format": 1, "version": version}
    about |= {"features": _features(model), "state": envelope.encoded(about["state"])}
    return envelope.write(about, file), f"{library}/1"


def _lone(model: LoneBooster) -> tuple[dict[str, Any], bytes] | None:
    about = {"library": model.library, "class": _LONE}
    if isinstance(model, XGBoostBooster):
        return about, bytes(model.booster.save_raw("ubj"))
    file = lightgbm_models.booster_file(model.booster)
    return None if file is None else ({**about, "state": lightgbm_models.booster_state(model.booster)}, file)


def _estimator(model: Any) -> tuple[dict[str, Any], bytes] | None:
    library = next((one for one, names in _ESTIMATORS.items() if any(_is(model, one, name) for name in names)), "")
    if not library:
        return None
    found = (xgboost_models if library == "xgboost" else lightgbm_models).estimator(model)
    if found is None:
        return None
    file, params, state = found
    plain = {name: envelope.encoded(value) for name, value in params.items() if envelope.is_plain(value)}
    left_out = sorted(params.keys() - plain.keys())
    about = {"library": library, "class": type(model).__name__, "state": state, "params": plain, "left_out": left_out}
    if "missing" in left_out:
        return None
    if library == "lightgbm" and hasattr(model, "classes_"):
        try:
            about["labels"] = envelope.labels(model.classes_)
        except ValueError:
            return None
    return about, file


def _features(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def load(data: bytes, format_: str) -> Any:
    """The model in a file that `dump` wrote: of its own class; a bare booster as a `LoneBooster`.

    Raises:
        Corrupt: A damaged file, a class that is not in the list, or trees that point outside themselves.
        Refused: Its library is not here, or the file is of a later format.
    """
    library = FORMATS[format_]
    try:
        about, file = envelope.read(data, library)
        number = about["format"]
    except Exception as error:
        # A hostile file can make any part of a parser raise anything; it is data, so all of it is the file's fault.
        raise _damaged(error) from error
    if number != 1:
        raise Refused(
            f"the model file has format {library}/{brief(number)}", expected=format_, fix="a later version of mlops_nb"
        )
    _import(library)
    try:
        return _model(library, about, file)
    except (MlopsError, Warning):  # somebody made errors of warnings: then it is theirs to see
        raise
    except Exception as error:
        raise _damaged(error) from error


def _model(library: str, about: dict[str, Any], file: bytes) -> Any:
    name, state = about["class"], envelope.decoded(about["state"])
    if about["library"] != library or name not in (*_ESTIMATORS[library], _LONE):
        raise ValueError(f"{name!r} is no class of {library} that is known")
    _CHECKS[library](file)
    if name == _LONE:
        model = _bare(library, file, state)
    else:
        kind = _class(library, name, str(about["version"]))
        params = {key: envelope.decoded(value) for key, value in about["params"].items()}
        if library == "xgboost":
            model = xgboost_models.restored(kind, file, params, state)
        else:
            labels = None if about["labels"] is None else envelope.classes(about["labels"])
            model = lightgbm_models.restored(kind, file, params, state, labels, about["features"] is not None)
    if _features(model) != about["features"]:
        raise ValueError("other column names than its trees have")
    return model


def _class(library: str, name: str, version: str) -> Any:
    module = importlib.import_module(library)
    kind = getattr(module, name, None)
    if kind is None:
        raise Refused(
            f"the model needs {name}, which {library} {module.__version__} does not have",
            expected="the version that made it",
            fix=f'pip install "{library}=={version}"',
        )
    return kind


def _bare(library: str, file: bytes, state: dict[str, Any]) -> Any:
    if library == "xgboost":
        return XGBoostBooster(xgboost_models.booster(file))
    return LightGBMBooster(lightgbm_models.booster(file, state))


def _import(library: str) -> None:
    try:
        importlib.import_module(library)
    except ModuleNotFoundError as error:
        what = f"the model needs {error.name or library}"
        raise Refused(what, expected="the library that made it", fix=f"pip install {error.name or library}") from error
    except Warning:
        raise
    except Exception as error:
        # Both load a shared library of their own, and raise what they like where it can't be loaded.
        what = f"the model needs {library}, which can't be imported here: {brief(str(error), 200)}"
        raise Refused(what, expected="the library that made it", fix=f"pip install {library}") from error


def _damaged(error: Exception) -> Corrupt:
    return Corrupt(
        f"the model file is damaged: {type(error).__name__}: {brief(str(error), 120)}", fix="register the model again"
    )
