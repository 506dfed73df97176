"""What a model takes and gives: names, types and shapes in the words of the Open Inference Protocol v2.

A signature is plain JSON, version 1:

- `version`: 1; `named`: whether columns go by name; `container`: what the model was fitted on (`pandas`, `polars`,
  `numpy`, `sparse`, `list`).
- `inputs`: for each column (or the one array) `name`, `datatype` (BOOL, INT64, FP64, BYTES …), `shape` with -1 where
  it may vary, `dtype` as the library calls it, `logical` (`number`, `bool`, `text`, `category`, `time`, `any`) and for
  a category its `categories` and whether they are `ordered`.
- `outputs`: `name`, `datatype`, `shape`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

VERSION = 1
_TEXT_LIMIT = 200
_COLUMN_LIMIT = 2000
_CATEGORY_LIMIT = 10_000
_NUMBERS = {"i": "INT", "u": "UINT", "f": "FP"}


def infer(inputs: Any, outputs: Any = None) -> dict[str, Any]:
    """The signature of a model that was given `inputs` and gave `outputs`.

    Args:
        inputs: A DataFrame (pandas, Polars), array, sparse matrix, or list of rows or texts.
        outputs: A prediction or a target of the same rows, or None when it is not known.

    Returns:
        The signature, version 1, as JSON-able values.
    """
    signature: dict[str, Any] = {"version": VERSION, **_inputs(inputs)}
    signature["outputs"] = [] if outputs is None else [output("predict", outputs)]
    return signature


def unknown(names: Sequence[str] | None, count: int | None) -> dict[str, Any]:
    """The signature of a model of which only the columns' names or their number is known."""
    if names:
        described = [_column(str(name), "any", "") for name in names]
        return {"version": VERSION, "named": True, "container": "pandas", "inputs": described, "outputs": []}
    shape = [-1] if count is None else [-1, count]
    one = {"name": "input", "datatype": "FP64", "shape": shape, "dtype": "", "logical": "any"}
    return {"version": VERSION, "named": False, "container": "numpy", "inputs": [one], "outputs": []}


def output(name: str, values: Any) -> dict[str, Any]:
    """One output of a signature, from values of it (the first dimension is rows)."""
    import numpy as np

    array = np.asarray(values)
    return {"name": name, "datatype": datatype(array), "shape": [-1, *map(int, array.shape[1:])]}


def datatype(array: Any) -> str:
    """The protocol's word for the type of a NumPy array: BOOL, INT8 … UINT64, FP16 … FP64, or BYTES."""
    kind = array.dtype.kind
    if kind == "b" or (kind == "O" and array.size and all(isinstance(v, bool) for v in array.flat)):
        return "BOOL"
    if kind in _NUMBERS and array.dtype.itemsize <= 8:
        return f"{_NUMBERS[kind]}{array.dtype.itemsize * 8}"
    if kind == "O" and array.size and all(isinstance(v, int | float | type(None)) for v in array.flat):
        return "INT64" if all(isinstance(v, int) for v in array.flat) else "FP64"
    return "BYTES"


def example(inputs: Any, rows: int = 5) -> dict[str, Any]:
    """The first rows as a JSON-able example: `{"columns": […], "rows": [[…]]}`; columns are null for an array.

    Texts are cut at 200 characters, numbers that JSON has no word for are null, columns beyond 2,000 are left out.
    """
    columns = _frame_columns(inputs)
    if columns is None:
        return {"columns": None, "rows": _array_rows(inputs, rows)}
    kept = columns[:_COLUMN_LIMIT]
    values = [[_plain(value) for value in _first(series, rows)] for _, series in kept]
    return {"columns": [name for name, _ in kept], "rows": [list(row) for row in zip(*values, strict=True)]}


def _array_rows(inputs: Any, rows: int) -> list[Any]:
    head = inputs[:rows] if hasattr(inputs, "__getitem__") else []
    head = head.toarray() if hasattr(head, "toarray") else head
    head = head.to_list() if hasattr(head, "to_list") else head.tolist() if hasattr(head, "tolist") else list(head)
    return [_plain(row) for row in head]


def _first(series: Any, rows: int) -> list[Any]:
    head = series[:rows] if not hasattr(series, "head") else series.head(rows)
    return list(head.to_list() if hasattr(head, "to_list") else head)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value[:_COLUMN_LIMIT]]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, bool) or type(value).__name__ in {"NAType", "NaTType"}:
        return value if isinstance(value, bool) else None
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"


