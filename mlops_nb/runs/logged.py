"""What a person hands to `log_artifact`, `log_figure` and `log_table`, as bytes."""

from __future__ import annotations

import io
import os
from pathlib import Path

from mlops_nb.errors import InvalidInput, NotFound, brief


def artifact_bytes(source: object, name: str | None) -> tuple[bytes, str]:
    """The bytes and the name of an artifact given by path or as bytes."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), name or "artifact"
    if not isinstance(source, str | os.PathLike):
        raise InvalidInput(
            f"an artifact is {brief(source)}",
            expected="a path or bytes",
            fix="ml.log_table or ml.log_figure for objects",
        )
    path = Path(source)
    try:
        if path.is_file():
            return path.read_bytes(), name or path.name
    except OSError as error:
        raise NotFound(f"the file {brief(str(source))} can't be read: {error.strerror}") from None
    raise NotFound(f"there is no file {brief(str(source))}", expected="an existing file")


def figure_png(figure: object) -> bytes:
    """A figure as PNG."""
    save = getattr(figure, "savefig", None) or getattr(getattr(figure, "figure", None), "savefig", None)
    if save is not None:
        buffer = io.BytesIO()
        save(buffer, format="png", bbox_inches="tight")
        return buffer.getvalue()
    draw = getattr(figure, "_repr_png_", None)
    data = draw() if draw is not None else None
    if not isinstance(data, bytes):
        raise InvalidInput(
            f"a {type(figure).__name__} can't be drawn",
            expected="a matplotlib figure or an object with _repr_png_",
        )
    return data


def table_parquet(table: object) -> tuple[bytes, int, int]:
    """A table as Parquet, with its numbers of rows and columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = _arrow(table)
        buffer = io.BytesIO()
        pq.write_table(arrow, buffer, compression="zstd")
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"a {type(table).__name__} is not a table: {error}", expected="a DataFrame or a list of dicts"
        ) from None
    return buffer.getvalue(), arrow.num_rows, arrow.num_columns


def _arrow(table: object):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return table
    if isinstance(table, list):
        return pa.Table.from_pylist(table)
    if hasattr(table, "__arrow_c_stream__"):
        return pa.table(table)
    return pa.table(dict(table))  # type: ignore[call-overload]
