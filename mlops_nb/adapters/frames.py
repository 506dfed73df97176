"""What is known of other people's tables: pandas, Polars, Arrow, DuckDB, Narwhals, NumPy, lists and dicts.

Whatever comes in leaves as named columns of Arrow or NumPy values, or as a stream of Arrow batches. Nothing
is copied that need not be, no library is imported that the caller has not imported, and what can't be
carried over says why.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_nb.errors import InvalidInput, brief


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame in memory.

    Attributes:
        name: Its name as text.
        values: A pyarrow Array or ChunkedArray, or a one-dimensional NumPy array of plain numbers; None if
            `why`.
        note: What the type alone does not tell: the categories of a categorical and whether they are ordered.
        why: Why its values can't be carried over, or an empty string.
    """

    name: str
    values: Any
    note: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A table in memory: columns of one length."""

    columns: tuple[Column, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A table that comes in Arrow record batches, once."""

    schema: Any
    batches: Iterator[Any]


def _is(obj: Any, module: str, *names: str) -> bool:
    """Whether an object is of one of a library's classes; the library is not imported to find out."""
    found = sys.modules.get(module)
    return isinstance(obj, tuple(getattr(found, name) for name in names if hasattr(found, name)))


def read(obj: Any) -> Frame | Stream | None:
    """The columns of anything tabular, or None when it is no table.

    Raises:
        InvalidInput: A dict whose columns have unlike lengths, or a library that refuses to hand over its
            data.
    """
    if isinstance(obj, Frame | Stream):
        return obj
    if _is(obj, "narwhals", "DataFrame", "LazyFrame", "Series"):
        return read(obj.to_native())
    if _is(obj, "pandas", "DataFrame", "Series", "Index"):
        return _pandas(obj)
    if _is(obj, "pandas.api.extensions", "ExtensionArray"):
        return Frame((_series("", sys.modules["pandas"].Series(obj)),), len(obj))
    if _is(obj, "polars", "DataFrame", "LazyFrame", "Series"):
        return _polars(obj)
    if _is(obj, "pyarrow", "Table", "RecordBatch", "Array", "ChunkedArray"):
        return _arrow(obj)
    if _is(obj, "pyarrow", "RecordBatchReader") or _is(obj, "pyarrow.dataset", "Dataset", "Scanner"):
        return _reader(obj)
    if hasattr(obj, "__arrow_c_stream__") or hasattr(obj, "__arrow_c_array__"):
        return _capsule(obj)
    if isinstance(obj, Mapping):
        return _mapping(obj)
    return _sequence(obj) if isinstance(obj, list | tuple) else None


def _reader(obj: Any) -> Stream:
    scanner = obj.scanner() if hasattr(obj, "scanner") else obj
    reader = scanner.to_reader() if hasattr(scanner, "to_reader") else scanner
    return Stream(reader.schema, iter(reader))


def _capsule(obj: Any) -> Frame | Stream:
    import pyarrow as pa

    try:
        if hasattr(obj, "__arrow_c_stream__"):
            reader = pa.RecordBatchReader.from_stream(obj)
            return Stream(reader.schema, iter(reader))
        return _arrow(pa.record_batch(obj))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(f"{type(obj).__name__} does not hand over its data as Arrow: {error}") from error


def _arrow(obj: Any) -> Frame:
    if not hasattr(obj, "schema"):
        return Frame((Column("", obj),), len(obj))
    names = obj.schema.names
    return Frame(tuple(Column(name, obj.column(i)) for i, name in enumerate(names)), obj.num_rows)


def _pandas(obj: Any) -> Frame:
    import pandas as pd

    if isinstance(obj, pd.MultiIndex):
        return Frame(tuple(_levels(obj)), len(obj))
    if isinstance(obj, pd.Index):
        return Frame((_series(_label(obj.name), obj),), len(obj))
    named = obj.items() if isinstance(obj, pd.DataFrame) else ((obj.name, obj),)
    columns = [*_index(obj.index), *(_series(_label(name), series) for name, series in named)]
    return Frame(tuple(columns), len(obj))


def _label(name: Any) -> str:
    return name if isinstance(name, str) else "" if name is None else str(name)


