"""Data as they were at the time of a call, whatever the user does to them next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mlops_nb.adapters.frames import Frame


class Isolated(NamedTuple):
    """Columns that nobody changes any more, as long as `owner` is alive."""

    frame: Frame
    owner: Any


def isolated(data: Any) -> Isolated | None:
    """The columns of a frame or list, converted once for fingerprint and profile; None for arrays and the unknown."""
    from mlops_nb.adapters.frames import Frame, read

    owner = _shared(data)
    if owner is None:
        return None
    frame = read(owner)
    return Isolated(frame, owner) if isinstance(frame, Frame) else None


def _shared(data: Any) -> Any:
    """A shallow copy that is safe: pandas 3 copies on write, Polars and Arrow replace columns; lists get converted."""
    if _is(data, "pandas", "DataFrame", "Series", "Index"):
        return data.copy(deep=False)
    if _is(data, "polars", "DataFrame", "Series"):
        return data.clone()
    return data if isinstance(data, list | tuple) or _is(data, "pyarrow", "Table", "RecordBatch") else None


def _is(data: Any, module: str, *names: str) -> bool:
    found = sys.modules.get(module)
    return found is not None and isinstance(data, tuple(getattr(found, name) for name in names if hasattr(found, name)))


def array_copy(data: Any) -> Isolated | None:
    """A copy of an array of one or two dimensions as columns; None for what has no profile (sparse, cubes)."""
    import numpy as np

    from mlops_nb.data.arrays import array_columns

    if not hasattr(data, "__array__") or getattr(data, "ndim", 0) not in (1, 2):
        return None
    # By column, so that the profile reads each of them in one stretch.
    copy = np.array(data, copy=True, order="F", subok=isinstance(data, np.ma.MaskedArray))
    frame = array_columns(copy)
    return Isolated(frame, copy) if frame is not None else None


def as_table(frame: Frame) -> Any:
    """An Arrow table of the columns that could be carried over."""
    import pyarrow as pa

    kept = [(column.name or str(i), column.values) for i, column in enumerate(frame.columns) if not column.why]
    return pa.table(
        [pa.chunked_array(v) if hasattr(v, "chunks") else pa.array(v) for _, v in kept], [n for n, _ in kept]
    )
