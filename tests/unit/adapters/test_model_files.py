from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_nb.adapters import cloudpickle_files, model_files
from mlops_nb.errors import Corrupt, Refused

X = np.random.default_rng(0).normal(size=(60, 2))
Y = (X[:, 0] > 0).astype(int)


def twice(x):
    return 2 * x


def plain():
    return LogisticRegression().fit(X, Y)


def with_code():
    return make_pipeline(FunctionTransformer(twice), LogisticRegression()).fit(X, Y)


def boosters():
    import lightgbm
    import xgboost

    yield "xgboost/1", xgboost.XGBClassifier(n_estimators=2).fit(X, Y)
    yield "lightgbm/1", lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, Y)


def test_each_model_gets_the_strictest_format_that_it_fits():
    assert model_files.dump(plain()).format == "skops/1"
    for format_, model in boosters():
        assert model_files.dump(model, allow_pickle=True).format == format_
    assert model_files.dump(plain(), allow_pickle=True).format == "skops/1"
    code = f"{__name__}.twice"
    assert model_files.dump(with_code()).format == "skops/1"
    assert model_files.dump(with_code(), allow_pickle=True, trusted=[code]).format == "skops/1"
    assert model_files.dump(with_code(), allow_pickle=True).format == "cloudpickle/1"


def test_what_skops_can_not_save_is_refused_with_the_way_out():
    from sklearn.cluster import Birch

    model = Birch(n_clusters=2).fit(X)
    with pytest.raises(Refused, match=r"Birch can't be saved.*--allow-pickle \(allow_pickle=True\)") as refusal:
        model_files.dump(model)
    assert "\n" not in str(refusal.value)
    saved = model_files.dump(model, allow_pickle=True)
    assert saved.format == "cloudpickle/1"
    back = model_files.load(saved.data, saved.format, allow_pickle=True)
    assert np.array_equal(back.predict(X), model.predict(X))


def test_types_that_nobody_vouched_for_are_refused_with_the_way_out_only_when_saving():
    with pytest.raises(Refused, match=r"--trust a\.B; or --allow-pickle"):
        model_files.refuse_untrusted(["a.B"], [], saving=True)
    with pytest.raises(Refused, match=r"--trust a\.B$"):
        model_files.refuse_untrusted(["a.B"], [])
    model_files.refuse_untrusted(["a.B"], ["a.B"], saving=True)


def test_a_pickle_is_opened_by_an_explicit_yes_only(tmp_path):
    saved = model_files.dump(with_code(), allow_pickle=True)
    assert model_files.is_pickle(saved.format)
    assert [one for one in model_files.PLATFORMS if model_files.is_pickle(one)] == ["cloudpickle/1"]
    with pytest.raises(Refused, match=r"is a pickle.*try: allow_pickle=True"):
        model_files.load(saved.data, saved.format, trusted=[f"{__name__}.twice"])
    assert model_files.load(saved.data, saved.format, allow_pickle=True).predict(X).shape == (60,)


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_a_file_is_opened_as_what_its_row_says_and_as_nothing_else(tmp_path):
    mark = tmp_path / "it ran"
    bomb = cloudpickle_files.dump(Bomb(mark))
    files = {"skops/1": model_files.dump(plain()).data, "cloudpickle/1": bomb}
    files |= {format_: model_files.dump(model).data for format_, model in boosters()}
    for said in files:
        for is_, data in files.items():
            if said != is_:
                with pytest.raises(Refused, match=f"the registry says {said}, the model file is {is_}") as refusal:
                    model_files.load(data, said, allow_pickle=True)
                assert "\n" not in str(refusal.value)
                with pytest.raises(Refused, match="the registry says"):
                    model_files.untrusted(data, said)
    assert not mark.exists()
    assert files.keys() == model_files.PLATFORMS.keys()


@pytest.mark.parametrize("format_", list(model_files.PLATFORMS))
def test_a_renamed_pickle_garbage_and_a_cut_file_are_not_opened(tmp_path, format_):
    mark = tmp_path / "it ran"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(Refused, match="is a pickle"):
            model_files.load(pickle.dumps(Bomb(mark), protocol), format_, allow_pickle=True)
    for data in (b"", b"noise", b"PK\x03\x04" + b"noise" * 99, model_files.dump(plain()).data[:500]):
        with pytest.raises(Corrupt, match="damaged"):
            model_files.load(data, format_, allow_pickle=True)
    assert not mark.exists()


def test_a_format_of_the_future_is_named():
    for format_ in ("skops/2", "onnx/1", ""):
        with pytest.raises(Refused, match="expected one of skops/1, xgboost/1"):
            model_files.load(b"", format_)


def test_a_file_that_would_unpack_to_far_more_than_it_is_is_not_opened():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(200_000_000))
    with pytest.raises(Corrupt, match="unpack to far more than it is"):
        model_files.untrusted(target.getvalue(), "skops/1")


def test_framework_versions_name_what_a_model_needs():
    assert set(model_files.framework_versions("skops/1")) == {"scikit-learn", "skops", "numpy", "scipy"}
    for format_, model in boosters():
        found = model_files.framework_versions(format_, model)
        assert found[format_.split("/")[0]] == __import__(format_.split("/")[0]).__version__
    pickled = model_files.framework_versions("cloudpickle/1", with_code())
    assert {"cloudpickle", "python", "scikit-learn"} <= set(pickled)
    (_, model), _ = boosters()
    assert "xgboost" in model_files.framework_versions("cloudpickle/1", model)
