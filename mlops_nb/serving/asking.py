"""Asking a deployment over HTTP, as any client would, for data in whatever form a notebook has it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief
from mlops_nb.serving import protocol
from mlops_nb.serving.judging import connectable
from mlops_nb.serving.model import Deployment, Prediction

_TIMEOUT_S = 60.0


def ask(deployment: Deployment, data: Any) -> Prediction:
    """The deployment's answer for `data`.

    Raises:
        InvalidInput: `data` is not what the version takes.
        MlopsError: The deployment does not answer.
    """
    path = f"/v2/models/{quote(deployment.name)}"
    connection = http.client.HTTPConnection(connectable(deployment.host), deployment.port, timeout=_TIMEOUT_S)
    try:
        metadata = _call(connection, deployment, "GET", path, None)
        body = protocol.encode({"inputs": protocol.tensors(columns(data, metadata["inputs"]))})
        begun = time.perf_counter()
        answer = _call(connection, deployment, "POST", f"{path}/infer", body)
        return _prediction(deployment, answer, metadata, time.perf_counter() - begun)
    finally:
        connection.close()


def _call(
    connection: http.client.HTTPConnection, deployment: Deployment, method: str, path: str, body: bytes | None
) -> Any:
    for attempt in (1, 2):
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return _read(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            # The worker may have died on this connection; its successor takes the next.
            connection.close()
            if attempt == 2:
                fix = f"%deploy {deployment.version} --name {deployment.name}"
                raise MlopsError(f"{deployment.name} does not answer: {brief(str(error))}", fix=fix) from error
    raise AssertionError("unreachable")


def _read(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content)
    except ValueError:
        raise MlopsError(f"the answer is not JSON (HTTP {status})", fix="is another program on this port?") from None
    if status == 200:
        return answer
    kind = {400: InvalidInput, 404: NotFound, 413: InvalidInput}.get(status, MlopsError)
    raise kind(str(answer.get("error", f"HTTP {status}")))


def _prediction(deployment: Deployment, answer: Any, metadata: Any, seconds: float) -> Prediction:
    outputs = {one["name"]: _values(one) for one in answer["outputs"]}
    described = {one["name"]: one for one in metadata["outputs"]}
    classes = described.get("probability", {}).get("parameters", {}).get("classes", [])
    version = f"{deployment.model}/{answer['model_version']}"
    return Prediction(deployment.name, version, outputs.get("predict", ()), outputs, tuple(classes), seconds)


def _values(output: Mapping[str, Any]) -> tuple[Any, ...]:
    shape, data = output["shape"], output["data"]
    if len(shape) < 2:
        return tuple(data)
    width = len(data) // shape[0] if shape[0] else 0
    return tuple(tuple(data[i * width : (i + 1) * width]) for i in range(shape[0]))


def columns(data: Any, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Inputs by name from a frame, dict, list of rows, array, JSON text or the path of a file.

    Args:
        data: The data.
        inputs: The inputs of the deployment's metadata.

    Raises:
        InvalidInput: No such data, or a form that is not known.
        NotFound: No such file.
    """
    if isinstance(data, str | Path):
        data = _from_text(data) if str(data).lstrip().startswith(("{", "[")) else _from_file(Path(data))
    named = _named(data)
    if named is None:
        return {inputs[0]["name"]: _array(data)}
    if len(inputs) == 1 and inputs[0]["name"] not in named:
        return {inputs[0]["name"]: _stacked(named, inputs[0])}
    return named


def _named(data: Any) -> dict[str, Any] | None:
    kind = type(data).__module__.partition(".")[0]
    if kind == "pandas" and hasattr(data, "to_frame") and hasattr(data, "index") and not hasattr(data, "columns"):
        data = data.to_dict()  # one row of a frame is a Series
    if hasattr(data, "columns") and hasattr(data, "to_dict"):
        names = [str(name) for name in data.columns]
        series = [data.iloc[:, i] for i in range(len(names))] if kind == "pandas" else [data[name] for name in names]
        return {name: _objects(one) for name, one in zip(names, series, strict=True)}
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        found = dict.fromkeys(str(name) for row in data for name in row)
        return {name: [row.get(name) for row in data] for name in found}
    if isinstance(data, Mapping):
        return {str(name): [v] if _scalar(v) else _objects(v) for name, v in data.items()}
    return None


def _scalar(value: Any) -> bool:
    return isinstance(value, str | bytes) or not hasattr(value, "__len__")


def _objects(values: Any) -> Any:
    """A column as a NumPy array; what NumPy has no type for, as Python objects."""
    import numpy as np

    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "biufmM":
        return np.asarray(values)
    listed = values.to_list() if hasattr(values, "to_list") else list(values)
    return np.array(listed, dtype=object)


def _array(data: Any) -> Any:
    import numpy as np

    array = data.toarray() if hasattr(data, "toarray") else data
    try:
        array = np.asarray(array)
    except (ValueError, TypeError):
        raise InvalidInput("rows of unlike lengths", expected="one length") from None
    if array.ndim == 0:
        raise InvalidInput(f"{brief(data)} is no data", expected="a frame, array, dict, list of rows, or a file")
    return array


def _stacked(named: Mapping[str, Any], one: Mapping[str, Any]) -> Any:
    import numpy as np

    if len(one["shape"]) < 2 and len(named) == 1:
        return next(iter(named.values()))
    return np.column_stack([np.asarray(values) for values in named.values()])


def _from_text(text: str | Path) -> Any:
    try:
        return json.loads(str(text))
    except ValueError as error:
        raise InvalidInput(f"this is not JSON: {error}", expected='{"column": value, …} or [{…}, …]') from None


def _from_file(path: Path) -> Any:
    import pandas as pd

    readers: dict[str, Any] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    if not path.is_file():
        raise NotFound(f"no file {brief(str(path))}", expected="data, or a .csv, .parquet or .json file")
    if path.suffix == ".json":
        return _from_text(path.read_text("utf-8"))
    if path.suffix not in readers:
        raise InvalidInput(f"{brief(path.name)} is of no known kind", expected=".csv, .parquet or .json")
    try:
        return readers[path.suffix](path)
    except (ValueError, OSError) as error:
        raise InvalidInput(f"{brief(path.name)} can't be read: {brief(str(error), 120)}") from error
