"""Rows of a dataset by 64 bits each, so that other rows can be held against them later: at most 1 MiB is kept.

A row's bits are the sum of its values' (`rows_digest`), mixed; numbers of every kind are compared as float64, because
one missing value turns a column of integers into floats. Of a large dataset the rows whose bits lie below a threshold
are kept: the same rows of any other dataset fall below it too, so that a sample is held against a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlops_nb.data.rows_digest import add_column, mix

if TYPE_CHECKING:
    from mlops_nb.adapters.frames import Frame

FORMAT = 1
MOST = 131_072
_ALL = 1 << 64
Values = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class RowSample:
    """Rows of a dataset.

    Attributes:
        rows: Of the whole dataset.
        below: Rows whose bits are below this are in the sample; 2**64: all.
        hashes: Their bits, sorted, each once.
        twins: How many rows of the sample have an equal one in the dataset.
        sampled: How many rows of the dataset are below the threshold.
    """

    rows: int
    below: int
    hashes: Values
    twins: int
    sampled: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many rows of one dataset stand in another.

    Attributes:
        judged: Rows that could be looked up.
        shared: Those that are there.
        expected: Share that chance explains: how often a row of the other dataset has an equal one in it.
        chance: Probability that at least `shared` of `judged` rows are there by that chance alone.
    """

    judged: int
    shared: int
    expected: float
    chance: float


def row_bits(frame: Frame) -> Values | None:
    """64 bits for each row, whatever the order of columns; None when a column has no canonical form."""
    total = np.zeros(frame.rows, "u8")
    seen: dict[str, int] = {}
    try:
        for column in frame.columns:
            if column.why:
                return None
            occurrence = seen[column.name] = seen.get(column.name, -1) + 1
            add_column(total, _comparable(column.values), column.name, occurrence)
    except (pa.ArrowException, ValueError, TypeError):
        return None
    return mix(total)


def _comparable(values: Any) -> Any:
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, np.ndarray):
        return pa.array(array.astype("f8") if array.dtype.kind in "biuf" else array)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    numeric = pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type)
    if not numeric:
        return array
    return (array.cast(pa.int8()) if pa.types.is_boolean(array.type) else array).cast(pa.float64(), safe=False)


def sample(frame: Frame, most: int = MOST) -> RowSample | None:
    """A sample of at most about `most` rows; None when a column has no canonical form, or there are no rows."""
    bits = row_bits(frame)
    if bits is None or not len(bits):
        return None
    below = _ALL if len(bits) <= most else int(_ALL * (most / len(bits)))
    kept = np.sort(bits if below == _ALL else bits[bits < np.uint64(below)])
    hashes, counts = np.unique(kept, return_counts=True)
    return RowSample(len(bits), below, hashes.astype("<u8"), int(counts[counts > 1].sum()), len(kept))


def overlap(frame: Frame, known: RowSample) -> Overlap | None:
    """How many rows of `frame` stand in the dataset that a sample was taken of; None when they can't be compared."""
    from scipy.stats import binom

    bits = row_bits(frame)
    if bits is None:
        return None
    judged = bits if known.below == _ALL else bits[bits < np.uint64(known.below)]
    shared = int(np.isin(judged, known.hashes).sum())
    expected = known.twins / known.sampled if known.sampled else 0.0
    chance = float(binom.sf(shared - 1, len(judged), expected)) if shared else 1.0
    return Overlap(len(judged), shared, expected, 0.0 if math.isnan(chance) else chance)
