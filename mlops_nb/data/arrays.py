"""Fingerprints of NumPy arrays and SciPy sparse matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlops_nb.adapters.frames import Column, Frame, numbers, objects
from mlops_nb.data.blocks import FAILS, arrow_of, column_digest, content_digest, schema_digest
from mlops_nb.data.canonical import Unrepresentable, digest, leaf
from mlops_nb.data.model import BLOCK_ROWS, ColumnDigest, Fingerprint, Kind, unique_keys
from mlops_nb.data.types import tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, np.dtype[Any]]


def array_fingerprint(array: Array, strict: bool) -> Fingerprint:
    """The fingerprint of an array of any shape: its type, its shape, and its values in C order.

    The fields of a structured array are its columns; what a masked array masks is missing.
    """
    fields = list(_fields("", array))
    across = math.prod(array.shape[1:])
    block_rows = max(1, BLOCK_ROWS // max(1, across))
    columns: list[ColumnDigest] = []
    partial: list[str] = []
    for name, values in fields:
        try:
            columns.append(_column(name, values, block_rows, strict))
        except FAILS:
            partial.append(name)
    shown = [(name, _dtype(values)) for name, values in fields]
    return _assemble("array", array.shape, columns, partial, shown, strict, block_rows)


def _assemble(
    kind: Kind, shape: tuple[int, ...], columns: list[ColumnDigest], partial: list[str],
    types: list[tuple[str, str]], strict: bool, block_rows: int,
) -> Fingerprint:  # fmt: skip
    sizes = b"".join(size.to_bytes(8, "little") for size in shape)
    # The shape is content too: it rides along as a column that nobody sees.
    form = ColumnDigest("\0shape", "shape", "", digest(b"shape", sizes))
    rows = shape[0] if shape else 1
    text = content_digest(kind, rows, [*columns, form], partial, strict)
    keyed = dict(zip(unique_keys([c.name for c in columns]), columns, strict=True))
    return Fingerprint(kind, text, rows, schema_digest(types), keyed, tuple(partial), shape, block_rows)


def _fields(name: str, array: Array) -> Iterator[tuple[str, Array]]:
    if array.dtype.names is None:
        yield name, array
        return
    for field in array.dtype.names:
        yield from _fields(f"{name}.{field}" if name else field, array[field])


def _column(name: str, array: Array, block_rows: int, strict: bool) -> ColumnDigest:
    if array.dtype.kind == "O":
        array = _inferred(array)
    leaves, nulls, nans, tag = bytearray(), 0, 0, _tag(array)
    values = array if array.ndim else array.reshape(1)
    for start in range(0, len(values), block_rows):
        made, null, nan = leaf(tag, _arrow(values[start : start + block_rows]), strict=strict)
        leaves += made
        nulls, nans = nulls + null, nans + nan
    made = column_digest(tag, array.size, bytes(leaves))
    return ColumnDigest(name, tag, _dtype(array), made, bytes(leaves), nulls, nans)


def _dtype(array: Any) -> str:
    kind: np.dtype[Any] = array.dtype.newbyteorder("<")
    return kind.str


def _inferred(array: Array) -> Array:
    """Objects as numbers or text of one type, so that every block has it; missing ones masked."""
    found = objects("", np.ascontiguousarray(array).reshape(-1))
    if found.why or pa.types.is_nested(found.values.type):
        raise Unrepresentable(found.why or "an array of nested objects")
    return _Boxed(array.shape, found.values)  # type: ignore[return-value]


class _Boxed:
    """Arrow values with the shape of the object array they were inferred from."""

    def __init__(self, shape: tuple[int, ...], values: Any) -> None:
        self.shape, self.values, self.dtype, self.ndim = shape, values, np.dtype(object), len(shape)
        self.size = math.prod(shape)

    def reshape(self, *_: int) -> _Boxed:
        return _Boxed((1,), self.values)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Any:
        across = math.prod(self.shape[1:])
        piece = self.values.slice(rows.start * across, (rows.stop - rows.start) * across)
        return piece.combine_chunks() if isinstance(piece, pa.ChunkedArray) else piece


def _tag(array: Any) -> str:
    if isinstance(array, _Boxed):
        return tag_of(array.values.type)
    if array.dtype.kind == "c" and array.dtype.itemsize <= 16:
        return f"c{array.dtype.itemsize * 8}"
    return tag_of(_arrow(np.empty((0,), array.dtype)).type)


def _arrow(block: Any) -> Any:
    if not isinstance(block, np.ndarray):
        return block
    mask = np.ma.getmaskarray(block).reshape(-1) if isinstance(block, np.ma.MaskedArray) else None
    flat = np.ascontiguousarray(np.ma.getdata(block)).reshape(-1)
    if flat.dtype.kind == "c" and flat.dtype.itemsize <= 16:  # two floats a value: real, imaginary
        flat = flat.astype(flat.dtype.newbyteorder("="), copy=False).view(f"f{flat.dtype.itemsize // 2}")
        mask = None if mask is None else np.repeat(mask, 2)
    found = numbers("", flat)
    if found.why:
        raise Unrepresentable(found.why)
    values = arrow_of(found.values) if isinstance(found.values, np.ndarray) else found.values
    return values if mask is None or not mask.any() else pa.array(_masked(values, mask))


def _masked(values: Any, mask: Array) -> Any:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(mask), pa.scalar(None, values.type), values)


def sparse_fingerprint(matrix: Any, strict: bool) -> Fingerprint:
    """The fingerprint of a SciPy sparse matrix: its canonical CSR form, without the zeros it may store.

    A one-dimensional or higher sparse array is read as one long row.
    """
    shape = tuple(int(size) for size in matrix.shape)
    flat = matrix if len(shape) == 2 else matrix.reshape((1, math.prod(shape)))
    csr = flat.tocsr(copy=True)
    csr.sum_duplicates()
    csr.sort_indices()
    csr.eliminate_zeros()
    parts = [("indptr", csr.indptr.astype("i8")), ("indices", csr.indices.astype("i8")), ("data", csr.data)]
    columns: list[ColumnDigest] = []
    partial: list[str] = []
    for name, values in parts:
        try:
            columns.append(_column(name, values, BLOCK_ROWS, strict))
        except FAILS:
            partial.append(name)
    return _assemble("sparse", shape, columns, partial, [("data", _dtype(csr.data))], strict, BLOCK_ROWS)


def array_columns(obj: Any) -> Frame | None:
    """A NumPy array of one or two dimensions as columns `0`, `1` …, or None when it is something else."""
    if not isinstance(obj, np.ndarray) or obj.ndim not in (1, 2) or obj.dtype.names is not None:
        return None
    parts = [obj] if obj.ndim == 1 else list(obj.T)
    return Frame(tuple(_part(str(i), part) for i, part in enumerate(parts)), len(obj))


def _part(name: str, values: Any) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        return Column(name, pa.array(np.ma.getdata(values), mask=np.ma.getmaskarray(values)))
    return objects(name, values) if values.dtype == object else numbers(name, values)
