from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mlops_nb.adapters import signatures, skops_files
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.registry import verbs
from mlops_nb.store.ids import new_ulid

X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=["delay", "hour", "distance"])
Y = (X["delay"] > 0).astype(int)


def fitted(c: float = 1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=c)).fit(X, Y)


def saved_run(store, models: dict[str, object]) -> str:
    """Rows as capture writes them: a run, its data and the models it fitted."""
    ulid = new_ulid()

    def write(connection):
        connection.execute("INSERT INTO experiment (name, created_us) VALUES ('e', 0) ON CONFLICT DO NOTHING")
        experiment = connection.execute("SELECT id FROM experiment").fetchone()[0]
        connection.execute("INSERT INTO text VALUES ('src', 'cell') ON CONFLICT DO NOTHING")
        run = connection.execute(
            "INSERT INTO run (ulid, experiment, status, started_us, heartbeat_us, origin, host, pid,"
            " process_started_us, actor, source) VALUES (?, ?, 'finished', ?, 0, 'cell', 'h', 1, 0, 'a', 'src')"
            " RETURNING id",
            (ulid, experiment, int(ulid[:10], 36)),
        ).fetchone()[0]
        version = connection.execute(
            "INSERT INTO dataset_version (digest, schema_digest, rows, columns, record, created_us)"
            " VALUES (?, 's', 80, 3, '{}', 0) RETURNING id",
            (f"fp1b:{ulid}",),
        ).fetchone()[0]
        connection.execute("INSERT INTO run_dataset VALUES (?, ?, 'train', 'X', 'line 1')", (run, version))
        for variable, model in models.items():
            data = skops_files.dump(model)
            digest = store.artifacts.put(data)
            connection.execute("INSERT INTO artifact VALUES (?, ?, 0) ON CONFLICT DO NOTHING", (digest, len(data)))
            detail = {
                "class": "Pipeline",
                "variable": variable,
                "signature": signatures.infer(X, model.predict(X)),
                "example": signatures.example(X),
                "untrusted": [],
                "framework": skops_files.framework_versions(),
                "format": skops_files.FORMAT,
            }
            row = (run, f"model/{variable}", "model", digest, json.dumps(detail))
            connection.execute("INSERT INTO run_artifact VALUES (?, ?, ?, ?, ?)", row)

    store.write(write)
    return ulid


def test_a_fitted_model_becomes_version_one_and_comes_back(store):
    version = verbs.register("flights-delay", fitted(), example=X, note="first")
    assert (version.ref, version.existed, version.note) == ("flights-delay/1", False, "first")
    assert version.estimator == "Pipeline(StandardScaler, LogisticRegression)"
    assert [one["name"] for one in version.signature["inputs"]] == list(X.columns)
    assert [one["name"] for one in version.signature["outputs"]] == ["predict", "probability"]
    assert version.framework["scikit-learn"]
    assert np.array_equal(verbs.load("flights-delay/1").predict(X), fitted().predict(X))


def test_numbers_count_on_and_compare_as_numbers(store):
    for c in range(1, 12):
        verbs.register("m", fitted(c))
    assert [version.version for version in verbs.versions("m")] == list(range(11, 0, -1))
    assert verbs.load("m").steps[-1][1].C == 11
    assert verbs.load("m/9").steps[-1][1].C == 9
    (model,) = verbs.models()
    assert (model.name, model.versions, model.latest) == ("m", 11, 11)


def test_the_same_model_is_not_registered_twice(store):
    first, second = verbs.register("m", fitted()), verbs.register("m", fitted())
    assert second.existed
    assert second == type(second)(**{**_fields(first), "existed": True})
    assert len(verbs.versions("m")) == 1
    assert len(store.query("SELECT 1 FROM audit WHERE action = 'register'")) == 1


def _fields(version):
    return {name: getattr(version, name) for name in version.__dataclass_fields__}


def test_a_model_that_a_run_saved_is_found_by_its_bytes(store):
    run = saved_run(store, {"model": fitted()})
    version = verbs.register("m", fitted())
    assert version.run == run
    assert version.datasets == (f"fp1b:{run}",)
    assert version.signature["inputs"][0]["dtype"] == "float64"
    assert version.example is not None


def test_from_a_run_by_reference_also_without_the_object(store):
    run = saved_run(store, {"model": fitted()})
    version = verbs.register("m", "last")
    assert version.run == run
    assert verbs.register("m", run[:20]).existed
    held = {row[0] for row in store.query("SELECT held FROM hold WHERE holder = ?", (version.node,))}
    example = f"artifact:{version.example}"
    assert held == {f"run:{run}", f"artifact:{version.artifact}", f"dataset:fp1b:{run}", example}
    parents = {row[0] for row in store.query("SELECT parent FROM edge WHERE child = ?", (version.node,))}
    assert parents == held
    assert store.query("SELECT source FROM version") == [("src",)]


