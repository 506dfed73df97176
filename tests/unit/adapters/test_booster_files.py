from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb.adapters import booster_envelope, booster_files, model_files, ubj
from mlops_nb.errors import Corrupt, Refused

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import boosters  # noqa: E402

sys.path.remove(str(HERE))
SAVED = [one for one in boosters.names() if one[1] not in boosters.NOT_SAVED]


@pytest.fixture(autouse=True)
def _deprecations():
    with warnings.catch_warnings():
        # Newer versions of XGBoost say that random forests, dart and gblinear will go.
        warnings.filterwarnings("ignore", ".*deprecated.*")
        yield


def same(left, right) -> bool:
    left, right = np.asarray(left), np.asarray(right)
    return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """What models say here, and what their files say in a new process."""
    folder = tmp_path_factory.mktemp("boosters")
    here = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*deprecated.*")
        for number, (library, name) in enumerate(SAVED):
            model, rows = boosters.fitted(library, name)
            saved = model_files.dump(model)
            assert saved.format == f"{library}/1", name
            path = folder / f"{library}.{number}.model"
            path.write_bytes(saved.data)
            pd.to_pickle(rows, path.with_suffix(".rows"))
            here[library, name] = (boosters.answers(model_files.answering(model), rows), path.with_suffix(".answers"))
    subprocess.run([sys.executable, str(HERE / "boosters.py"), str(folder)], check=True)
    return {key: (mine, pd.read_pickle(path)) for key, (mine, path) in here.items()}


@pytest.mark.parametrize(("library", "name"), SAVED)
def test_a_saved_model_answers_in_a_new_process_as_it_did_here(fresh, library, name):
    here, there = fresh[library, name]
    assert here.keys() == there.keys()
    for what, values in here.items():
        assert same(values, there[what]), what


@pytest.mark.parametrize(("library", "name"), SAVED)
def test_a_loaded_model_is_of_its_class_has_its_params_and_saves_to_the_same_bytes(library, name):
    model, _ = boosters.fitted(library, name)
    saved = model_files.dump(model)
    back = model_files.load(saved.data, saved.format)
    assert model_files.dump(back) == model_files.dump(model) == saved
    if name == "raw":
        assert isinstance(back, booster_files.LoneBooster)
    else:
        assert type(back) is type(model)
        assert repr(sorted(back.get_params().items())) == repr(sorted(model.get_params().items()))


def test_the_same_fit_in_two_processes_gives_the_same_bytes():
    def in_a_process(seed: str) -> dict[str, str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, str(HERE / "boosters.py")]
        return json.loads(subprocess.run(command, capture_output=True, check=True, env=environment, text=True).stdout)

    found = in_a_process("1")
    assert found == in_a_process("2")
    assert len(found) == len(SAVED)


def back_and_forth(library: str, name: str):
    model, rows = boosters.fitted(library, name)
    saved = model_files.dump(model)
    return model, model_files.load(saved.data, saved.format), rows


def test_early_stopping_of_xgboost_is_kept_and_matters():
    model, back, rows = back_and_forth("xgboost", "early")
    rounds = model.get_booster().num_boosted_rounds()
    assert back.best_iteration == model.best_iteration < rounds - 1
    assert not np.array_equal(back.predict_proba(rows), model.predict_proba(rows, iteration_range=(0, rounds)))


def test_early_stopping_of_lightgbm_is_kept_and_matters():
    model, back, _ = back_and_forth("lightgbm", "early")
    assert (back.best_iteration_, back.best_score_) == (model.best_iteration_, model.best_score_)
    model, back, rows = back_and_forth("lightgbm", "raw")
    assert back.booster.best_iteration == model.best_iteration < model.current_iteration()
    assert not np.array_equal(back.predict(rows), model.predict(rows, num_iteration=model.current_iteration()))


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_categories_are_known_by_name_whatever_their_codes_are(library):
    model, rows = boosters.fitted(library, "categories")
    saved = model_files.dump(model)
    back = model_files.load(saved.data, saved.format)
    other = rows.head(40).assign(
        carrier=pd.Categorical(rows["carrier"].head(40), categories=["UA", "AA"]),
        gate=pd.Categorical(rows["gate"].head(40), categories=[5, 3]),
    )
    assert np.array_equal(back.predict_proba(other), model.predict_proba(rows.head(40)))