def _index(index: Any) -> Iterator[Column]:
    """A named index, or one that is not of integers, is data; a plain row number is not."""
    if index.nlevels > 1:
        yield from _levels(index)
    elif index.name is not None or (index.dtype.kind not in "iu" and len(index)):
        yield _series("__index_level_0__" if index.name is None else str(index.name), index)


def _levels(index: Any) -> Iterator[Column]:
    for i, name in enumerate(index.names):
        yield _series(f"__index_level_{i}__" if name is None else str(name), index.get_level_values(i))


def _series(name: str, series: Any) -> Column:
    dtype = series.dtype
    if type(dtype).__name__ == "SparseDtype":
        series = series.array.to_dense()
        dtype = series.dtype
    if isinstance(getattr(dtype, "kind", None), str) and dtype.kind in "biufcmM" and hasattr(dtype, "itemsize"):
        array = getattr(series, "array", series)
        if not hasattr(dtype, "tz") and hasattr(dtype, "newbyteorder"):
            return numbers(name, array.to_numpy() if hasattr(array, "to_numpy") else array)
    if str(dtype) == "object":
        return objects(name, series.to_numpy() if hasattr(series, "to_numpy") else series)
    note = ""
    if hasattr(dtype, "categories"):
        note = f"category(ordered={bool(dtype.ordered)},{_listing(dtype.categories)})"
    return _converted(name, series, note)


def _listing(values: Any) -> str:
    """How many categories, and a digest of their list: the list itself may be long or private."""
    from blake3 import blake3

    listed = "".join(f"{len(text)}:{text}" for text in map(str, values))
    return f"{len(values)} values {blake3(listed.encode('utf-8', 'surrogatepass')).hexdigest(8)}"


def _converted(name: str, values: Any, note: str = "") -> Column:
    import pyarrow as pa

    try:
        return Column(name, pa.array(values, from_pandas=True), note)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        return Column(name, None, why=str(error))


def numbers(name: str, values: Any) -> Column:
    """A one-dimensional NumPy array of numbers, booleans, times, strings or bytes as a column."""
    kind = values.dtype.kind
    if kind in "mM":
        return _ticks(name, values)
    if kind in "US":
        return _converted(name, values)
    if kind in "biu" or (kind == "f" and values.dtype.itemsize <= 8):
        return Column(name, values)
    return Column(name, None, why=f"NumPy {values.dtype} has no Arrow type")


def _ticks(name: str, values: Any) -> Column:
    import numpy as np

    unit, step = np.datetime_data(values.dtype)
    wider = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}
    if values.dtype.kind == "m":
        wider = {"W": "s", "D": "s", "h": "s", "m": "s"}
    if unit == "generic" and values.dtype.kind == "m":
        return Column(name, None, why="NumPy timedelta64 without a unit")
    target = wider.get(unit, unit if unit != "generic" else "s")
    if target != unit or step != 1:
        values = values.astype(f"{values.dtype.kind}8[{target}]")
    if values.dtype.kind == "M" and target == "D":
        return _converted(name, values)
    return Column(name, values) if target in {"s", "ms", "us", "ns"} else Column(name, None, why=f"unit {unit}")


def objects(name: str, values: Any) -> Column:
    """Python objects as a column by Arrow's inference, checked for what that loses or reads by chance."""
    import pyarrow as pa

    try:
        found = pa.array(values, from_pandas=True)
    except OverflowError:
        return _checked(name, values, pa.uint64())
    except (pa.ArrowException, TypeError, ValueError) as error:
        return Column(name, None, why=str(error))
    quick = pa.types.is_string(found.type) or pa.types.is_integer(found.type) or pa.types.is_null(found.type)
    if quick or pa.types.is_boolean(found.type) or pa.types.is_floating(found.type):
        return Column(name, found)
    why = _lost(values, found.type)
    if why == "nanoseconds":
        return _nanoseconds(name, values)
    return Column(name, None, why=why) if why else Column(name, found)


def _checked(name: str, values: Any, kind: Any) -> Column:
    import pyarrow as pa

    try:
        return Column(name, pa.array(values, type=kind, from_pandas=True))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        return Column(name, None, why=str(error))


