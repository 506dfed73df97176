"""Model files that were damaged, deleted, swapped or crafted: one line, and nothing of theirs runs."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mlops_nb.adapters import booster_envelope, cloudpickle_files, model_files, skops_files
from mlops_nb.errors import Corrupt, MlopsError, NotFound, Refused
from mlops_nb.registry import verbs
from mlops_nb.serving.verbs import deploy
from mlops_nb.store.artifacts import digest
from mlops_nb.store.store import Store, choose

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    chosen = choose(tmp_path)
    yield chosen
    choose(None)
    chosen.close()


def registered(store: Store) -> Path:
    version = verbs.register("m", LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    return store.artifacts.path(version.artifact)


def refused(kind: type[MlopsError], words: str) -> None:
    for call in (lambda: verbs.load("m/1"), lambda: deploy("m/1")):
        with pytest.raises(kind, match=words) as refusal:
            call()
        assert "m/1" in str(refusal.value)
        assert "try: " in str(refusal.value)
        assert "\n" not in str(refusal.value)


def nothing_deployed(store: Store) -> None:
    assert store.query("SELECT * FROM deployment") == []


def test_a_flipped_byte_is_named(store):
    path = registered(store)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(Corrupt, "the file of m/1 is damaged")
    nothing_deployed(store)


def test_a_deleted_file_is_named(store):
    registered(store).unlink()
    refused(NotFound, "the file of m/1 is missing")
    nothing_deployed(store)


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def pickles(mark: Path) -> list[bytes]:
    import gzip
    import zlib

    import joblib

    plain = [pickle.dumps(Bomb(mark), protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    target = io.BytesIO()
    joblib.dump(Bomb(mark), target)
    return [*plain, target.getvalue(), zlib.compress(plain[-1]), gzip.compress(plain[-1])]


def test_a_pickle_is_never_opened(store, tmp_path):
    mark = tmp_path / "it ran"
    path = registered(store)
    for data in pickles(mark):
        with pytest.raises(Refused, match="is a pickle"):
            skops_files.load(data, ["pathlib.Path.touch", "builtins.object"])
        path.write_bytes(data)
        refused(Corrupt, "the file of m/1 is damaged")
    assert not mark.exists()


def swap(store: Store, data: bytes, format_: str = "skops/1") -> None:
    """Put a file in the place of m/1 so that even its digest fits: the store itself was tampered with."""
    name = store.artifacts.put(data)
    assert name == digest(data)

    def write(connection):
        connection.execute("INSERT INTO artifact VALUES (?, ?, 0) ON CONFLICT DO NOTHING", (name, len(data)))
        connection.execute("UPDATE version SET artifact = ?, format = ?", (name, format_))

    store.write(write)


def test_a_pickle_with_a_fitting_digest_is_not_opened_either(store, tmp_path):
    registered(store)
    mark = tmp_path / "it ran"
    swap(store, pickles(mark)[-1])
    refused(Refused, "m/1: the file is a pickle")
    assert not mark.exists()
    nothing_deployed(store)


def crafted(schema: dict) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("schema.json", json.dumps({**schema, "protocol": 2, "_skops_version": "0.16.0"}))
    return target.getvalue()


def node(loader: str, kind: str, number: int, **rest) -> dict:
    module, _, name = kind.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": number, **rest}


def text(value: str, number: int) -> dict:
    return node("JsonNode", "builtins.str", number, content=json.dumps(value), is_json=True)


def test_a_crafted_skops_file_calls_nothing(store, tmp_path):
    registered(store)
    mark = tmp_path / "it ran"
    argument = node("TupleNode", "builtins.tuple", 2, content=[text(f"touch {mark}", 3)])
    nothing = node(
        "DictNode", "builtins.dict", 4, content={}, key_types=node("ListNode", "builtins.list", 5, content=[])
    )
    partial = {
        "func": node("FunctionNode", "os.system", 6),
        "args": argument,
        "kwds": nothing,
        "namespace": nothing,
    }
    for schema in (
        node("FunctionNode", "os.system", 1),
        node("PartialNode", "functools.partial", 1, content=partial),
        node("ConstructorFromReduceNode", "os.system", 1, content=argument),
        node("ConstructorFromReduceNode", "subprocess.Popen", 1, content=argument),
        node("TypeNode", "os.system", 1),
    ):
        data = crafted(schema)
        assert skops_files.untrusted(data), schema
        with pytest.raises(Refused, match=r"not trusted: .*(os.system|subprocess.Popen)"):
            skops_files.load(data)
    swap(store, crafted(node("ConstructorFromReduceNode", "os.system", 1, content=argument)))
    refused(Refused, "m/1: the model holds types that are not trusted: os.system")
    assert not mark.exists()
    nothing_deployed(store)


def test_a_file_that_is_garbage_inside_is_corrupt(store):
    registered(store)
    for schema in (
        {},
        {"__loader__": "NoSuchNode", "__class__": "x", "__module__": "y"},
        node("ListNode", "builtins.list", 1),
    ):
        with pytest.raises(Corrupt, match="damaged"):
            skops_files.load(crafted(schema))
    noise = np.random.default_rng(0).bytes(5000)
    with pytest.raises(Corrupt, match="damaged"):
        skops_files.load(b"PK\x03\x04" + noise)
    swap(store, b"PK\x03\x04" + noise)
    refused(Corrupt, "m/1: the model file is damaged")


def own_files(mark: Path) -> dict[str, bytes]:
    """A sound file of each format, that of cloudpickle with a bomb in it."""
    import lightgbm
    import xgboost

    rows, late = np.arange(40.0).reshape(-1, 1), np.arange(40) > 19
    return {
        "skops/1": skops_files.dump(LogisticRegression().fit(rows, late)),
        "xgboost/1": model_files.dump(xgboost.XGBClassifier(n_estimators=2).fit(rows, late)).data,
        "lightgbm/1": model_files.dump(lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(rows, late)).data,
        "cloudpickle/1": cloudpickle_files.dump(Bomb(mark)),
    }


def test_a_model_file_that_is_swapped_on_disk_for_another_sound_one_is_named(store, tmp_path):
    path = registered(store)
    for data in own_files(tmp_path / "it ran").values():
        path.write_bytes(data)
        refused(Corrupt, "the file of m/1 is damaged: its bytes are not those that were registered")
    assert not (tmp_path / "it ran").exists()
    nothing_deployed(store)


def test_a_file_that_is_not_of_the_format_in_its_row_is_not_opened(store, tmp_path):
    registered(store)
    mark = tmp_path / "it ran"
    files = own_files(mark)
    for is_, data in files.items():
        for said in files.keys() - {is_}:
            swap(store, data, said)
            refused(Refused, f"m/1: the registry says {said}, the model file is {is_}: it was not opened")
    swap(store, files["skops/1"], "skops/9")
    refused(Refused, "m/1: the model has format 'skops/9'")
    assert not mark.exists()
    nothing_deployed(store)


def test_a_booster_with_garbage_inside_is_one_line_and_nothing_is_deployed(store):
    registered(store)
    for library, member in booster_envelope.FILES.items():
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            about = {"format": 1, "library": library, "class": "Booster", "state": None, "features": None}
            archive.writestr(booster_envelope.ABOUT, json.dumps(about))
            archive.writestr(member, np.random.default_rng(0).bytes(5000))
        swap(store, target.getvalue(), f"{library}/1")
        with pytest.raises(Corrupt, match="m/1: the model file is damaged") as refusal:
            verbs.load("m/1")
        assert "\n" not in str(refusal.value)
        # What is inside is looked at by the process that serves.
        with pytest.raises(MlopsError, match="m/1 could not be started: m/1: the model file is damaged"):
            deploy("m/1")
        nothing_deployed(store)