@pytest.mark.parametrize(("library", "name"), [one for one in boosters.names() if one[1] in boosters.NOT_SAVED])
def test_what_their_formats_do_not_say_is_not_saved_in_them(library, name):
    model, _ = boosters.fitted(library, name)
    assert booster_files.dump(model) is None
    # So it goes by skops, whose types somebody has to know.
    saved = model_files.dump(model)
    assert saved.format == "skops/1"
    assert f"{library}.sklearn.{type(model).__name__}" in model_files.untrusted(saved.data, saved.format)


def test_another_model_a_subclass_and_odd_labels_are_not_saved_in_them():
    import lightgbm
    from sklearn.linear_model import LinearRegression

    class Mine(lightgbm.LGBMRegressor):
        pass

    assert booster_files.dump(LinearRegression().fit([[0.0], [1.0]], [0, 1])) is None
    assert booster_files.dump(Mine(n_estimators=2, verbose=-1).fit(boosters.X, boosters.LATE)) is None
    days = np.array(["2013-01-01", "2013-01-02"], "datetime64[D]")[boosters.LATE]
    dated = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(boosters.X, days)
    assert booster_files.dump(dated) is None


def test_params_that_are_no_plain_values_are_left_out_by_name():
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=2, eval_metric=_metric).fit(boosters.X, boosters.LATE)
    data, _ = booster_files.dump(model)
    about, _ = booster_envelope.read(data, "xgboost")
    assert about["left_out"] == ["eval_metric"]
    assert about["params"]["n_estimators"] == 2
    assert about["params"]["missing"] == {"float": "nan"}


def _metric(truth, predicted):
    return float(np.abs(truth - predicted).mean())


def parts(library: str, name: str) -> tuple[dict, bytes]:
    data, _ = booster_files.dump(boosters.fitted(library, name)[0])
    return booster_envelope.read(data, library)


