"""LightGBM's own format: what an estimator keeps beside its booster, and text that is looked at before it is read.

LightGBM reads trees in threads, where a line it does not understand ends the process, and follows the indices in them
without looking. So the text is read here first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Lines of a tree, by how many values they have.
_OF_NODES = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
_OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_OF_CATEGORIES = ("cat_boundaries", "cat_threshold")
_OF_LINEAR = ("leaf_const", "num_features", "leaf_features", "leaf_coeff")
_SINGLE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_KNOWN = frozenset(_OF_NODES + _OF_LEAVES + _OF_CATEGORIES + _OF_LINEAR + _SINGLE)
_INTEGERS = frozenset(
    {"split_feature", "decision_type", "left_child", "right_child", "num_leaves", "num_cat", "is_linear"}
    | {"cat_boundaries", "num_features", "leaf_features", "tree_sizes", "max_feature_idx", "num_tree_per_iteration"}
    | {"num_class"}
)


_NUMBERS = re.compile(r"[-+.0-9e ]*")
_ZERO = re.compile(r"-?0+(\.0*)?(e.*)?")
_PARAM = re.compile(r"\[[a-z_0-9]+: [^\n]*\]")


def estimator(model: Any) -> tuple[bytes, dict[str, Any], dict[str, Any]] | None:
    """A fitted estimator as its booster's file, its params and its state; None when that does not say it all."""
    if callable(model.objective_):
        return None
    file = booster_file(model.booster_)
    state = {"objective": model.objective_, "best_iteration": int(model._best_iteration)}
    state |= booster_state(model.booster_)
    return None if file is None else (file, model.get_params(deep=False), state)


def booster_file(booster: Any) -> bytes | None:
    """A booster as text; None when it has categories that the text does not keep."""
    import json

    try:
        text = booster.model_to_string(num_iteration=-1)
        kept = json.loads(text.rpartition("\npandas_categorical:")[2])
    except TypeError:  # categories that JSON has no word for
        return None
    return text.encode() if kept == booster.pandas_categorical else None


def booster_state(booster: Any) -> dict[str, Any]:
    """What a booster knows and its text does not."""
    scores = {data: dict(of_data) for data, of_data in dict(booster.best_score).items()}
    return {"booster_best_iteration": int(booster.best_iteration), "best_score": scores}


def booster(data: bytes, state: Mapping[str, Any]) -> Any:
    """A booster from its text and state."""
    import lightgbm

    found = lightgbm.Booster(model_str=data.decode())
    found.best_iteration, found.best_score = int(state["booster_best_iteration"]), dict(state["best_score"])
    return found


def restored(
    kind: type, data: bytes, params: Mapping[str, Any], state: Mapping[str, Any], labels: Any, named: bool
) -> Any:
    """The estimator of a class, as it was saved.

    LightGBM has no public way from a booster back to an estimator: these are the attributes that its `fit` sets.
    """
    model: Any = kind(**params)
    found = booster(data, state)
    model._Booster, model._objective, model.fitted_ = found, state["objective"], True
    model._best_iteration, model._best_score = int(state["best_iteration"]), found.best_score
    model._n_features = model.n_features_in_ = found.num_feature()
    model._fitted_with_feature_names = named
    if labels is not None:
        from sklearn.preprocessing import LabelEncoder

        model._le = LabelEncoder()
        model._le.classes_ = model._classes = labels
        model._n_classes = len(labels)
        model._class_map = dict(zip(labels, range(len(labels)), strict=True))
    return model


def check(data: bytes) -> None:
    """Raise unless the text is whole and every index in it points into it.

    Raises:
        ValueError: It is not.
    """
    _require(b"\r" not in data, "lines")  # ends a line for LightGBM
    head, first, rest = data.partition(b"\nTree=0\n")
    known = _pairs(head.decode().split("\n")[1:])
    single = ("max_feature_idx", "num_tree_per_iteration", "num_class")
    (last,), (per_round,), (groups,) = (_array(name, known[name]) for name in single)
    columns = int(last) + 1
    said = re.findall(r"num_class:(\S*)", known.get("objective", ""))
    _require(per_round == groups and said in ([], [str(groups)]), "classes")
    _require(head.startswith(b"tree\n") and "tree_sizes" in known and columns > 0 and per_round > 0, "head")
    _require(len(known["feature_names"].split(" ")) == columns, "columns")
    sizes = _array("tree_sizes", known["tree_sizes"]).tolist()
    _require(bool(first) and min(sizes, default=0) > 0 and len(sizes) % per_round == 0, "trees")
    # LightGBM cuts the text by these sizes, wherever the words "Tree=" stand.
    trees, at = first[1:] + rest, 0
    for number, size in enumerate(sizes):
        lines = trees[at : at + size].decode().split("\n")
        _require(at + size <= len(trees) and lines[0] == f"Tree={number}", "trees")
        _check_tree(_pairs(lines[1:]), columns)
        at += size
    _require(trees[at:].startswith(b"end of trees\n"), "trees")
    _, begun, params = trees[at:].decode().partition("\nparameters:\n")
    params, ended, _ = params.partition("\nend of parameters\n")
    _require(not begun or bool(ended), "params")
    _require(all(_PARAM.fullmatch(line) for line in filter(None, params.split("\n"))), "params")


