"""The protocol over real HTTP, against a real process."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb.registry.verbs import register
from mlops_nb.serving.verbs import deploy, undeploy

X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["delay", "hour"])
Y = np.where(X["delay"] > 0, "late", "on time")
TABLE = [
    {"name": "hour", "shape": [2, 1], "datatype": "FP64", "data": [3.0, 4.0]},
    {"name": "delay", "shape": [2, 1], "datatype": "FP64", "data": [5.0, -5.0]},
]

DEEP = b'{"inputs": [{"name": "hour", "shape": [1], "datatype": "FP64", "data": '


@pytest.fixture(scope="module")
def named(served_store):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    register("flights delay", model, example=X)
    deployment = deploy("flights delay/1")
    with httpx.Client(base_url=f"http://127.0.0.1:{deployment.port}", timeout=60) as client:
        yield client
    undeploy("flights delay")


@pytest.fixture(scope="module")
def array(served_store):
    register("array", LinearRegression().fit(X.to_numpy(), X.to_numpy() * 2), example=X.to_numpy())
    deployment = deploy("array/1")
    with httpx.Client(base_url=f"http://127.0.0.1:{deployment.port}", timeout=60) as client:
        yield client
    undeploy("array")


def infer(client, body, model="flights%20delay"):
    return client.post(f"/v2/models/{model}/infer", content=body if isinstance(body, bytes) else json.dumps(body))


def test_health_and_metadata(named):
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/flights delay/ready"):
        assert (named.get(path).status_code, named.get(path).content) == (200, b""), path
    assert named.get("/v2/models/flights delay/versions/1/ready").status_code == 200
    assert named.get("/v2/models/flights delay/versions/2/ready").status_code == 404
    server = named.get("/v2").json()
    assert server["name"] == "mlops_nb"
    assert server["extensions"] == []
    assert server["version"]
    metadata = named.get("/v2/models/flights delay").json()
    assert metadata == named.get("/v2/models/flights delay/versions/1").json()
    assert metadata["name"] == "flights delay"
    assert metadata["versions"] == ["1"]
    assert metadata["platform"]
    assert metadata["inputs"] == [
        {"name": "delay", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "hour", "datatype": "FP64", "shape": [-1, 1]},
    ]
    assert [(one["name"], one["datatype"], one["shape"]) for one in metadata["outputs"]] == [
        ("predict", "BYTES", [-1]),
        ("probability", "FP64", [-1, 2]),
    ]


def test_columns_by_name_in_any_order_with_id_echoed(named):
    answer = infer(named, {"id": "a-1", "inputs": TABLE}).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("flights delay", "1", "a-1")
    label, probability = answer["outputs"]
    assert label == {"name": "predict", "shape": [2], "datatype": "BYTES", "data": ["late", "on time"]}
    assert probability["shape"] == [2, 2]
    assert len(probability["data"]) == 4
    assert "id" not in infer(named, {"inputs": TABLE}).json()


def test_the_tables_of_mlserver_and_a_version_in_the_path(named):
    body = {"parameters": {"content_type": "pd"}, "inputs": TABLE}
    assert named.post("/v2/models/flights delay/versions/1/infer", json=body).status_code == 200


def test_outputs_are_filtered(named):
    answer = infer(named, {"inputs": TABLE, "outputs": [{"name": "probability"}]}).json()
    assert [one["name"] for one in answer["outputs"]] == ["probability"]
    refused = infer(named, {"inputs": TABLE, "outputs": [{"name": "probabilty"}]})
    assert refused.status_code == 400
    assert "did you mean 'probability'" in refused.json()["error"]


def test_plain_rows(named):
    answer = named.post("/predict", json={"rows": [{"hour": 1, "delay": 5}, {"delay": -5, "hour": 1}]}).json()
    assert answer["predict"] == ["late", "on time"]
    assert len(answer["probability"]) == 2


INVOCATIONS = [
    {"dataframe_split": {"columns": ["hour", "delay"], "data": [[1, 5], [1, -5]]}},
    {"dataframe_split": {"index": [7, 8], "columns": ["delay", "hour"], "data": [[5, 1], [-5, 1]]}},
    {"dataframe_records": [{"hour": 1, "delay": 5}, {"delay": -5, "hour": 1}]},
    {"instances": [{"hour": 1, "delay": 5}, {"delay": -5, "hour": 1}]},
    {"inputs": {"hour": [1, 1], "delay": [5, -5]}},
]


@pytest.mark.parametrize("body", INVOCATIONS)
def test_what_clients_of_mlflow_send_is_answered_as_mlflow_does(named, body):
    response = named.post("/invocations", json=body)
    assert (response.status_code, response.json()) == (200, {"predictions": ["late", "on time"]})
    assert named.get("/ping").status_code == 200


def test_rows_without_names_as_mlflow_sends_them(array):
    for body in ({"instances": [[1, 2], [3, 4]]}, {"inputs": [[1, 2], [3, 4]]}):
        found = array.post("/invocations", json=body).json()["predictions"]
        assert np.array(found) == pytest.approx(np.array([[2, 4], [6, 8]]))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "none of the four shapes"),
        ({"instances": [[1]], "inputs": [[1]]}, "2 of the four shapes"),
        ({"instances": [[1, 2]], "params": {"a": 1}}, "takes no params"),
        ({"dataframe_split": {"columns": ["hour", "delay"], "data": [[1, 5], [1]]}}, "row 1 has 1 values"),
        ({"dataframe_split": {"columns": ["hour", "hour"], "data": [[1, 5]]}}, "two columns have one name"),
        ({"dataframe_records": [1]}, "object"),
        ({"instances": [{"hour": 1}, [2]]}, "row 1 is no object"),
        ({"inputs": {"huor": [1], "delay": [5]}}, "did you mean 'hour'"),
        ({"instances": []}, "by name"),
    ],
)
def test_bad_invocations_are_one_line(named, body, words):
    response = named.post("/invocations", json=body)
    assert (response.status_code, set(response.json())) == (400, {"error"})
    assert words in response.json()["error"]


def test_many_at_once_each_get_their_own_answer_and_the_bad_ones_theirs(named):
    def ask(number):
        delay = None if number % 10 == 9 else float(number % 2 * 10 - 5)
        body = {"id": str(number), "inputs": [{**TABLE[0], "shape": [1, 1], "data": [1.0]}]}
        body["inputs"].append({**TABLE[1], "shape": [1, 1], "data": [delay]})
        answer = infer(named, body)
        if delay is None:  # the model refuses NaN: its answer, and nobody else's
            return answer.status_code == 400 and "NaN" in answer.json()["error"]
        late = answer.json()["outputs"][0]["data"]
        return (answer.json()["id"], late) == (str(number), ["late" if delay > 0 else "on time"])

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(400)))


def test_one_tensor_of_any_name_flat_or_nested(array):
    flat = {"name": "whatever", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}
    nested = {**flat, "name": "x", "data": [[1, 2], [3, 4]]}
    answers = [infer(array, {"inputs": [one]}, "array").json()["outputs"] for one in (flat, nested)]
    assert answers[0] == answers[1]
    assert answers[0][0]["shape"] == [2, 2]
    assert answers[0][0]["data"] == pytest.approx([2, 4, 6, 8])
    columns = [{"name": n, "shape": [1, 1], "datatype": "FP64", "data": [1.0]} for n in "ab"]
    assert infer(array, {"inputs": columns}, "array").status_code == 400
    as_table = {"parameters": {"content_type": "pd"}, "inputs": columns}
    assert infer(array, as_table, "array").status_code == 200
    assert array.post("/predict", json={"rows": [[1, 2]]}).json()["predict"][0] == pytest.approx([2, 4])


def tensor(**change):
    return {"inputs": [{**TABLE[0], **change}, TABLE[1]]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (DEEP + b"[" * 100_000, "JSON"),
        (DEEP + b"[" * 200 + b"1" + b"]" * 200 + b"}]}", "unlike lengths"),
        (b"\xff\xfe", "JSON"),
        (b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [NaN]}]}', "not JSON"),
        ({}, "inputs"),
        ({"inputs": []}, "no inputs"),
        ({"inputs": [{"name": "delay"}]}, "shape"),
        ({"inputs": TABLE[:1]}, "column 'delay' is missing"),
        ({"inputs": [*TABLE, {**TABLE[0], "name": "gate"}]}, "unknown column 'gate'"),
        (tensor(name="huor"), "did you mean 'hour'"),
        (tensor(name="delay"), "two inputs have one name"),
        (tensor(shape=[3, 1]), "do not fill the shape"),
        (tensor(shape=[-1, 1]), "sizes of 0 or more"),
        (tensor(shape=[2**62, 2**62]), "do not fill the shape"),
        (tensor(shape=[]), "sizes of 0 or more"),
        (tensor(shape=[1, 2]), "column 'hour'"),
        (tensor(data=[3.0]), "do not fill the shape"),
        (tensor(data=[[3.0], [4.0, 5.0]]), "unlike lengths"),
        (tensor(data="3, 4"), "data is no list"),
        (tensor(datatype="FP65"), "did you mean 'FP6"),
        (tensor(datatype="fp64"), "did you mean 'FP64'"),
        (tensor(datatype="INT64", data=[1.5, 2]), "numbers with a fraction"),
        (tensor(datatype="BOOL"), "BOOL"),
        (tensor(data=["a", "b"]), "FP64"),
        (tensor(datatype="BYTES", data=["a", "b"]), "expected a number"),
        (tensor(data=[None, 4.0]), "NaN"),
        (tensor(data=[{"a": 1}, 2]), "FP64"),
        ({"inputs": [{**one, "shape": [0, 1], "data": []} for one in TABLE]}, "no rows"),
    ],
)
def test_a_bad_request_is_one_line_in_the_form_of_the_protocol(named, body, words):
    response = infer(named, body)
    assert response.status_code == 400
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert words in error
    assert "\n" not in error
    assert len(error) < 600
    assert infer(named, {"inputs": TABLE}).status_code == 200


def test_unknown_models_versions_paths_and_methods(named):
    missing = infer(named, {"inputs": TABLE}, "flights-delay")
    assert missing.status_code == 404
    assert "did you mean 'flights delay'" in missing.json()["error"]
    assert named.get("/v2/models/flights delay/versions/9").status_code == 404
    assert "error" in named.get("/nowhere").json()
    wrong = named.get("/v2/models/flights delay/infer")
    assert wrong.status_code == 405
    assert "error" in wrong.json()


@pytest.mark.parametrize(
    "body", [{"rows": []}, {"rows": [[1, 2]]}, {"rows": [{"delay": 1}, {"dely": 1}]}, {}, {"rows": 3}]
)
def test_bad_rows_are_refused(named, body):
    response = named.post("/predict", json=body)
    assert response.status_code == 400
    assert "error" in response.json()


def test_a_body_over_the_limit_is_413_whether_it_says_its_length_or_not(named):
    big = b" " * (64 * 2**20 + 1)
    stated = infer(named, big)
    assert stated.status_code == 413
    assert "at most" in stated.json()["error"]

    def parts():
        for _ in range(65):
            yield b" " * 2**20

    unstated = named.post("/v2/models/flights delay/infer", content=parts())
    assert unstated.status_code == 413


def test_a_million_rows(array):
    rows = 1_000_000
    body = '{"inputs": [{"name": "x", "shape": [%d, 2], "datatype": "FP64", "data": [%s]}]}'
    values = ",".join(["0.5", "1.5"] * rows)
    answer = infer(array, (body % (rows, values)).encode(), "array").json()
    assert answer["outputs"][0]["shape"] == [rows, 2]
    assert answer["outputs"][0]["data"][-1] == pytest.approx(3.0)


def test_null_is_missing_on_the_way_in_and_out(served_store):
    model = HistGradientBoostingRegressor(max_iter=3).fit(X, X["delay"])
    register("nulls", model, example=X)
    deployment = deploy("nulls/1")
    inputs = [{**TABLE[0], "data": [None, 1.0]}, TABLE[1]]
    answer = httpx.post(f"{deployment.url}/infer", json={"inputs": inputs}).json()
    assert all(isinstance(value, float) for value in answer["outputs"][0]["data"])
    undeploy("nulls")