def refused(data: bytes, library: str, kind=Corrupt, words: str = "damaged") -> None:
    with pytest.raises(kind, match=words) as refusal:
        booster_files.load(data, f"{library}/1")
    assert "\n" not in str(refusal.value)
    assert "try: " in str(refusal.value)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_files_of_format_1_stay_readable(library):
    folder = HERE.parents[1] / "fixtures"
    known = json.loads((folder / "boosters_1.json").read_text())[library]
    model = model_files.load((folder / f"{library}_1.model").read_bytes(), f"{library}/1")
    rows = np.array(known["rows"])
    assert model.predict(rows).tolist() == known["predict"]
    assert np.allclose(model.predict_proba(rows), known["probability"], rtol=1e-6)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_garbage_and_truncated_files_are_damaged(library):
    about, file = parts(library, "two classes")
    whole = booster_envelope.write(about, file)
    for data in (b"", b"PK\x03\x04 noise", whole[: len(whole) // 2], whole[:-1]):
        refused(data, library)
    for inside in (b"", b"noise", b"{}", file[: len(file) // 2], file + b"x" if library == "xgboost" else b"tree\n"):
        refused(booster_envelope.write(about, inside), library)
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    refused(bytes(flipped), library)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_an_envelope_says_what_it_may_and_nothing_else(library):
    about, file = parts(library, "two classes")
    for change in (
        {"class": "os.system"},
        {"class": "DaskXGBClassifier"},
        {"class": "Dataset"},
        {"library": "os"},
        {"features": ["a"]},
        {"params": {"n_estimators": {"call": "os.system"}}},
        {"params": 3},
        {"state": {}},
        {"state": None},
        {"params": None},
    ):
        refused(_zip({booster_envelope.ABOUT: json.dumps({**about, **change}), _member(library): file}), library)
    for text in ("[]", "{", "[" * 100_000, "null"):
        refused(_zip({booster_envelope.ABOUT: text, _member(library): file}), library)
    later = _zip({booster_envelope.ABOUT: json.dumps({**about, "format": 2}), _member(library): file})
    refused(later, library, Refused, f"format {library}/2; expected {library}/1")
    refused(_zip({booster_envelope.ABOUT: json.dumps(about)}), library)
    refused(_zip({booster_envelope.ABOUT: json.dumps(about), _member(library): file, "more.pkl": b""}), library)


def _member(library: str) -> str:
    return booster_envelope.FILES[library]


def _zip(members: dict[str, str | bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def test_labels_of_an_absurd_type_are_damaged():
    about, file = parts("lightgbm", "texts")
    for labels in (
        {"dtype": "<U1000000000", "values": ["a", "b", "c"]},
        {"dtype": "|V8", "values": ["a"]},
        {"dtype": "|O", "values": [[1]]},
        {"dtype": "<i8", "values": ["a"]},
    ):
        refused(booster_envelope.write({**about, "labels": labels}, file), "lightgbm")


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_zip_bomb_is_not_unpacked(library):
    about, _ = parts(library, "two classes")
    zeros = bytes(200_000_000)
    bomb = _zip({booster_envelope.ABOUT: json.dumps(about), _member(library): zeros}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 300_000
    refused(bomb, library, words="compressed")
    with pytest.raises(Corrupt, match="unpack to far more"):
        model_files.load(bomb, f"{library}/1")


def patched(file: bytes, key: str, index: int, value: float) -> bytes:
    """A file of XGBoost with one number of the first array of that name that is not empty changed."""
    empty = rb"#L\x00{8}"
    found = re.search(key.encode() + rb"\[(?:\$(.)(?!" + empty + rb")|(?!" + empty + rb"))#L.{8}", file, re.DOTALL)
    kind = found[1].decode() if found[1] else "i"
    code = {"i": "b", "U": "B", "l": "i", "L": "q"}[kind]
    step, mark = (struct.calcsize(code), 0) if found[1] else (2, 1)
    data = bytearray(file)
    struct.pack_into(f">{code}", data, found.end() + step * index + mark, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "key", "index", "value"),
    [
        ("two classes", "left_children", 0, 100_000_000),
        ("two classes", "left_children", 0, 0),
        ("two classes", "right_children", 0, -5),
        ("two classes", "split_indices", 0, 3),
        ("two classes", "split_indices", 0, -1),
        ("two classes", "parents", 1, 2),
        ("two classes", "tree_info", 0, 1),
        ("two classes", "iteration_indptr", 1, 100),
        ("two classes", "split_type", 0, 1),
        ("categories", "categories_sizes", 0, 100_000_000),
        ("categories", "categories_nodes", 0, 1_000_000),
        ("categories", "categories", 0, -1),
        ("categories", "feature_segments", 1, 9),
        ("categories", "sorted_idx", 0, 9),
    ],
)
def test_a_crafted_file_of_xgboost_that_would_crash_the_process_does_not_load(name, key, index, value):
    about, file = parts("xgboost", name)
    refused(booster_envelope.write(about, patched(file, key, index, value)), "xgboost", words="damaged.*point outside")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            b"size_leaf_vectorSL\x00\x00\x00\x00\x00\x00\x00\x011",
            b"size_leaf_vectorSL\x00\x00\x00\x00\x00\x00\x00\x017",
        ),
        (b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x010", b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x019"),
        (b"parents[", b"PARENTS["),
        (b"parents[", b"left_ch["),
    ],
)
def test_words_of_a_file_of_xgboost_are_looked_at_too(old, new):
    about, file = parts("xgboost", "two classes")
    assert old in file
    refused(booster_envelope.write(about, file.replace(old, new, 1)), "xgboost")


def edited(file: bytes, name: str, value: str) -> bytes:
    """A file of LightGBM with a line of its head, or of the first tree that has it, changed; the sizes are right."""
    head, trees = _head_and_trees(file)
    if f"\n{name}=" in head:
        return re.sub(rf"\n{name}=.*", f"\n{name}={value}", file.decode(), count=1).encode()
    number = next(i for i, tree in enumerate(trees[:-1]) if f"\n{name}=" in tree)
    trees[number] = re.sub(rf"\n{name}=.*", f"\n{name}={value}", trees[number])
    sizes = " ".join(str(len(tree)) for tree in trees[:-1])
    return "".join([re.sub(r"\ntree_sizes=.*", f"\ntree_sizes={sizes}", head), "\n", *trees]).encode()


def _head_and_trees(file: bytes) -> tuple[str, list[str]]:
    """The head of a file of LightGBM, its trees, and last what follows them."""
    head, first, rest = file.decode().partition("\nTree=0\n")
    after, trees = first[1:] + rest, []
    for size in re.search(r"\ntree_sizes=(.*)", head)[1].split():
        trees.append(after[: int(size)])
        after = after[int(size) :]
    return head, [*trees, after]


@pytest.mark.parametrize(
    ("name", "line", "value"),
    [
        ("two classes", "left_child", "100000000"),
        ("two classes", "left_child", "x"),
        ("two classes", "right_child", ""),
        ("two classes", "split_feature", "100000000"),
        ("two classes", "threshold", "1_0"),
        ("two classes", "leaf_value", "1e999"),
        ("two classes", "num_leaves", "9999"),
        ("two classes", "num_cat", "1"),
        ("two classes", "num_tree_per_iteration", "2"),
        ("two classes", "num_class", "3"),
        ("two classes", "max_feature_idx", "9"),
        ("two classes", "tree_sizes", "10 10"),
        ("two classes", "objective", "multiclass num_class:3"),
        ("categories", "cat_boundaries", "0 9999"),
        ("categories", "cat_threshold", "99999999999"),
        ("linear leaves", "leaf_features", "99"),
        ("linear leaves", "num_features", "-1"),
        ("linear leaves", "leaf_const", "1e-310"),
    ],
)
def test_a_crafted_file_of_lightgbm_that_would_crash_the_process_does_not_load(name, line, value):
    about, file = parts("lightgbm", name)
    refused(booster_envelope.write(about, edited(file, line, value)), "lightgbm", words=r"damaged: (Value|Key)Error")


def test_trees_of_lightgbm_that_go_in_a_circle_do_not_load():
    about, file = parts("lightgbm", "four leaves")
    assert "num_leaves=4\n" in _head_and_trees(file)[1][0]
    # Three nodes and four leaves, each with one parent, where nodes 1 and 2 are each other's.
    for left, right in (("1 2 0", "-1 -2 -3"), ("-1 2 1", "-2 -3 -4"), ("1 1 -1", "2 -2 -3")):
        data = edited(edited(file, "left_child", left), "right_child", right)
        refused(booster_envelope.write(about, data), "lightgbm", words="damaged.*(children|nodes) point")


def test_params_of_lightgbm_that_are_no_params_do_not_load():
    about, file = parts("lightgbm", "two classes")
    refused(booster_envelope.write(about, file.replace(b"[top_rate: 0.2]", b"[top_rate9 0.2]")), "lightgbm")


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("xgboost", "categories"),
        ("xgboost", "dropped trees"),
        ("lightgbm", "categories"),
        ("lightgbm", "linear leaves"),
    ],
)
def test_no_changed_file_ends_the_process(library, name):
    command = [sys.executable, str(HERE / "boosters.py"), library, name, "0", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["loaded"] > 5
    assert found["refused"] > 50


_WITHOUT = """
import importlib.abc, pathlib, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("xgboost", "lightgbm"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from mlops_nb.adapters import model_files
from mlops_nb.errors import Refused
try:
    model_files.load(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2])
except Refused as refusal:
    print(refusal)
"""


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_library_that_is_not_here_is_named_with_how_to_get_it(tmp_path, library):
    about, file = parts(library, "two classes")
    (tmp_path / "m").write_bytes(booster_envelope.write(about, file))
    command = [sys.executable, "-c", _WITHOUT, str(tmp_path / "m"), f"{library}/1"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == f"the model needs {library}; expected the library that made it; try: pip install {library}\n"


def test_a_class_that_the_library_no_longer_has_is_named(monkeypatch):
    import xgboost

    about, file = parts("xgboost", "forest")
    monkeypatch.delattr(xgboost, "XGBRFClassifier")
    refused(
        booster_envelope.write(about, file), "xgboost", Refused, f"needs XGBRFClassifier.*xgboost=={about['version']}"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"{}x",
        b"{i\x01a",
        b"{i\x01ai\x05i\x01ai\x05}",
        b"{i\x01a[$l#L\xff\xff\xff\xff\xff\xff\xff\xff",
        b"{i\x01a[$l#L\x00\x00\x00\x00\x00\x00\x00\x09}",
        b"{i\x01a[$Z#L\x00\x00\x00\x00\x00\x00\x00\x09}",
        b"{i\x01a" + b"[" * 100_000,
        b"{i\x01aS\x69\x01\xff}",
    ],
)
def test_what_is_no_ubjson_is_a_value_error(data):
    with pytest.raises(ValueError, match=r"."):
        ubj.read(data)


def test_ubjson_is_read_as_xgboost_writes_it():
    model, _ = boosters.fitted("xgboost", "categories")
    raw = model.get_booster().save_raw
    mine, theirs = ubj.read(bytes(raw("ubj"))), json.loads(raw("json"))

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, np.ndarray):
            return value.tolist() if value.dtype.kind != "f" else [np.float32(one) for one in value]
        return [plain(item) for item in value] if isinstance(value, list) else value

    def as_32(value):
        if isinstance(value, dict):
            return {key: as_32(item) for key, item in value.items()}
        if isinstance(value, list):
            return [as_32(item) for item in value]
        return np.float32(value) if isinstance(value, float) else value

    assert plain(mine) == as_32(theirs)