def _pairs(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, lines):
        name, equals, value = line.partition("=")
        _require(name not in found and (bool(equals) or re.fullmatch(r"\w+", name) is not None), "lines")
        found[name] = value
    return found


def _check_tree(tree: Mapping[str, str], columns: int) -> None:
    import numpy as np

    _require(tree.keys() <= _KNOWN, "lines")
    read = {name: _array(name, text) for name, text in tree.items()}
    _require(all(len(read[name]) == 1 for name in _SINGLE), "lines")
    leaves, categories = int(read["num_leaves"][0]), int(read["num_cat"][0])
    _require(leaves > 0 and len(read["leaf_value"]) == leaves, "leaves")
    if read["is_linear"][0]:
        _check_linear(read, leaves, columns)
    if leaves == 1:
        return
    _require(all(len(read[name]) == leaves - 1 for name in _OF_NODES), "nodes")
    _require(all(len(read[name]) in (0, leaves) for name in _OF_LEAVES), "leaves")
    _require(_within(read["split_feature"], columns), "columns")
    # Each node but the root, and each leaf, has one parent: then every walk ends.
    children = np.concatenate([read["left_child"], read["right_child"]])
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    _require(np.array_equal(np.sort(children), expected), "children")
    _check_reached(read["left_child"], read["right_child"])
    by_category = read["threshold"][(read["decision_type"] & 1) == 1]
    _require(bool(categories) or not len(by_category), "categories")
    if categories:
        bounds, words = read["cat_boundaries"], read["cat_threshold"]
        _require(len(bounds) == categories + 1 and bounds[0] == 0 and bounds[-1] == len(words), "categories")
        _require(bool((np.diff(bounds) >= 0).all()) and _within(by_category, categories), "categories")
        _require(_within(words, 1 << 32), "categories")


def _check_reached(left: Any, right: Any) -> None:
    """Nodes with one parent each may still stand in a circle of their own, apart from the root."""
    import numpy as np

    found, level = 1, np.zeros(1, np.int64)
    while len(level := np.concatenate([left[level], right[level]])):
        level = level[level >= 0]
        found += len(level)
    _require(found == len(left), "children")


def _check_linear(read: Mapping[str, Any], leaves: int, columns: int) -> None:
    _require(len(read["num_features"]) == len(read["leaf_const"]) == leaves, "leaves")
    total = int(read["num_features"].sum())
    _require(bool((read["num_features"] >= 0).all()), "leaves")
    _require(len(read["leaf_features"]) == len(read["leaf_coeff"]) == total, "leaves")
    _require(_within(read["leaf_features"], columns), "columns")


def _array(name: str, text: str) -> Any:
    import numpy as np

    # Python's numbers may hold what LightGBM's do not: "1_0", other spaces, other scripts.
    _require(_NUMBERS.fullmatch(text) is not None, "numbers")
    found = np.array(text.split(), np.int64 if name in _INTEGERS else np.float64)
    _require(bool(np.isfinite(found).all()), "numbers")  # so a number is none that is too large for it
    if name in _OF_LINEAR and name not in _INTEGERS:
        # LightGBM ends the process at a number that is too small for it, even one that it wrote itself.
        small = np.flatnonzero(np.abs(found) < np.finfo(np.float64).tiny)
        _require(all(_ZERO.fullmatch(text.split()[one]) for one in small), "numbers")
    return found


def _within(index: Any, size: int) -> bool:
    return bool(((index >= 0) & (index < size)).all())


def _require(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(f"its {what} point outside itself, or are not whole")
