"""The Open Inference Protocol v2 as JSON: requests to values, answers to bytes.

Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mlops_nb.adapters import signatures
from mlops_nb.errors import InvalidInput, brief, nearest

_INTEGERS = {"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}
_FLOATS = {"FP16", "FP32", "FP64"}
DATATYPES = frozenset({"BOOL", "BYTES", *_INTEGERS, *_FLOATS})
_KINDS = {"i": "numbers", "u": "numbers", "f": "numbers", "b": "true or false"}


class Tensor(msgspec.Struct):
    """An input: `data` is row-major, flat or nested."""

    name: str
    shape: list[int]
    datatype: str
    data: Any
    parameters: dict[str, Any] | None = None


class Wanted(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct):
    """The body of `infer`."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[Wanted] | None = None


class RowsRequest(msgspec.Struct):
    """The body of `/predict`: rows as objects by column name, or as lists for a model without names."""

    rows: list[Any]


class Split(msgspec.Struct):
    """A table as its columns and its rows."""

    columns: list[str]
    data: list[list[Any]]
    index: list[Any] | None = None


class Invocation(msgspec.Struct):
    """The body of `/invocations`, in one of four shapes, as MLflow's model server takes it.

    Source: mlflow.org/docs, "Deploy MLflow Model as a Local Inference Server", accepted input formats.
    """

    dataframe_split: Split | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    instances: list[Any] | None = None
    inputs: dict[str, Any] | list[Any] | None = None
    params: dict[str, Any] | None = None


_infer = msgspec.json.Decoder(InferRequest)
_invocation = msgspec.json.Decoder(Invocation)
_rows = msgspec.json.Decoder(RowsRequest)
encode = msgspec.json.Encoder().encode


def infer_request(body: bytes) -> InferRequest:
    """The body of `infer`, checked in form.

    Raises:
        InvalidInput: Not JSON, or not this form; says where.
    """
    request: InferRequest = _decoded(_infer, body, '{"inputs": [{"name", "shape", "datatype", "data"}, …]}')
    return request


def rows_request(body: bytes) -> RowsRequest:
    """The body of `/predict`, checked in form.

    Raises:
        InvalidInput: Not JSON, or not this form; says where.
    """
    request: RowsRequest = _decoded(_rows, body, '{"rows": [{…}, …]}')
    return request


def invocation(body: bytes) -> Any:
    """What `/invocations` was sent: columns by name, or rows as lists.

    Raises:
        InvalidInput: Not JSON, none of the four shapes or several, rows of unlike lengths, or params.
    """
    form = '{"dataframe_split": …}, {"dataframe_records": …}, {"instances": …} or {"inputs": …}'
    request: Invocation = _decoded(_invocation, body, form)
    if request.params:
        raise InvalidInput("this model takes no params", expected=form)
    sent = [
        one
        for one in (request.dataframe_split, request.dataframe_records, request.instances, request.inputs)
        if one is not None
    ]
    if len(sent) != 1:
        raise InvalidInput(f"{len(sent) or 'none'} of the four shapes", expected=form)
    (found,) = sent
    if isinstance(found, Split):
        return _split_columns(found)
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return columns_of(found)
    return found


def _split_columns(split: Split) -> dict[str, list[Any]]:
    for number, row in enumerate(split.data):
        if len(row) != len(split.columns):
            raise InvalidInput(f"row {number} has {len(row)} values", expected=f"{len(split.columns)}, one a column")
    if len(set(split.columns)) < len(split.columns):
        raise InvalidInput("two columns have one name", expected="each name once")
    return {name: [row[i] for row in split.data] for i, name in enumerate(split.columns)}


