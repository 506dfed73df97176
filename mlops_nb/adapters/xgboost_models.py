"""XGBoost's own format: what an estimator keeps beside its booster, and trees that are looked at before they are read.

XGBoost follows the indices of a model file without looking: a crafted one ends the process. So the file is read here
first, and what points outside itself never reaches XGBoost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_nb.adapters import ubj

_PER_NODE = (
    *("right_children", "split_indices", "split_conditions", "split_type", "default_left", "base_weights"),
    *("parents", "loss_changes", "sum_hessian"),
)
_NO_PARENT = (-1, 2**31 - 1)
# Largest number of a category that XGBoost knows.
_CATEGORIES = 1 << 24


def estimator(model: Any) -> tuple[bytes, dict[str, Any], dict[str, Any]] | None:
    """A fitted estimator as its booster's file, its params and its state; None when that does not say it all."""
    if callable(model.objective) or model.multi_strategy == "multi_output_tree":
        return None
    state = {"n_classes": int(model.n_classes_)} if hasattr(model, "n_classes_") else {}
    return bytes(model.get_booster().save_raw("ubj")), model.get_params(deep=False), state


def restored(kind: type, data: bytes, params: Mapping[str, Any], state: Mapping[str, Any]) -> Any:
    """The estimator of a class, as it was saved."""
    model = kind(**params)
    model.load_model(bytearray(data))
    for name, value in params.items():  # what XGBoost guesses from the booster is known here
        if hasattr(model, name):
            setattr(model, name, value)
    if "n_classes" in state:
        if state["n_classes"] not in (1, 2, model.n_classes_):
            raise ValueError("another number of classes than the booster has")
        model.n_classes_ = state["n_classes"]
    return model


def booster(data: bytes) -> Any:
    """A booster from its file."""
    import xgboost

    found = xgboost.Booster()
    found.load_model(bytearray(data))
    return found


def check(data: bytes) -> None:
    """Raise unless every index in a file points into it.

    Raises:
        ValueError: It does not, or the file is no model.
    """
    learner = ubj.read(data)["learner"]
    of_model = learner["learner_model_param"]
    features = int(of_model["num_feature"])
    classes, targets = int(of_model["num_class"]), int(of_model.get("num_target", "1"))
    groups = max(1, classes, targets)
    _require(features >= 0 and classes >= 0 and targets >= 1 and 1 in (groups, targets, max(1, classes)), "classes")
    boosted = learner["gradient_booster"]
    if boosted["name"] == "gblinear":
        _require(len(boosted["model"]["weights"]) == (features + 1) * groups, "weights")
        return
    _require(boosted["name"] in ("gbtree", "dart"), "booster")
    model = boosted["gbtree"]["model"] if boosted["name"] == "dart" else boosted["model"]
    trees = model["trees"]
    if boosted["name"] == "dart":
        _require(len(boosted["weight_drop"]) == len(trees), "weights of trees")
    _check_forest(model, len(trees), groups)
    for number, tree in enumerate(trees):
        _require(int(tree["id"]) == number, "numbers of trees")
        _check_tree(tree, features)
    _check_categories(model.get("cats"), features)


def _check_forest(model: Mapping[str, Any], trees: int, groups: int) -> None:
    _require(int(model["gbtree_model_param"]["num_trees"]) == trees, "number of trees")
    groups_of = _integers(model["tree_info"])
    _require(len(groups_of) == trees and _within(groups_of, groups) and groups <= max(1, trees), "groups of trees")
    if "iteration_indptr" in model:
        _require(_partition(_integers(model["iteration_indptr"]), trees), "iterations")


def _check_tree(tree: Mapping[str, Any], features: int) -> None:
    import numpy as np

    left, right = _integers(tree["left_children"]), _integers(tree["right_children"])
    split, kinds, parents = (_integers(tree[name]) for name in ("split_indices", "split_type", "parents"))
    size = len(left)
    _require(int(tree["tree_param"]["size_leaf_vector"]) in (0, 1), "leaves")
    _require(size > 0 and int(tree["tree_param"]["num_nodes"]) == size, "nodes")
    _require(all(len(tree[name]) == size for name in _PER_NODE), "nodes")
    _require(parents[0] in _NO_PARENT and _within(parents[1:], size), "parents")
    found, level = 1, np.zeros(1, np.int64)
    while len(level := level[left[level] != -1]):
        _require(_within(split[level], features), "columns")
        above, level = np.concatenate([level, level]), np.concatenate([left[level], right[level]])
        found += len(level)
        # A walk that meets more nodes than there are goes in a circle.
        _require(_within(level, size) and found <= size and bool((parents[level] == above).all()), "children")
    nodes = _integers(tree["categories_nodes"])
    begins, sizes = _integers(tree["categories_segments"]), _integers(tree["categories_sizes"])
    _require(len(nodes) == len(begins) == len(sizes) and _within(nodes, size), "categories")
    _require(bool((np.diff(nodes) > 0).all()) and set(np.flatnonzero(kinds == 1)) == set(nodes.tolist()), "categories")
    categories = _integers(tree["categories"])
    _require(_within(begins, len(categories) + 1) and _within(sizes, len(categories) + 1), "categories")
    _require(_within(begins + sizes, len(categories) + 1) and _within(categories, _CATEGORIES), "categories")


def _check_categories(known: Mapping[str, Any] | None, features: int) -> None:
    """The categories of each column: texts as one buffer and its offsets, or numbers."""
    if not known or not len(known["enc"]):
        return
    sizes = []
    for one in known["enc"]:
        values = one["values"]
        if "offsets" in one:
            offsets = _integers(one["offsets"])
            _require(not len(values) if not len(offsets) else _partition(offsets, len(values)), "categories")
            sizes.append(max(0, len(offsets) - 1))
        else:
            sizes.append(len(values))
    segments, order = _integers(known["feature_segments"]), _integers(known["sorted_idx"])
    _require(len(sizes) == features and len(segments) == features + 1, "categories")
    _require(_partition(segments, len(order)) and (segments[1:] - segments[:-1]).tolist() == sizes, "categories")
    for begin, size in zip(segments, sizes, strict=False):
        _require(_within(order[begin : begin + size], size), "categories")


def _integers(values: Any) -> Any:
    import numpy as np

    found = np.asarray(values)
    _require(found.ndim == 1 and (not found.size or found.dtype.kind in "iu"), "numbers")
    return found.astype(np.int64)


def _within(index: Any, size: int) -> bool:
    return bool(((index >= 0) & (index < size)).all())


def _partition(bounds: Any, size: int) -> bool:
    """Whether bounds go up from 0 to `size`."""
    return bool(len(bounds) and bounds[0] == 0 and bounds[-1] == size and (bounds[1:] >= bounds[:-1]).all())


def _require(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(f"its {what} point outside itself")
