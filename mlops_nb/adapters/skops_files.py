"""Fitted models as skops files: the same model gives the same bytes, and no file runs code that nobody named."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

from mlops_nb.adapters.skops_repack import SCHEMA, repack
from mlops_nb.errors import Corrupt, MlopsError, Refused, brief

FORMAT = "skops/1"
_PICKLES = (
    b"\x80",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"ZF",
)

# What skops does not trust by itself and we do: scikit-learn's own parts of fitted models, which are data. Each is
# listed by name, with why it is harmless; code of a user, and whatever can call it, is never here.
_ALLOWED = (
    ("nodes are checked at load", "sklearn.tree._tree", "Tree"),
    ("nodes are checked at load", "sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"),
    ("indices are checked at load", "sklearn.neighbors._kd_tree", "KDTree KDTree32 KDTree64"),
    ("indices are checked at load", "sklearn.neighbors._ball_tree", "BallTree BallTree32 BallTree64"),
    (
        "a formula with numbers",
        "sklearn.metrics._dist_metrics",
        *(
            f"{name}Distance{bits}"
            for name in [
                "Euclidean",
                "SEuclidean",
                "Manhattan",
                "Chebyshev",
                "Minkowski",
                "Mahalanobis",
                "Hamming",
                "Canberra",
                "BrayCurtis",
                "Jaccard",
                "Dice",
                "RogersTanimoto",
                "RussellRao",
                "SokalSneath",
                "Haversine",
            ]
            for bits in ("", "32", "64")
        ),
    ),
    (
        "a formula with numbers",
        "sklearn.gaussian_process.kernels",
        "ConstantKernel Product Sum Exponentiation RBF Matern RationalQuadratic ExpSineSquared DotProduct WhiteKernel "
        "PairwiseKernel CompoundKernel Hyperparameter",
    ),
    # Experimental estimators: skops trusts them only when they were enabled before it was imported.
    ("an estimator", "sklearn.model_selection._search_successive_halving", "HalvingGridSearchCV HalvingRandomSearchCV"),
    ("an estimator", "sklearn.impute._iterative", "IterativeImputer"),
    ("a loss: numbers", "sklearn._loss.loss", "HalfTweedieLoss HalfTweedieLossIdentity"),
    ("a fitted part", "sklearn.calibration", "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling"),
    ("a fitted part", "sklearn.gaussian_process._gpc", "_BinaryGaussianProcessClassifierLaplace"),
    ("a fitted part", "sklearn.multiclass", "_ConstantPredictor"),
    ("a fitted part", "sklearn.preprocessing._label", "LabelBinarizer LabelEncoder"),
    ("a fitted part", "sklearn.cluster._bisect_k_means", "_BisectingTree"),
    (
        "numbers of an optimizer",
        "sklearn.neural_network._stochastic_optimizers",
        "AdamOptimizer SGDOptimizer",
    ),
    (
        "how data were split: numbers",
        "sklearn.model_selection._split",
        "KFold StratifiedKFold GroupKFold StratifiedGroupKFold TimeSeriesSplit ShuffleSplit StratifiedShuffleSplit "
        "GroupShuffleSplit RepeatedKFold RepeatedStratifiedKFold LeaveOneOut LeavePOut LeaveOneGroupOut "
        "LeavePGroupsOut PredefinedSplit",
    ),
    ("names a metric, audited apart", "sklearn.metrics._scorer", "_PassthroughScorer _Scorer _CurveScorer"),
    ("a table of names", "sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest"),
    ("a dict", "sklearn.utils._bunch", "Bunch"),
    ("a container of numbers", "numpy", "dtype"),
    ("a container of numbers", "scipy.interpolate._bsplines", "BSpline _BSpline"),
    (
        "a container of numbers",
        "scipy.sparse",
        *(f"_{kind}.{kind}_{what}" for kind in ("csr", "csc", "coo") for what in ("matrix", "array")),
    ),
    # Functions of arrays that scikit-learn's estimators have as defaults. They touch nothing but their arguments.
    ("a function of arrays", "numpy", "mean median max min"),
    ("a function of arrays", "scipy._lib.array_api_compat.numpy._aliases", "asarray"),
    ("a function of arrays", "sklearn.cluster._kmeans", "_kmeans_single_lloyd _kmeans_single_elkan"),
    (
        "a function of arrays",
        "sklearn.feature_selection._univariate_selection",
        "f_classif f_regression f_oneway chi2 r_regression",
    ),
    (
        "a function of arrays",
        "sklearn.feature_selection._mutual_info",
        "mutual_info_classif mutual_info_regression",
    ),
    (
        "a function of arrays",
        "sklearn.metrics._classification",
        "accuracy_score balanced_accuracy_score f1_score precision_score recall_score log_loss brier_score_loss",
    ),
    ("a function of arrays", "sklearn.metrics._ranking", "roc_auc_score average_precision_score"),
    (
        "a function of arrays",
        "sklearn.metrics._regression",
        "mean_squared_error mean_absolute_error r2_score root_mean_squared_error",
    ),
)
ALLOWED = frozenset(f"{module}.{name}" for _, module, *names in _ALLOWED for name in " ".join(names).split())


def dump(model: object) -> bytes:
    """A fitted model as bytes of format `skops/1`; equal models give equal bytes, in any process.

    Raises:
        Refused: skops can't save this kind of object.
    """
    import skops.io

    try:
        data = skops.io.dumps(model)
    except Exception as error:
        # Any object may be anywhere inside a model; skops raises what its parts raise.
        raise Refused(
            f"{type(model).__name__} can't be saved: {error}", expected="a model that skops can save"
        ) from error
    return repack(data)


def untrusted(data: bytes) -> list[str]:
    """The types in a model file that neither skops nor our allow-list trusts, sorted; empty for plain scikit-learn.

    Raises:
        Refused: A pickle, or another file that is not skops.
        Corrupt: A damaged file.
    """
    return [name for name in _foreign(data) if name not in ALLOWED]


def load(data: bytes, trusted: Sequence[str] = ()) -> Any:
    """The model in a file that `dump` wrote. Nothing outside the trusted types is imported or called.

    Args:
        data: The file.
        trusted: Names of types (`module.Class`) that the caller vouches for, besides the allow-list.

    Raises:
        Refused: A pickle, types that nobody vouched for, or a class that can't be imported here.
        Corrupt: A damaged file, or trees whose nodes point outside themselves.
    """
    import skops.io

    found = _foreign(data)
    refuse_untrusted([name for name in found if name not in ALLOWED], trusted)
    try:
        model = skops.io.loads(data, trusted=found)
    except (ImportError, AttributeError) as error:
        raise Refused(
            f"the model needs code that is not here: {error}",
            fix="install or import the package it came from",
        ) from error
    except Warning:  # somebody made errors of warnings: then it is theirs to see
        raise
    except Exception as error:
        raise _damaged(error) from error
    for part in _parts(model, set()):
        _check_indices(part)
    return model


def refuse_untrusted(found: Sequence[str], trusted: Sequence[str]) -> None:
    """Raise when a type in `found` is not named in `trusted`.

    Raises:
        Refused: Lists the types and how to vouch for them.
    """
    missing = sorted(set(found) - set(trusted))
    if missing:
        raise Refused(
            f"the model holds types that are not trusted: {', '.join(missing)}",
            expected="only types that you know",
            fix=f"trust={missing!r} or {' '.join(f'--trust {name}' for name in missing)}",
        )


def framework_versions() -> dict[str, str]:
    """Versions of the libraries that a saved model depends on."""
    from importlib.metadata import version

    return {name: version(name) for name in ("scikit-learn", "skops", "numpy", "scipy")}


def _foreign(data: bytes) -> list[str]:
    import skops.io

    if not data.startswith(b"PK"):
        raise _not_skops(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if SCHEMA not in file.namelist():
                raise Refused("the file is a zip but no skops file", expected="a file that mlops_nb or skops wrote")
            if (bad := file.testzip()) is not None:
                raise Corrupt(f"the model file is damaged in {brief(bad)}", fix="register the model again")
        return list(skops.io.get_untrusted_types(data=data))
    except MlopsError:
        raise
    except Exception as error:
        # A hostile file can make any part of the parser raise anything; it is data, so all of it is the file's fault.
        raise _damaged(error) from error


def looks_like_pickle(data: bytes) -> bool:
    """Whether a file begins as pickles do, plain or compressed by joblib."""
    return data.startswith(_PICKLES) or (data.endswith(b".") and data[:1] in (b"c", b"(", b"]", b"}"))


def _not_skops(data: bytes) -> MlopsError:
    if looks_like_pickle(data):
        return Refused(
            "the file is a pickle: loading it could run any code, so it was not opened",
            expected="a skops file",
            fix="fit the model again and register it",
        )
    return Corrupt("the model file is damaged: it is no skops file", fix="register the model again")


def _damaged(error: Exception) -> Corrupt:
    return Corrupt(
        f"the model file is damaged: {type(error).__name__}: {brief(str(error), 120)}",
        fix="register the model again",
    )


def _parts(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every object inside a model, once; not what a function or a module (SciPy's splines hold one) knows."""
    import numpy as np

    if id(value) in seen or isinstance(value, str | bytes | int | float | type | ModuleType | FunctionType | None):
        return
    seen.add(id(value))
    yield value
    inner: list[Any] = []
    if isinstance(value, dict):
        inner += value.values()
    elif isinstance(value, list | tuple | set):
        inner += value
    elif isinstance(value, np.ndarray):
        inner += value.ravel().tolist() if value.dtype == object else []
    inner += vars(value).values() if hasattr(value, "__dict__") else []
    for item in inner:
        yield from _parts(item, seen)


