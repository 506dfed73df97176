"""The verbs of this room: name data by its content, describe it, say what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput

if TYPE_CHECKING:
    from mlops_nb.data.model import Fingerprint
    from mlops_nb.data.profile_model import Profile


def fingerprint(obj: Any, *, rows: bool = False, strict: bool = False) -> Fingerprint:
    """The identity of some data: all its rows and columns, whichever library holds it.

    The same table has the same digest as pandas (object, Arrow or `str` columns), Polars, Arrow, DuckDB or a
    Parquet file read back; chunks, slices, dictionary encoding, offsets and time units leave no trace, and
    neither does the order of columns. Names, values, order of rows and types (int32 is not int64) do.

    What counts, where libraries disagree:

    - A pandas Series, a Polars Series, an Arrow array or a list is a table of one column (named "" if it has
      no name); a NumPy array of any number of dimensions is an `array`, so its digest is another.
    - An index that has a name or is not of integers is a leading column; a plain row number is not data.
    - NaN is missing like null, and -0.0 is 0.0, unless `strict`.
    - A categorical is its values; its list of categories is in the schema digest, like time units and zones.
    - Columns are matched by their names as text; the second column of a name is the second again.
    - Sets, complex numbers in tables, mixed Python objects and Arrow unions have no canonical form. Their
      columns are named in `partial`, and a partial fingerprint is never the same as another.

    Args:
        obj: A DataFrame, Series or Index (pandas, Polars, Narwhals), Polars LazyFrame, Arrow table, array,
            reader or dataset, DuckDB relation, anything with `__arrow_c_stream__`, NumPy array, SciPy sparse
            matrix, list or dict of values, or the path of a file or directory. A reader or lazy source is
            read to its end.
        rows: Also make the order-free digest, which can be merged and tells reordered rows from changed ones.
        strict: Tell NaN from null and -0.0 from 0.0.

    Returns:
        The fingerprint; its `digest` is `fp1b:` (`fp1s:` when strict) and 32 hex digits.

    Raises:
        InvalidInput: This kind of object has no fingerprint.
        NotFound: There is no file at this path.

    Example:
        >>> fingerprint({"x": [1, 2]}) == fingerprint([{"x": 1}, {"x": 2}])
        True
    """
    from pathlib import Path

    if isinstance(obj, str | Path):
        from mlops_nb.data.files import path_fingerprint

        return path_fingerprint(obj)
    special = _array_fingerprint(obj, strict)
    if special is not None:
        return special
    from mlops_nb.adapters.frames import describe, read
    from mlops_nb.data.blocks import Fingerprinter

    source = read(obj)
    if source is None:
        raise InvalidInput(
            f"no fingerprint for {describe(obj)}",
            expected="a table, an array, a sparse matrix or the path of a file",
        )
    return Fingerprinter(rows=rows, strict=strict).feed(source).finish()


def _array_fingerprint(obj: Any, strict: bool) -> Fingerprint | None:
    import sys

    import numpy as np

    scipy_sparse = sys.modules.get("scipy.sparse")
    if scipy_sparse is not None and scipy_sparse.issparse(obj):
        from mlops_nb.data.arrays import sparse_fingerprint

        return sparse_fingerprint(obj, strict)
    tabular = hasattr(obj, "__arrow_c_stream__") or hasattr(obj, "__arrow_c_array__") or hasattr(obj, "__dataframe__")
    if isinstance(obj, np.ndarray | np.generic) or (
        hasattr(obj, "__array__") and hasattr(obj, "shape") and hasattr(obj, "dtype") and not tabular
    ):
        if type(obj).__module__.partition(".")[0] in {"pandas", "polars", "pyarrow", "narwhals"}:
            return None
        from mlops_nb.data.arrays import array_fingerprint

        try:
            array = np.asanyarray(obj)
        except (RuntimeError, TypeError, ValueError) as error:
            raise InvalidInput(f"{type(obj).__name__} does not become an array: {error}") from error
        return array_fingerprint(array, strict)
    return None


def append(fingerprint: Fingerprint, tail: Any, more: Any) -> Fingerprint:
    """The fingerprint of the old rows followed by new ones, without reading the old ones again.

    Args:
        fingerprint: That of the old rows, with its leaves.
        tail: The last `fingerprint.rows % 65536` of the old rows (None if that is 0); proven to be these.
        more: The new rows, as any table.

    Raises:
        InvalidInput: `tail` is not the end of the old rows, or `more` has other columns.
    """
    from mlops_nb.data.blocks import Fingerprinter

    return Fingerprinter.resume(fingerprint, tail).update(more).finish()


def profile(obj: Any, *, baseline: Profile | None = None) -> Profile:
    """Statistics of every column of a table, in a form that merges.

    Distinct and frequent values are exact up to four million rows, and quantiles are within the rank error
    that each states (below 0.4 %). No value longer than 100 characters is kept. A one- or two-dimensional
    NumPy array is profiled as a table of its columns.

    Args:
        obj: Anything that `fingerprint` takes for a table, or an array of one or two dimensions.
        baseline: Count histograms over the edges of this profile, so that both can be compared bin by bin.

    Raises:
        InvalidInput: This kind of object has no profile.

    Example:
        >>> made = profile({"x": [1, 2, None]})
        >>> made.columns["x"].missing, made.columns["x"].mean
        (1, 1.5)
    """
    from mlops_nb.adapters.frames import describe, read
    from mlops_nb.data.arrays import array_columns
    from mlops_nb.data.profiling import frame_profile

    source = array_columns(obj) or read(obj)
    if source is None:
        raise InvalidInput(f"no profile for {describe(obj)}", expected="a table or an array")
    return frame_profile(source, baseline)
