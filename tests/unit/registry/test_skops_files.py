from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_nb.adapters import skops_files
from mlops_nb.errors import Corrupt, Refused

HERE = Path(__file__).parent


def _estimators():
    sys.path.insert(0, str(HERE))
    try:
        import estimators
    finally:
        sys.path.remove(str(HERE))
    return estimators


def _same(left: object, right: object) -> bool:
    if isinstance(left, tuple):
        return all(_same(a, b) for a, b in zip(left, right, strict=True))
    left, right = np.asarray(left), np.asarray(right)
    return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


def test_every_estimator_of_scikit_learn_comes_back_the_same_and_is_trusted():
    estimators, seen = _estimators(), 0
    for name, model, x in estimators.fitted():
        if name.partition("-")[0] in estimators.NOT_SAVED:
            with pytest.raises(Refused, match="can't be saved"):
                skops_files.dump(model)
            continue
        data = skops_files.dump(model)
        assert skops_files.untrusted(data) == [], name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # deprecated estimators say so
            back = skops_files.load(data)
        assert skops_files.dump(back) == data, name
        if hasattr(model, "predict"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert _same(model.predict(x), back.predict(x)), name
        seen += 1
    assert seen > 200


def test_the_same_fit_in_two_processes_gives_the_same_bytes():
    def in_a_process(seed: str) -> dict[str, str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-W", "ignore", str(HERE / "estimators.py")]
        return json.loads(subprocess.run(command, capture_output=True, check=True, env=environment, text=True).stdout)

    assert in_a_process("1") == in_a_process("2")


def test_framework_versions_name_what_a_model_needs():
    assert set(skops_files.framework_versions()) == {"scikit-learn", "skops", "numpy", "scipy"}


def _module_level(x):
    return x


def test_code_of_a_user_is_listed_and_refused_until_it_is_named():
    model = make_pipeline(FunctionTransformer(_module_level), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    data = skops_files.dump(model)
    name = f"{__name__}._module_level"
    assert skops_files.untrusted(data) == [name]
    with pytest.raises(Refused, match="not trusted") as refusal:
        skops_files.load(data)
    assert f"--trust {name}" in str(refusal.value)
    assert skops_files.load(data, [name]).predict([[1.0]])[0] == 1


def test_what_can_not_be_imported_here_is_said_in_one_line():
    model = make_pipeline(FunctionTransformer(_module_level), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    data = _edited(skops_files.dump(model), __name__, "a_module_of_long_ago")
    with pytest.raises(Refused, match="a_module_of_long_ago"):
        skops_files.load(data, ["a_module_of_long_ago._module_level"])


def _edited(data: bytes, old: str, new: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, content.replace(old.encode(), new.encode()) if name == "schema.json" else content)
    return target.getvalue()


def test_a_damaged_or_foreign_file_is_corrupt():
    data = skops_files.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    for bad in (b"", b"not a model", data[: len(data) // 2], data.replace(b'"content"', b'"cantent"', 1)):
        with pytest.raises(Corrupt, match="damaged"):
            skops_files.load(bad)
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as file:
        file.writestr("data.pkl", b"")
    with pytest.raises(Refused, match="no skops file"):
        skops_files.load(empty.getvalue())


def _with_array(data: bytes, change) -> bytes:
    """The same file with every structured array (nodes of trees) changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content))
                change(array)
                fresh = io.BytesIO()
                np.save(fresh, array)
                content = fresh.getvalue()
            after.writestr(name, content)
    return target.getvalue()


def _far_feature(array):
    if array.dtype.names and "left_child" in array.dtype.names:
        array["feature"][array["left_child"] != -1] = 1_000_000


def _child_of_itself(array):
    if array.dtype.names and "left_child" in array.dtype.names:
        array["left_child"][0] = 0


def _far_child(array):
    if array.dtype.names and "left" in array.dtype.names:
        array["left"][array["is_leaf"] == 0] = 4_000_000


def _far_histogram_feature(array):
    if array.dtype.names and "feature_idx" in array.dtype.names:
        array["feature_idx"] = 4_000_000


def _far_neighbour(array):
    if array.dtype.kind == "i" and array.ndim == 1 and len(array) == 60:
        array[:] = 1_000_000


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (RandomForestClassifier(n_estimators=3, random_state=0), _far_feature),
        (RandomForestClassifier(n_estimators=3, random_state=0), _child_of_itself),
        (HistGradientBoostingRegressor(max_iter=3, random_state=0), _far_child),
        (HistGradientBoostingRegressor(max_iter=3, random_state=0), _far_histogram_feature),
        (KNeighborsClassifier(algorithm="kd_tree"), _far_neighbour),
    ],
)
def test_a_crafted_tree_that_would_crash_the_process_does_not_load(kind, change):
    x = np.random.default_rng(0).normal(size=(60, 3))
    data = skops_files.dump(kind.fit(x, (x[:, 0] > 0).astype(int)))
    with pytest.raises(Corrupt, match=r"points outside itself|damaged"):
        skops_files.load(_with_array(data, change))