def _frame_columns(inputs: Any) -> list[tuple[str, Any]] | None:
    """Name and values of each column, or None when columns have no names."""
    kind = type(inputs).__module__.partition(".")[0]
    if kind in ("pandas", "polars") and hasattr(inputs, "columns"):
        names = list(inputs.columns)
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            return None  # scikit-learn too gives a frame with other labels no feature names
        pick = inputs.iloc if kind == "pandas" else None
        return [(name, pick[:, i] if pick is not None else inputs[name]) for i, name in enumerate(names)]
    if isinstance(inputs, Mapping):
        return [(str(name), value) for name, value in inputs.items()]
    return None


def _inputs(inputs: Any) -> dict[str, Any]:
    columns = _frame_columns(inputs)
    if columns is not None:
        container = "polars" if type(inputs).__module__.startswith("polars") else "pandas"
        described = [_describe(name, series) for name, series in columns]
        return {"named": True, "container": container, "inputs": described}
    return {"named": False, **_array(inputs)}


def _array(inputs: Any) -> dict[str, Any]:
    import numpy as np

    if hasattr(inputs, "toarray") and hasattr(inputs, "nnz"):
        container, array = "sparse", np.empty((0, inputs.shape[1]), inputs.dtype)
    else:
        container = "list" if isinstance(inputs, list | tuple) else "numpy"
        array = np.asarray(inputs)
    one: dict[str, Any] = {"name": "input", "datatype": datatype(array), "shape": [-1, *map(int, array.shape[1:])]}
    one |= {"dtype": str(array.dtype), "logical": _logical(array.dtype.kind, one["datatype"])}
    return {"container": container, "inputs": [one]}


def _logical(kind: str, word: str) -> str:
    if kind in "mM":
        return "time"
    return {"BYTES": "text", "BOOL": "bool"}.get(word, "number")


def _describe(name: str, series: Any) -> dict[str, Any]:
    import numpy as np

    dtype = getattr(series, "dtype", None)
    word = str(dtype)
    if hasattr(dtype, "categories") or word.startswith(("Categorical", "Enum")):
        return _category(name, series, word)
    if word.lower().startswith(("datetime", "date", "timestamp", "duration", "timedelta", "time")):
        return _column(name, "time", word)
    if word in {"boolean", "Boolean", "bool", "bool[pyarrow]"}:
        return {**_column(name, "bool", word), "datatype": "BOOL"}
    exact = _exact(word)
    if exact:
        return {**_column(name, "number", word), "datatype": exact}
    array = np.asarray([v for v in _first(series, 1000) if v is not None], dtype=object)
    found = datatype(array)
    return {**_column(name, _logical("O", found), word), "datatype": found}


def _exact(word: str) -> str:
    """INT64 for 'int64', 'Int64', 'int64[pyarrow]'; FP32 for 'float32', 'float[pyarrow]'; else nothing."""
    lower = word.lower().removesuffix("[pyarrow]")
    lower = {"float": "float32", "double": "float64"}.get(lower, lower)
    for prefix, short in (("uint", "UINT"), ("int", "INT"), ("float", "FP")):
        if lower.startswith(prefix) and lower[len(prefix) :] in {"8", "16", "32", "64"}:
            return short + lower[len(prefix) :]
    return ""


def _column(name: str, logical: str, dtype: str) -> dict[str, Any]:
    word = "FP64" if logical == "any" else "BYTES"
    return {"name": name, "datatype": word, "shape": [-1, 1], "dtype": dtype, "logical": logical}


def _category(name: str, series: Any, word: str) -> dict[str, Any]:
    import numpy as np

    # A Polars Categorical has one pool of categories for all columns: its own are those that occur.
    found = series.unique().drop_nulls().sort() if word.startswith("Categorical") else series.dtype.categories
    values = found.to_list() if hasattr(found, "to_list") else list(found)
    column = _column(name, "category", "category")
    column["datatype"] = datatype(np.asarray(values, dtype=object)) if values else "BYTES"
    column["categories"] = [_plain(value) for value in values] if len(values) <= _CATEGORY_LIMIT else []
    column["ordered"] = bool(getattr(series.dtype, "ordered", False))
    return column
