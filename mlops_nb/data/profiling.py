"""Profiles of tables: sort each column once and read everything off the order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_nb.adapters.frames import Column, Frame, Stream
from mlops_nb.data.blocks import FAILS, arrow_of, tracks_of
from mlops_nb.data.canonical import (
    PER_SECOND,
    Values,
    fixed,
    is_binary,
    is_list,
    is_text,
    is_time,
    list_parts,
    plain,
    present,
)  # fmt: skip
from mlops_nb.data.model import unique_keys
from mlops_nb.data.profile_model import Bound, ColumnKind, ColumnProfile, Lengths, Profile
from mlops_nb.data.rows_digest import seed, value_hashes
from mlops_nb.data.sketches import TOP, Distinct, Frequent, Histogram, Item, Quantiles

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_ROWS = 1 << 22  # up to here distinct and frequent values are exact; beyond, pieces are merged
TEXT_LIMIT = 100
DAY = 86_400 * 10**9  # nanoseconds
BINS = 10
_SALT = seed("profile")


def frame_profile(source: Frame | Stream, baseline: Profile | None) -> Profile:
    """The profile of a table in memory or a stream, in pieces of bounded size."""
    whole: Profile | None = None
    for frame in _pieces(source):
        made = _piece_profile(frame, baseline if whole is None else whole)
        whole = made if whole is None else whole.merge(made)
    return whole or _piece_profile(_empty(source), baseline)


def _pieces(source: Frame | Stream) -> Iterator[Frame]:
    if isinstance(source, Frame):
        for start in range(0, source.rows, PIECE_ROWS):
            rows = min(PIECE_ROWS, source.rows - start)
            yield (
                source
                if rows == source.rows
                else Frame(
                    tuple(Column(c.name, _slice(c.values, start, rows), c.note, c.why) for c in source.columns),
                    rows,
                )
            )
        return
    batches: list[Any] = []
    rows = 0
    for batch in source.batches:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= PIECE_ROWS // 4:
            yield _joined(source.schema, batches, rows)
            batches, rows = [], 0
    if rows:
        yield _joined(source.schema, batches, rows)


def _joined(schema: Any, batches: list[Any], rows: int) -> Frame:
    table = pa.Table.from_batches(batches, schema)
    return Frame(tuple(Column(name, table.column(i)) for i, name in enumerate(schema.names)), rows)


def _empty(source: Frame | Stream) -> Frame:
    if isinstance(source, Frame):
        return source
    return Frame(tuple(Column(f.name, pa.chunked_array([], f.type)) for f in source.schema), 0)


def _slice(values: Any, start: int, rows: int) -> Any:
    if values is None or isinstance(values, np.ndarray):
        return None if values is None else values[start : start + rows]
    return values.slice(start, rows)


def _piece_profile(frame: Frame, baseline: Profile | None) -> Profile:
    keys = unique_keys([c.name for c in frame.columns])
    columns: dict[str, ColumnProfile] = {}
    partial: list[str] = []
    for key, column, track in zip(keys, frame.columns, tracks_of(frame), strict=True):
        known = baseline.columns.get(key) if baseline else None
        edges = known.histogram.edges if known and known.histogram else None
        try:
            if track.why:
                raise ValueError(track.why)
            columns[key] = _column_profile(column, track.tag, edges)
        except FAILS:
            partial.append(key)
    return Profile(frame.rows, columns, tuple(partial))


def _column_profile(column: Column, tag: str, edges: tuple[float, ...] | None) -> ColumnProfile:
    values = _whole(column.values)
    kind, valid = values.type, present(values)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numeric(column.name, tag, values, valid, edges)
    if is_time(kind) or pa.types.is_date(kind):
        return _times(column.name, tag, values, valid, edges)
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return _bool_or_decimal(column.name, tag, values, edges)
    if is_text(kind) or is_binary(kind):
        return _texts(column.name, tag, values)
    return _others(column.name, tag, values)


def _whole(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return arrow_of(values)
    if not isinstance(values, pa.ChunkedArray):
        return plain(values)
    chunks = [plain(chunk) for chunk in values.chunks]
    if len(chunks) == 1:
        return chunks[0]
    if chunks and is_text(chunks[0].type):
        chunks = [chunk.cast(pa.large_string()) for chunk in chunks]
    return pa.concat_arrays(chunks) if chunks else plain(pa.array([], values.type))


def _numeric(name: str, tag: str, values: Any, valid: Any, edges: tuple[float, ...] | None) -> ColumnProfile:
    kind = values.type
    letter = "f" if pa.types.is_floating(kind) else "u" if pa.types.is_unsigned_integer(kind) else "i"
    numbers = fixed(values, f"{letter}{kind.bit_width // 8}")
    numbers = numbers if valid is None else numbers[valid]
    if kind.bit_width == 16 and letter == "f":
        numbers = numbers.astype("f4")
    nan = 0
    if letter == "f":
        if len(numbers) and np.isnan(numbers.min()):
            kept = numbers[~np.isnan(numbers)]
            nan, numbers = len(numbers) - len(kept), kept
        numbers = numbers + numbers.dtype.type(0)  # folds -0.0 into 0.0
    ordered = sort(numbers)
    counts = (len(values), len(values) - len(ordered), nan)
    low, high = _ends(ordered)
    return _ordered(name, tag, "number", counts, (low, high), ordered, ordered, edges)


def sort(numbers: Values) -> Values:
    """Sorted numbers; whole ones from a narrow range by counting, which is several times faster."""
    if len(numbers) < 256:
        return np.sort(numbers)
    low, high = numbers.min().item(), numbers.max().item()
    if not high - low < 4 * len(numbers):  # also when infinite
        return np.sort(numbers)
    if numbers.dtype.kind == "f":
        whole = numbers.astype("i8") if abs(low) < 2**53 and abs(high) < 2**53 else np.zeros(1, "i8")
        if len(whole) != len(numbers) or not np.array_equal(whole, numbers):
            return np.sort(numbers)
        places, low = whole - int(low), int(low)
    else:
        wide = numbers if numbers.dtype.kind == "u" else numbers.astype("i8", copy=False)
        places = (wide - wide.dtype.type(low)).astype("i8", copy=False)
    counts = np.bincount(places)
    values = np.arange(len(counts), dtype="u8" if numbers.dtype.kind == "u" else "i8")
    return np.repeat((values + values.dtype.type(low)).astype(numbers.dtype), counts)


def _ends(ordered: Values) -> tuple[Bound, Bound]:
    return (ordered[0].item(), ordered[-1].item()) if len(ordered) else (None, None)


def _times(name: str, tag: str, values: Any, valid: Any, edges: tuple[float, ...] | None) -> ColumnProfile:
    kind = values.type
    ticks = fixed(values, f"i{kind.bit_width // 8}").astype("i8", copy=False)
    ordered = sort(ticks if valid is None else ticks[valid])
    tick = 10**9 // PER_SECOND[kind.unit] if is_time(kind) else 10**6 if pa.types.is_date64(kind) else DAY
    span = [None if end is None else int(end) * tick for end in _ends(ordered)]
    seconds = ordered / (10**9 / tick) if tick < 10**9 else ordered * float(tick // 10**9)
    counts = (len(values), len(values) - len(ordered), 0)
    typed = pa.array(ordered.astype(f"i{kind.bit_width // 8}")).view(kind)
    return _ordered(name, tag, "time", counts, (span[0], span[1]), ordered, seconds, edges, typed)


def _bool_or_decimal(name: str, tag: str, values: Any, edges: tuple[float, ...] | None) -> ColumnProfile:
    kept = values.drop_null()
    counts = (len(values), values.null_count, 0)
    if pa.types.is_boolean(values.type):
        ordered = np.sort(kept.to_numpy(zero_copy_only=False).astype("u1"))
        low, high = _ends(ordered)
        return _ordered(name, tag, "bool", counts, (low, high), ordered, ordered, None, pa.array(ordered.view(bool)))
    kept = kept.take(pc.sort_indices(kept))
    ordered = kept.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    span = (str(kept[0].as_py()), str(kept[-1].as_py())) if len(kept) else (None, None)
    steps = pc.not_equal(kept.slice(1), kept.slice(0, max(len(kept) - 1, 0))).to_numpy(zero_copy_only=False)
    return _ordered(name, tag, "decimal", counts, span, np.cumsum(np.concatenate([[0], steps]))[: len(kept)],
                    ordered, edges, kept)  # fmt: skip


def _ordered(
    name: str, tag: str, kind: ColumnKind, counts: tuple[int, int, int], span: tuple[Bound, Bound],
    ordered: Values, numbers: Values, edges: tuple[float, ...] | None, typed: Any = None,
) -> ColumnProfile:  # fmt: skip
    """The profile of sorted values.

    Args:
        name: Of the column.
        tag: Its logical type.
        kind: What the values are taken for.
        counts: Rows, missing, NaN.
        span: Smallest and largest value.
        ordered: Sorted values; equal neighbours are equal values.
        numbers: The same as numbers that statistics are made of.
        edges: Of the histogram, or None for deciles.
        typed: The same as an Arrow array of the column's type, when `ordered` alone does not tell it.
    """
    firsts = np.flatnonzero(np.concatenate([np.ones(min(1, len(ordered)), bool), ordered[1:] != ordered[:-1]]))
    runs = np.diff(np.append(firsts, len(ordered)))
    different = pa.array(ordered[firsts]) if typed is None else typed.take(pa.array(firsts))
    hashes = value_hashes(different, _SALT)
    negatives, below = (int(np.searchsorted(numbers, 0, side=side)) for side in ("left", "right"))
    finite = _finite(numbers)
    mean, m2 = _moments(numbers[firsts], runs)
    edges = _deciles(finite) if edges is None and kind != "bool" else edges
    return ColumnProfile(
        name, tag, kind, *counts, *span, mean, m2, len(finite), below - negatives, negatives,
        len(numbers) - len(finite), None, Distinct.of_hashes(hashes), _frequent(different, hashes, runs),
        Quantiles.of_sorted(numbers), None if edges is None else Histogram.of_sorted(numbers, edges),
    )  # fmt: skip


def _finite(numbers: Values) -> Values:
    if numbers.dtype.kind != "f" or not len(numbers):
        return numbers
    low = int(np.searchsorted(numbers, -np.inf, side="right"))
    return numbers[low : int(np.searchsorted(numbers, np.inf, side="left"))]


def _moments(values: Values, counts: Values) -> tuple[float | None, float]:
    """Mean and summed squared deviation of finite values that come so many times each."""
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        values, counts = values[finite], counts[finite]
    if not len(values):
        return None, 0.0
    n = counts.sum()
    with np.errstate(over="ignore"):
        wide = values.astype("f8", copy=False)
        mean = float((wide * counts).sum() / n)
        if not math.isfinite(mean):
            mean = float((wide * (counts / n)).sum())
        return mean, float((np.square(wide - mean) * counts).sum())


def _deciles(finite: Values) -> tuple[float, ...]:
    if not len(finite):
        return ()
    at = np.arange(1, BINS) * len(finite) // BINS
    return tuple(float(edge) for edge in np.unique(finite[at].astype("f8")))


def _frequent(different: Any, hashes: Values, counts: Values) -> Frequent:
    if len(counts) <= TOP:
        chosen, unlisted = np.arange(len(counts)), 0
    else:
        most = np.argpartition(-counts, TOP)
        chosen, unlisted = most[:TOP], int(counts[most[TOP]])
    found = different.take(pa.array(chosen.astype("i8"))).to_pylist()
    items = [
        Item(_text(value), int(hashes[i]), int(counts[i])) for value, i in zip(found, chosen.tolist(), strict=True)
    ]
    items.sort(key=lambda item: (-item.count, item.hash))
    return Frequent(tuple(items), 0, unlisted)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def _texts(name: str, tag: str, values: Any) -> ColumnProfile:
    counted = pc.value_counts(values.drop_null() if values.null_count else values)
    different, counts = counted.field("values"), counted.field("counts").to_numpy()
    hashes = value_hashes(different, _SALT)
    sizes = pc.utf8_length(different) if is_text(different.type) else pc.binary_length(different)
    kind: ColumnKind = "text" if is_text(values.type) else "binary"
    return ColumnProfile(
        name, tag, kind, len(values), values.null_count, lengths=_lengths(sizes.to_numpy(), counts),
        distinct=Distinct.of_hashes(hashes), frequent=_frequent(different, hashes, counts),
    )  # fmt: skip


def _lengths(sizes: Values, counts: Values | None = None) -> Lengths | None:
    if not len(sizes):
        return None
    total = sizes.sum() if counts is None else sizes.astype("i8") @ counts
    return Lengths(int(sizes.min()), int(sizes.max()), int(total))


def _others(name: str, tag: str, values: Any) -> ColumnProfile:
    kept = values.drop_null()
    hashes = np.unique(value_hashes(kept, _SALT))
    lengths = _lengths(list_parts(kept)[0]) if is_list(kept.type) else None
    kind: ColumnKind = "empty" if pa.types.is_null(values.type) else "nested"
    return ColumnProfile(
        name, tag, kind, len(values), values.null_count, lengths=lengths,
        distinct=Distinct.of_hashes(hashes), frequent=Frequent((), 0, len(kept)),
    )  # fmt: skip
