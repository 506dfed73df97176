"""The `rows` digest: 64 bits a value, mixed over columns, summed over rows. Order-free, mergeable,
engine-free.

The mixer is the finaliser of splitmix64 (Steele, Lea, Flood 2014, with Stafford's constants "Mix13").
Integers of any width hash alike, and so do floats, so that int32 1 and int64 1 are one value; names count,
types only by family.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from blake3 import blake3

from mlops_nb.data.canonical import (
    Unrepresentable,
    Values,
    decimal_words,
    fixed,
    is_binary,
    is_list,
    is_text,
    is_time,
    list_parts,
    plain,
    present,
    seconds_and_nanos,
    text_parts,
)  # fmt: skip
from mlops_nb.data.canonical import digest as name_digest
from mlops_nb.data.model import STEP_0, STEP_1, RowsState

FOLDED = 256  # bytes: longer strings go through BLAKE3 one by one
SLICE = 16_384  # rows at a time: 128 KiB temporaries stay in the cache
_M1, _M2, _GOLDEN = (
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
    np.uint64(0x9E3779B97F4A7C15),
)
_30, _27, _31, _33 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(33)
_KEEP = np.array([(1 << 8 * k) - 1 for k in range(9)], dtype="u8")


def seed(text: str) -> np.uint64:
    """64 bits that stand for a name or a family of types."""
    return np.uint64(int.from_bytes(name_digest(b"seed", text.encode("utf-8", "surrogatepass"))[:8], "little"))


def mix(words: Values) -> Values:
    """The splitmix64 finaliser, in place: a bijection in which every bit reaches every bit."""
    scratch = words >> _30
    words ^= scratch
    words *= _M1
    np.right_shift(words, _27, out=scratch)
    words ^= scratch
    words *= _M2
    np.right_shift(words, _31, out=scratch)
    words ^= scratch
    return words


def value_hashes(values: Any, salt: np.uint64) -> Values:
    """64 bits for each value of an Arrow array.

    Args:
        values: A pyarrow Array of any type that has a fingerprint.
        salt: Bits of the column, so that equal values in two columns hash apart.

    Raises:
        Unrepresentable: The type has no canonical form.
    """
    values = plain(values)
    hashes = mix(_words(values, values.type) ^ salt)
    valid = present(values)
    missing = None if valid is None else ~valid
    if pa.types.is_floating(values.type):
        nan = np.isnan(fixed(values, f"f{values.type.bit_width // 8}"))
        missing = nan if missing is None else missing | nan
    if missing is not None:
        np.putmask(hashes, missing, mix(np.array([seed("missing")]) ^ salt)[0])
    return hashes


def _words(values: Any, kind: Any) -> Values:
    if pa.types.is_integer(kind):
        return _integer_words(values, kind)
    if pa.types.is_floating(kind):
        with np.errstate(invalid="ignore"):  # slots under a null may hold a signalling NaN
            wide = fixed(values, f"f{kind.bit_width // 8}").astype("f8") + 0.0
        return wide.view("u8") ^ _family("float")
    if is_text(kind) or is_binary(kind):
        return _text_words(values, is_text(kind))
    if pa.types.is_boolean(kind):
        flags: Values = values.fill_null(False).to_numpy(zero_copy_only=False).astype("u8")
        return flags ^ _family("bool")
    if is_time(kind):
        return _time_words(values, kind)
    return _rare_words(values, kind)


@cache
def _family(name: str) -> np.uint64:
    return seed(f"family {name}")


def _integer_words(values: Any, kind: Any) -> Values:
    if not pa.types.is_unsigned_integer(kind):
        return fixed(values, f"i{kind.bit_width // 8}").astype("i8", copy=False).view("u8")
    words = fixed(values, f"u{kind.bit_width // 8}").astype("u8", copy=False)
    if kind.bit_width == 64:  # what only u64 can hold must not look like a negative i64
        words = words ^ (words >> np.uint64(63)) * _family("huge")
    return words


def _time_words(values: Any, kind: Any) -> Values:
    seconds, nanos = seconds_and_nanos(values)
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    name = "tsz" if zoned else "dur" if pa.types.is_duration(kind) else "time" if pa.types.is_time(kind) else "ts"
    words = seconds.view("u8") ^ _family(name)
    return words if not nanos.any() else words + mix(nanos.astype("u8") * _GOLDEN)


def _text_words(values: Any, text: bool) -> Values:
    lengths, body, _ = text_parts(values)
    starts = (np.cumsum(lengths, dtype="u8") - lengths).astype("i8")
    hashes = lengths * _GOLDEN ^ _family("utf8" if text else "bin")
    # A u64 at every byte offset: one gather reads a word of every string.
    windows = np.ndarray(len(body) + 1, "<u8", np.concatenate([body, np.zeros(8, "u1")]), strides=(1,))
    sizes = lengths.astype("i8")
    long = np.flatnonzero(sizes > FOLDED)
    for row in long:
        data = body[starts[row] : starts[row] + sizes[row]]
        hashes[row] ^= np.uint64(int.from_bytes(blake3(data.tobytes()).digest(8), "little"))
    sizes[long] = 0
    return _fold(hashes, sizes, starts, windows)


def _fold(hashes: Values, sizes: Values, starts: Values, windows: Values) -> Values:
    shortest, longest = int(sizes.min(initial=FOLDED)), int(sizes.max(initial=0))
    for at in range(0, longest, 8):
        if shortest == longest:  # codes, dates, ids: a stride instead of a gather
            words = windows[at::longest][: len(sizes)] & _KEEP[min(longest - at, 8)]
            hashes = (mix(hashes) if at else hashes) ^ words
            continue
        rows = slice(None) if at < shortest else np.flatnonzero(sizes > at)
        words = windows[starts[rows] + at]
        if shortest - at < 8:
            words &= _KEEP[np.minimum(sizes[rows] - at, 8)]
        hashes[rows] = (mix(hashes[rows]) if at else hashes[rows]) ^ words
    return hashes


def _rare_words(values: Any, kind: Any) -> Values:
    if pa.types.is_date(kind):
        days = fixed(values, "i4") if pa.types.is_date32(kind) else fixed(values, "i8") // 86_400_000
        return days.astype("i8").view("u8") ^ _family("date")
    if pa.types.is_decimal(kind):
        return _chained(decimal_words(values), seed(f"family decimal {kind.scale}"))
    if is_list(kind):
        return _list_words(values)
    if pa.types.is_struct(kind):
        total = np.full(len(values), _family("struct"), "u8")
        for field, child in zip(kind, values.flatten(), strict=True):
            total += value_hashes(child, seed(f"field {field.name}"))
        return total
    if pa.types.is_null(kind):
        return np.zeros(len(values), "u8")
    if kind == pa.month_day_nano_interval():
        return _chained(fixed(values, "V16").view("u8").reshape(len(values), 2), _family("interval"))
    raise Unrepresentable(f"a column of type {kind} has no rows digest")


def _chained(words: Values, start: np.uint64) -> Values:
    hashes = np.full(len(words), start, "u8")
    for column in words.T:
        hashes = mix(hashes ^ column)
    return hashes


def _list_words(values: Any) -> Values:
    lengths, child = list_parts(values)
    ends = np.cumsum(lengths, dtype="u8").astype("i8")
    starts = ends - lengths.astype("i8")
    owner = np.repeat(np.arange(len(lengths)), lengths.astype("i8"))
    place = (np.arange(len(child)) - starts[owner]).astype("u8")
    items = mix(value_hashes(child, _family("item")) + mix(place * _GOLDEN))
    running = np.concatenate([np.zeros(1, "u8"), np.cumsum(items, dtype="u8")])
    sums: Values = running[ends] - running[starts]
    return sums ^ lengths * _GOLDEN ^ _family("list")


@cache
def _powers(step: int) -> Values:
    return np.cumprod(np.concatenate([np.ones(1, "u8"), np.full(SLICE - 1, step, "u8")]), dtype="u8")


def add_column(total: Values, values: Any, name: str, occurrence: int) -> None:
    """Add one column's value hashes to the sum of each row, in place.

    Args:
        total: One u64 for each row.
        values: The column's values, a pyarrow Array of the same length.
        name: The column's name.
        occurrence: Which of the columns of that name this is, from 0.
    """
    salt = seed(f"column {occurrence} {name}")
    values = plain(values)
    for start in range(0, len(values), SLICE):
        total[start : start + SLICE] += value_hashes(values.slice(start, SLICE), salt)


def state_of(total: Values) -> RowsState:
    """The state of consecutive rows, from the sum of value hashes of each."""
    state = RowsState()
    for start in range(0, len(total), SLICE):
        first = mix(total[start : start + SLICE].copy())
        second = mix(first ^ _GOLDEN)
        n = len(first)
        sums = (first.sum(), second.sum(), first @ _powers(STEP_0)[:n], second @ _powers(STEP_1)[:n])
        state = state.merge(RowsState(n, *(int(value) for value in sums)))
    return state