def test_a_run_with_several_models_asks_which(store):
    saved_run(store, {"small": fitted(0.1), "large": fitted(10)})
    with pytest.raises(InvalidInput, match="2 models: large, small"):
        verbs.register("m", "last")
    with pytest.raises(NotFound, match="did you mean 'small'"):
        verbs.register("m", "last", variable="smal")
    verbs.register("m", "last", variable="small")
    assert verbs.load("m").steps[-1][1].C == 0.1


def test_what_is_no_fitted_model_is_refused_in_one_line(store):
    saved_run(store, {})
    cases = [
        (3, "does not predict"),
        (LogisticRegression(), "not fitted"),
        (LogisticRegression, "is a class"),
        (StandardScaler().fit(X), "does not predict"),
        ("last", "saved no model"),
        ("best:auc", "auc"),
    ]
    for model, words in cases:
        with pytest.raises((InvalidInput, NotFound), match=words) as refusal:
            verbs.register("m", model)
        assert "\n" not in str(refusal.value)
    assert store.query("SELECT * FROM model") == []


@pytest.mark.parametrize("name", ["../../x", "", "a/b", "<script>", "x" * 200, "a\x00b", "'; DROP TABLE model"])
def test_hostile_names_are_refused(store, name):
    with pytest.raises(InvalidInput, match="not a valid model name"):
        verbs.register(name, fitted())


def twice(x):
    return x * 2


def test_types_of_a_user_are_listed_and_nothing_is_half_written(store):
    model = make_pipeline(FunctionTransformer(twice), LogisticRegression()).fit(X, Y)
    name = f"{__name__}.twice"
    with pytest.raises(Refused, match=r"not trusted: .*twice"):
        verbs.register("m", model)
    assert store.query("SELECT * FROM model") == []
    assert store.artifacts.names() == []
    version = verbs.register("m", model, trust=[name, "never.Seen"])
    assert version.trusted == (name,)
    assert np.array_equal(verbs.load("m").predict(X), model.predict(X))


def test_in_a_store_of_somebody_else_types_are_named_again(store, monkeypatch):
    model = make_pipeline(FunctionTransformer(twice), LogisticRegression()).fit(X, Y)
    name = f"{__name__}.twice"
    verbs.register("m", model, trust=name)
    monkeypatch.setattr(os, "getuid", lambda: 123_456)
    with pytest.raises(Refused, match=r"m/1: .*twice"):
        verbs.load("m")
    assert verbs.load("m", trust=name).predict(X[:1]).shape == (1,)


def test_an_example_that_the_model_refuses_is_refused(store):
    with pytest.raises(InvalidInput, match="fails on the example"):
        verbs.register("m", fitted(), example=X[["hour"]])


def test_unknown_references_name_the_nearest(store):
    verbs.register("flights-delay", fitted())
    with pytest.raises(NotFound, match="did you mean 'flights-delay'"):
        verbs.load("flight-delay")
    with pytest.raises(NotFound, match="expected one of 1"):
        verbs.load("flights-delay/7")
    with pytest.raises(NotFound, match="no version of 'flights-delay' is in production"):
        verbs.load("flights-delay@production")
    with pytest.raises(InvalidInput, match="not a reference"):
        verbs.load("flights-delay/one")
    with pytest.raises(NotFound, match="no model"):
        verbs.versions("x")


def test_what_is_in_the_trash_is_hidden(store):
    verbs.register("gone", fitted())
    store.write(lambda connection: connection.execute("UPDATE model SET trashed_us = 1"))
    assert len(verbs.models()) == 0
    with pytest.raises(NotFound, match="no model 'gone'"):
        verbs.load("gone")
    with pytest.raises(Refused, match="in the trash"):
        verbs.register("gone", fitted())


def test_an_empty_store_answers_with_nothing(store):
    assert len(verbs.models()) == 0
    assert verbs.models().note


def test_of_a_model_without_an_example_its_names_are_known(store):
    version = verbs.register("m", LinearRegression().fit(X.to_numpy(), np.c_[Y, Y]))
    assert version.signature["inputs"][0]["shape"] == [-1, 3]
    assert version.signature["outputs"] == [{"name": "predict", "datatype": "FP64", "shape": [-1, 2]}]


_REGISTER = """
import sys
from sklearn.linear_model import Ridge
from mlops_nb.store.store import choose
from mlops_nb.registry.verbs import register
choose(sys.argv[1])
for i in range(5):
    register("m", Ridge(alpha=float(sys.argv[2]) + i).fit([[0.0], [1.0]], [0.0, 1.0]))
"""


def test_eight_processes_register_at_once_and_nothing_collides(store):
    command = [sys.executable, "-c", _REGISTER, str(store.folder)]
    started = [subprocess.Popen([*command, str(100 * i)], stderr=subprocess.PIPE) for i in range(8)]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    found = verbs.versions("m")
    assert [version.version for version in found] == list(range(40, 0, -1))
    assert len({version.artifact for version in found}) == 40
    assert store.verify_audit().fault == ""