def _check_indices(part: Any) -> None:
    # scikit-learn follows these indices without looking (scikit-learn#34558): a crafted file could crash the process.
    import numpy as np

    kind, sound = type(part).__name__, True
    if kind == "Tree" and type(part).__module__ == "sklearn.tree._tree":
        inner = np.flatnonzero(part.children_left != -1)
        sound = _after(inner, part.children_left[inner], part.children_right[inner], part.node_count)
        sound = sound and _within(part.feature[inner], part.n_features)
    elif kind == "TreePredictor":
        nodes, inner = part.nodes, np.flatnonzero(part.nodes["is_leaf"] == 0)
        sound = _after(inner, nodes["left"][inner], nodes["right"][inner], len(nodes))
        sound = sound and _within(nodes["bitset_idx"][nodes["is_categorical"] != 0], len(part.raw_left_cat_bitsets))
    elif kind.startswith(("KDTree", "BallTree")):
        index, data = np.asarray(part.idx_array), np.asarray(part.node_data)
        sound = _within(index, len(part.data)) and _within(data["idx_end"] - 1, len(index))
        sound = sound and bool((data["idx_start"] >= 0).all())
    elif hasattr(part, "_predictors") and hasattr(part, "n_features_in_"):
        trees = [tree for stage in part._predictors for tree in stage]
        sound = all(_within(tree.nodes["feature_idx"], part.n_features_in_) for tree in trees)
    elif hasattr(part, "tree_") and hasattr(part, "n_features_in_"):
        sound = getattr(part.tree_, "n_features", part.n_features_in_) == part.n_features_in_
    if not sound:
        raise Corrupt(f"the model file is damaged: a {kind} points outside itself", fix="register the model again")


def _within(index: Any, size: int) -> bool:
    return bool(((index >= 0) & (index < size)).all())


def _after(parents: Any, left: Any, right: Any, size: int) -> bool:
    """Whether every child comes after its parent and inside the array, so that every walk ends."""
    return all(bool(((child > parents) & (child < size)).all()) for child in (left, right))