def columns_of(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Rows as objects, as columns; what a row lacks is null.

    Raises:
        InvalidInput: A row is no object.
    """
    names: dict[str, None] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidInput(f"row {number} is no object", expected="columns by name in each row")
        names.update(dict.fromkeys(row))
    return {name: [row.get(name) for row in rows] for name in names}


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, form: str) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), expected=form) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body is not JSON: {error}", expected=form) from None


def inputs_of(request: InferRequest, named: bool) -> Any:
    """What a predictor casts: columns by name, or the one array.

    Raises:
        InvalidInput: No inputs, two of one name, an unknown datatype, or data that does not fit shape and datatype.
    """
    if not request.inputs:
        raise InvalidInput("there are no inputs", expected="at least one")
    arrays = {tensor.name: values(tensor) for tensor in request.inputs}
    if len(arrays) < len(request.inputs):
        raise InvalidInput("two inputs have one name", expected="each name once")
    if named:
        return arrays
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    if (request.parameters or {}).get("content_type") == "pd":
        return _stacked(list(arrays.values()))
    raise InvalidInput(f"this model takes one input, not {len(arrays)}", expected="one tensor of any name")


def _stacked(columns: list[Any]) -> Any:
    import numpy as np

    try:
        return np.column_stack(columns)
    except ValueError:
        raise InvalidInput("the columns have unlike lengths", expected="one length for all") from None


def values(tensor: Tensor) -> Any:
    """The data of a tensor as an array of its shape.

    Raises:
        InvalidInput: Names the input, what it holds and what its shape or datatype promised.
    """
    import numpy as np

    if tensor.datatype not in DATATYPES:
        near = nearest(tensor.datatype.upper(), DATATYPES)
        raise InvalidInput(
            f"input {brief(tensor.name)}: unknown datatype {brief(tensor.datatype)}",
            expected="BOOL, INT64, FP64, BYTES …",
            nearest=near,
        )
    if not isinstance(tensor.data, list):
        raise InvalidInput(f"input {brief(tensor.name)}: data is no list", expected="a list of values")
    if not tensor.shape or min(tensor.shape) < 0:
        raise InvalidInput(f"input {brief(tensor.name)} has shape {tensor.shape}", expected="sizes of 0 or more")
    array = _array(tensor)
    if array.size != int(np.prod(tensor.shape, dtype=object)) or array.ndim not in (1, len(tensor.shape)):
        raise InvalidInput(
            f"input {brief(tensor.name)}: {array.size} values do not fill the shape {tensor.shape}",
            expected="data of that many values, flat or nested",
        )
    return array.reshape(tensor.shape)


def _array(tensor: Tensor) -> Any:
    import numpy as np

    try:
        array = np.array(tensor.data, dtype=object if tensor.datatype == "BYTES" else None)
    except (ValueError, OverflowError, TypeError):
        raise InvalidInput(f"input {brief(tensor.name)}: rows of unlike lengths", expected="one length") from None
    kind = array.dtype.kind
    if kind in "iufb":
        _refuse_kind(tensor, kind, array)
        return array
    return array if tensor.datatype == "BYTES" and kind == "O" else _nullable(tensor)


def _nullable(tensor: Tensor) -> Any:
    """Values with null among them, each checked; nested data is flattened by the shape's own rule."""
    import numpy as np

    array = np.array(tensor.data, dtype=object)
    allowed: tuple[type, ...] = {"BOOL": (bool,), "BYTES": (str,)}.get(tensor.datatype, (int, float))
    for value in array.flat:
        if value is not None and not isinstance(value, allowed):
            raise InvalidInput(f"input {brief(tensor.name)}: {brief(value)}", expected=f"{tensor.datatype} or null")
    return array


def _refuse_kind(tensor: Tensor, kind: str, array: Any) -> None:
    word = tensor.datatype
    fits = kind == "b" if word == "BOOL" else kind in "iu" if word in _INTEGERS else kind in "iuf"
    if kind == "f" and word in _INTEGERS and array.size == 0:
        fits = True
    if array.size and not fits:
        what = "numbers with a fraction" if kind == "f" else _KINDS[kind]
        raise InvalidInput(f"input {brief(tensor.name)} holds {what}", expected=word)


def output(name: str, array: Any) -> dict[str, Any]:
    """One output in the protocol's form; data is flat, and NaN is null."""
    word = signatures.datatype(array)
    flat = array.ravel().tolist()
    if word == "BYTES":
        flat = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in flat]
    return {"name": name, "shape": list(array.shape), "datatype": word, "data": flat}


def tensors(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Inputs in the protocol's form, from columns or arrays by name."""
    import numpy as np

    found = []
    for name, given in columns.items():
        array = np.asarray(given)
        shape = [*array.shape, 1] if array.ndim == 1 else list(array.shape)
        one = _sent(array)
        found.append({"name": name, "shape": shape, "datatype": one[0], "data": one[1]})
    return found


def _sent(array: Any) -> tuple[str, list[Any]]:
    if array.dtype.kind in "mM":
        missing = array != array
        texts = array.astype(str).ravel().tolist()
        return "BYTES", [None if gone else text for text, gone in zip(texts, missing.ravel().tolist(), strict=True)]
    flat = [_word(value) for value in array.ravel().tolist()] if array.dtype == object else array.ravel().tolist()
    if array.dtype.kind not in "OUS":
        return signatures.datatype(array), flat
    some = [value for value in flat if value is not None]
    if some and all(isinstance(value, bool) for value in some):
        return "BOOL", flat
    if some and all(isinstance(value, int | float) for value in some):
        whole = all(isinstance(value, int) for value in some)
        return ("INT64" if whole else "FP64"), flat
    return "BYTES", [None if value is None else str(value) for value in flat]


def _word(value: Any) -> Any:
    if value is None or value != value or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
