"""Models that are not skops files: registered, shown, loaded, served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import mlops_nb as ml
from mlops_nb.adapters import cloudpickle_files
from mlops_nb.errors import Refused
from mlops_nb.registry import verbs
from mlops_nb.registry.predictor import open_predictor
from mlops_nb.show import html, text

RANDOM = np.random.default_rng(0)
X = pd.DataFrame(RANDOM.normal(size=(80, 2)), columns=["delay", "hour"]).assign(
    carrier=pd.Categorical(RANDOM.choice(["AA", "UA", "DL"], 80))
)
Y = np.where(X["delay"] > 0, "late", "on time")
NUMBERS = X[["delay", "hour"]]


def boosters():
    import lightgbm
    import xgboost

    late = (Y == "late").astype(int)
    yield (
        "xgboost",
        "XGBClassifier",
        xgboost.XGBClassifier(n_estimators=3, n_jobs=1, enable_categorical=True).fit(X, late),
    )
    yield (
        "lightgbm",
        "LGBMClassifier",
        lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(X, Y),
    )


def twice(x):
    return 2 * x


def with_code():
    return make_pipeline(FunctionTransformer(twice), LogisticRegression()).fit(NUMBERS, Y)


def test_boosters_are_registered_in_their_own_formats_and_come_back(store):
    for library, kind, model in boosters():
        version = verbs.register(library, model, example=X)
        assert (version.format, version.estimator, version.trusted) == (f"{library}/1", kind, ())
        assert not version.pickled
        assert version.framework[library] == __import__(library).__version__
        assert [one["name"] for one in version.signature["outputs"]] == ["predict", "probability"]
        assert version.signature["outputs"][1]["classes"] == model.classes_.tolist()
        assert verbs.register(library, model, example=X).existed
        back = verbs.load(library)
        assert type(back) is type(model)
        assert np.array_equal(back.predict_proba(X), model.predict_proba(X))
        predictor = open_predictor(store, version)
        columns = {name: X[name].tolist() for name in reversed(X.columns)}
        found = predictor.predict(predictor.cast(columns))
        assert np.array_equal(found["probability"], model.predict_proba(X))
        assert np.array_equal(found["predict"], model.predict(X))
        assert f"{library}/1" in text(version)


def test_a_bare_booster_is_registered_and_answers_frames(store):
    import xgboost

    late = (Y == "late").astype(int)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(NUMBERS, label=late), 3)
    version = verbs.register("m", booster, example=NUMBERS)
    assert (version.format, version.estimator) == ("xgboost/1", "XGBoostBooster")
    expected = booster.predict(xgboost.DMatrix(NUMBERS))
    assert np.array_equal(verbs.load("m").predict(NUMBERS), expected)
    predictor = open_predictor(store, version)
    cast = predictor.cast({name: NUMBERS[name].tolist() for name in NUMBERS})
    assert np.array_equal(predictor.predict(cast)["predict"], expected)


def test_a_run_keeps_boosters_in_their_own_formats_and_they_are_found_by_their_bytes(store):
    with ml.track("boosters") as run:
        models = [model for _, _, model in boosters()]
    details = [json.loads(row[0]) for row in store.query("SELECT detail FROM run_artifact WHERE kind = 'model'")]
    assert {one["format"] for one in details} == {"xgboost/1", "lightgbm/1"}
    assert [one["untrusted"] for one in details] == [[], []]
    for model in models:
        model.predict(X)
        version = verbs.register(type(model).__name__, model)
        assert version.run == run.id
        assert [one["name"] for one in version.signature["inputs"]] == list(X.columns)
        assert verbs.register(type(model).__name__, "last", variable=type(model).__name__).existed


def test_what_skops_can_not_save_is_pickled_by_an_explicit_yes_only(store):
    from sklearn.cluster import Birch

    model = Birch(n_clusters=2).fit(NUMBERS)
    with pytest.raises(Refused, match="--allow-pickle"):
        verbs.register("m", model)
    assert store.query("SELECT * FROM model") == []
    version = verbs.register("m", model, allow_pickle=True)
    assert version.format == "cloudpickle/1"
    assert version.pickled
    assert version.framework["python"]
    assert np.array_equal(verbs.load("m").predict(NUMBERS), model.predict(NUMBERS))
    (row,) = store.query("SELECT detail FROM audit WHERE action = 'register'")
    assert '"pickled":true' in row[0].replace(" ", "")


def test_types_that_are_not_named_are_pickled_when_that_is_allowed(store):
    with pytest.raises(Refused, match=r"--trust .*twice; or --allow-pickle"):
        verbs.register("m", with_code())
    assert verbs.register("m", with_code(), allow_pickle=True).format == "cloudpickle/1"
    named = verbs.register("m", with_code(), allow_pickle=True, trust=f"{__name__}.twice")
    assert (named.ref, named.format) == ("m/2", "skops/1")


def test_a_pickle_is_marked_wherever_a_version_shows(store):
    verbs.register("m", LogisticRegression().fit(NUMBERS, Y))
    assert "pickle" not in text(verbs.versions("m"))
    version = verbs.register("m", with_code(), allow_pickle=True)
    for shown in (version, verbs.versions("m")):
        assert "pickle: runs code when loaded" in text(shown)
        assert "pickle: runs code when loaded" in html(shown)


def test_in_a_store_of_somebody_else_a_pickle_needs_another_yes(store, monkeypatch):
    verbs.register("m", with_code(), allow_pickle=True)
    monkeypatch.setattr(os, "getuid", lambda: 123_456)
    with pytest.raises(
        Refused, match=r'm/1 is a pickle in a store of somebody else.*ml\.load\("m/1", allow_pickle=True'
    ):
        verbs.load("m", trust=f"{__name__}.twice")
    with pytest.raises(Refused, match=r"m/1 is a pickle in a store of somebody else") as refusal:
        ml.deploy("m/1")
    assert "\n" not in str(refusal.value)
    assert store.query("SELECT * FROM deployment") == []
    assert verbs.load("m", allow_pickle=True).predict(NUMBERS).shape == (80,)


def test_a_tracked_run_never_pickles(store):
    from sklearn.cluster import Birch

    with ml.track("pickles"):
        kept = LogisticRegression().fit(NUMBERS, Y)
        model = Birch(n_clusters=2).fit(NUMBERS)
    details = [json.loads(row[0]) for row in store.query("SELECT detail FROM run_artifact WHERE kind = 'model'")]
    assert [(one["class"], one["format"]) for one in details] == [(type(kept).__name__, "skops/1")]
    assert any(f"{type(model).__name__} can't be saved" in problem for problem in ml.show().problems)


def test_a_booster_over_the_limit_is_left_to_the_person(store, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_MODEL_LIMIT_MB", "0")
    with ml.track("large"):
        models = [model for _, _, model in boosters()]
    assert len(models) == 2
    assert store.query("SELECT * FROM run_artifact WHERE kind = 'model'") == []
    problems = [one for one in ml.show().problems if "was not saved: over model_limit_mb = 0" in one]
    assert len(problems) == 2


def test_a_pickle_that_a_run_pretends_to_have_needs_the_same_yes(store, tmp_path):
    mark = tmp_path / "it ran"
    with ml.track("e"):
        model = LogisticRegression().fit(NUMBERS, Y)
    data = cloudpickle_files.dump(Bomb(mark))
    digest = store.artifacts.put(data)

    def write(connection):
        connection.execute("INSERT INTO artifact VALUES (?, ?, 0)", (digest, len(data)))
        connection.execute(
            "UPDATE run_artifact SET artifact = ?, detail = json_set(detail, '$.format', 'cloudpickle/1')", (digest,)
        )

    store.write(write)
    with pytest.raises(Refused, match="is a pickle"):
        verbs.register("m", "last")
    assert not mark.exists()
    assert model is not None


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


_DEPLOY = """
import sys
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
from mlops_nb.store.store import choose
from mlops_nb.registry.verbs import register
class Doubled(LinearRegression):
    def predict(self, X):
        return 2 * super().predict(X)
choose(sys.argv[1])
register("m", Doubled().fit([[0.0], [1.0]], [0.0, 1.0]), allow_pickle=True)
"""


def test_a_class_of_a_notebook_is_loaded_in_another_process(store):
    subprocess.run([sys.executable, "-c", _DEPLOY, str(store.folder)], check=True)
    assert np.allclose(verbs.load("m").predict([[3.0]]), [6.0])
