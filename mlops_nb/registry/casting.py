"""From what came over a wire, or from a notebook, to the columns that a model was fitted on; by the signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.errors import InvalidInput, brief, nearest

_SHOWN = 12


def by_name(columns: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of a signature in its order, each as an array of its type.

    Args:
        columns: Values of each column, in any order; `[n]` or `[n, 1]`.
        inputs: The `inputs` of a signature.

    Raises:
        InvalidInput: A column is missing, unknown, of another length or of another type; names it and the nearest.
    """
    _refuse_names(columns, [one["name"] for one in inputs])
    if not any(len(values) for values in columns.values()):
        raise InvalidInput("there are no rows", expected="at least one")
    found = {one["name"]: column(columns[one["name"]], one) for one in inputs}
    lengths = {name: len(values) for name, values in found.items()}
    rows = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != rows:
            raise InvalidInput(f"column {brief(name)} has {length} rows", expected=f"{rows}, as in the first column")
    return found


def _refuse_names(columns: Mapping[str, Any], known: Sequence[str]) -> None:
    if columns.keys() == set(known):
        return
    expected = ", ".join(known[:_SHOWN]) + (f" … ({len(known)} columns)" if len(known) > _SHOWN else "")
    missing = [name for name in known if name not in columns]
    for name in columns:
        if name not in known:
            near = nearest(name, missing or known)
            raise InvalidInput(f"unknown column {brief(name)}", expected=expected, nearest=near)
    raise InvalidInput(f"column {brief(missing[0])} is missing", expected=expected)


def column(values: Any, one: Mapping[str, Any]) -> Any:
    """The values of one column as an array of the type that its input in a signature has.

    Numbers and booleans come back as NumPy arrays (missing ones as NaN), texts as object arrays, times and categories
    as pandas arrays.

    Raises:
        InvalidInput: A value of another type; names the column, the row and the value.
    """
    logical = one["logical"]
    array = _flat(values, one["name"])
    if logical in ("number", "bool"):
        return _number(array, one)
    if logical == "text":
        return _text(array, one)
    if logical == "category":
        return _category(array, one)
    return _time(array, one) if logical == "time" else _as_given(array, one)


def _flat(values: Any, name: str) -> Any:
    import numpy as np

    if not isinstance(values, np.ndarray):
        values = _array(values, name)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise InvalidInput(f"column {brief(name)} has shape {list(values.shape)}", expected="[rows] or [rows, 1]")
    return values


def _array(values: Any, name: str) -> Any:
    import numpy as np

    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput(f"column {brief(name)} has rows of unlike lengths", expected="one value a row") from None
    # NumPy turns [1, "a"] into texts: only the values themselves tell what was sent.
    return np.asarray(values, dtype=object) if array.dtype.kind in "US" else array


def _number(array: Any, one: Mapping[str, Any]) -> Any:
    import numpy as np

    kind, dtype = array.dtype.kind, one["dtype"]
    if kind not in "iufb":
        array = np.array([_as_number(value, row, one) for row, value in enumerate(array.tolist())], np.float64)
        if array.dtype.kind == "f" and dtype.lower().startswith(("int", "uint")) and not np.isnan(array).any():
            array = array.astype(np.int64)
    if one["logical"] == "bool":
        return array if array.dtype.kind == "f" and np.isnan(array).any() else array.astype(bool)
    if dtype.startswith("float") and dtype in {"float16", "float32", "float64"}:
        return array.astype(dtype, copy=False)
    return array if array.dtype.kind in "iuf" else array.astype(np.int64)


def _as_number(value: Any, row: int, one: Mapping[str, Any]) -> float:
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return float("nan")
    if isinstance(value, int | float):
        return float(value)
    raise _wrong(one, row, value, "true or false" if one["logical"] == "bool" else "a number")


def _wrong(one: Mapping[str, Any], row: int, value: Any, expected: str) -> InvalidInput:
    return InvalidInput(f"column {brief(one['name'])}, row {row}: {brief(value)}", expected=f"{expected} or null")


def _text(array: Any, one: Mapping[str, Any]) -> Any:
    import numpy as np

    texts = array.astype(object) if array.dtype != object else array
    for row, value in enumerate(texts.tolist()):
        if not isinstance(value, str | bytes) and value is not None and value == value:
            raise _wrong(one, row, value, "a text")
    return np.array([None if value is None or value != value else value for value in texts.tolist()], object)


def _category(array: Any, one: Mapping[str, Any]) -> Any:
    import pandas as pd

    known = list(one.get("categories") or [])
    values = [None if value is None or value != value else value for value in array.tolist()]
    if one["datatype"] == "BYTES":
        for row, value in enumerate(values):
            if value is not None and not isinstance(value, str):
                raise _wrong(one, row, value, "a text")
    # An unseen category stays what it is: what to do with it is the model's business, as it is in the notebook.
    seen = set(known)
    unseen = sorted({value for value in values if value is not None and value not in seen}, key=str)
    return pd.Categorical(values, categories=[*known, *unseen], ordered=bool(one.get("ordered")) and not unseen)


def _time(array: Any, one: Mapping[str, Any]) -> Any:
    import pandas as pd

    dtype = one["dtype"] if one["dtype"].startswith(("datetime64", "timedelta64")) else ""
    if array.dtype.kind not in "mMO":
        raise _wrong(one, 0, array[0].item() if len(array) else None, "a time as text (ISO 8601)")
    span = one["dtype"].lower().startswith(("timedelta", "duration"))
    try:
        found = (
            pd.to_timedelta(array)
            if span
            else pd.to_datetime(array, format=None if array.dtype.kind == "M" else "ISO8601")
        )
        return found.astype(dtype) if dtype else found
    except (ValueError, TypeError, OverflowError) as error:
        what = f"column {brief(one['name'])} holds what is no time: {brief(str(error), 80)}"
        raise InvalidInput(what, expected="ISO 8601 text or null") from None


def _as_given(array: Any, one: Mapping[str, Any]) -> Any:
    """A column of which only the name is known: numbers stay numbers, all else stays as it came."""
    if array.dtype != object or any(isinstance(value, str) for value in array.tolist()):
        return array
    return _number(array, {**one, "logical": "number", "dtype": ""})


def nameless(values: Any, one: Mapping[str, Any]) -> Any:
    """The one array, or list of texts, that a model without column names takes.

    Raises:
        InvalidInput: Another shape or type.
    """
    import numpy as np

    shape = one["shape"]
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput("rows have unlike lengths", expected=f"one array of shape {shape}") from None
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise InvalidInput(f"the input has shape {list(array.shape)}", expected=f"{shape} (-1: any number of rows)")
    if not len(array):
        raise InvalidInput("there are no rows", expected="at least one")
    if one["logical"] in ("text", "category"):
        return _texts(values, array, one)
    return _numbers(values, array, one)


def _texts(values: Any, array: Any, one: Mapping[str, Any]) -> Any:
    import numpy as np

    flat = np.asarray(values, dtype=object)
    found = _text(flat.ravel(), one).reshape(array.shape)
    return found.tolist() if found.ndim == 1 else found


def _numbers(values: Any, array: Any, one: Mapping[str, Any]) -> Any:
    import numpy as np

    if array.dtype.kind not in "iufb":
        flat = np.asarray(values, dtype=object).ravel()
        array = np.array([_as_number(value, row, one) for row, value in enumerate(flat.tolist())]).reshape(array.shape)
    wanted = one["dtype"] if one["dtype"] in {"float16", "float32", "float64"} else ""
    return array.astype(wanted or (np.float64 if not one["dtype"] else array.dtype), copy=False)