def _nanoseconds(name: str, values: Any) -> Column:
    import pandas as pd

    series = pd.Series(values, dtype=object).infer_objects()
    if series.dtype == object:
        return Column(name, None, why="timestamps of unlike kinds in one column")
    return _series(name, series)


def _lost(values: Any, kind: Any) -> str:
    """What Arrow's inference would lose: nanoseconds, zones, str against bytes, the order of a set."""
    import pyarrow as pa

    kinds: set[str] = set()
    _survey(values, kinds)
    if "set" in kinds:
        return "a set has no order to fingerprint"
    if {"str", "bytes"} <= kinds and not pa.types.is_nested(kind):
        return "str and bytes in one column"
    if {"naive", "aware"} <= kinds or "zoned time" in kinds:
        return "times with and without a zone in one column"
    if "nanoseconds" in kinds:
        return "nanoseconds" if not pa.types.is_nested(kind) else "nanoseconds in a nested value"
    return ""


def _survey(values: Any, kinds: set[str]) -> None:
    for value in values:
        if type(value).__name__ == "NaTType":  # is a datetime, with NaN nanoseconds
            continue
        if isinstance(value, set | frozenset):
            kinds.add("set")
        elif isinstance(value, str | bytes):
            kinds.add(type(value).__name__)
        elif isinstance(value, dt.datetime):
            kinds.add("naive" if value.tzinfo is None else "aware")
        elif isinstance(value, dt.time) and value.tzinfo is not None:
            kinds.add("zoned time")
        elif isinstance(value, Mapping):
            _survey(value.values(), kinds)
        elif isinstance(value, list | tuple):
            _survey(value, kinds)
        if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
            kinds.add("nanoseconds")


def _polars(obj: Any) -> Frame:
    import polars as pl

    if isinstance(obj, pl.LazyFrame):
        obj = obj.collect()
    if isinstance(obj, pl.Series):
        return Frame((_polars_series(obj),), len(obj))
    return Frame(tuple(_polars_series(series) for series in obj.get_columns()), obj.height)


def _polars_series(series: Any) -> Column:
    import polars as pl
    import pyarrow as pa

    if "Object" in str(series.dtype):  # Polars would hand over the addresses of the objects
        return Column(series.name, None, why="a Polars Object column")
    note = f"enum({_listing(series.dtype.categories)})" if isinstance(series.dtype, pl.Enum) else ""
    try:
        return Column(series.name, pa.chunked_array(series), note)
    except (pa.ArrowException, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        return Column(series.name, None, why=str(error))


def _mapping(obj: Mapping[Any, Any]) -> Frame | None:
    if not obj:
        return Frame((), 0)
    if all(_scalar(value) for value in obj.values()):
        return Frame(tuple(objects(_label(name), [value]) for name, value in obj.items()), 1)
    columns = [_values(_label(name), value) for name, value in obj.items()]
    if any(column is None for column in columns):
        return None
    lengths = {len(value) for value in obj.values()}
    if len(lengths) > 1:
        raise InvalidInput("a dict of columns of unlike lengths", expected="one length for all")
    return Frame(tuple(column for column in columns if column is not None), lengths.pop())


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bytes) or not hasattr(value, "__len__")


def _values(name: str, value: Any) -> Column | None:
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype.kind == "V":
            return None
        return objects(name, value) if value.dtype == object else numbers(name, value)
    if isinstance(value, list | tuple):
        return objects(name, list(value))
    frame = None if isinstance(value, Mapping) else read(value)
    if not isinstance(frame, Frame) or len(frame.columns) != 1:
        return None
    column = frame.columns[0]
    return Column(name, column.values, column.note, column.why)


def _sequence(obj: Sequence[Any]) -> Frame:
    if obj and all(isinstance(value, Mapping) for value in obj):
        names = list(dict.fromkeys(name for row in obj for name in row))
        return Frame(tuple(objects(_label(n), [row.get(n) for row in obj]) for n in names), len(obj))
    return Frame((objects("", list(obj)),), len(obj))


def describe(obj: Any) -> str:
    """The type of an object as a message names it."""
    return f"{type(obj).__module__}.{type(obj).__qualname__} {brief(obj, 40)}"
