"""The canonical bytes of Arrow values (`fp1`): the same data gives the same bytes, whoever holds it.

Encodings (dictionary, run-end, views, offsets of 32 or 64 bits, slices, chunks) leave no trace: there is a
length, a bitmap of what is present if something is missing, and little-endian values, 0 where missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from mlops_nb.errors import InvalidInput

DIGEST_BYTES = 16
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
Feed = Callable[[Any], Any]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Values = np.ndarray[Any, np.dtype[Any]]


class Unrepresentable(InvalidInput):
    """A column that `fp1` has no canonical bytes for; it is named in `Fingerprint.partial`."""


def digest(*parts: bytes) -> bytes:
    """BLAKE3 cut to 16 bytes over the parts, each preceded by its length as u64."""
    hasher = blake3()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest(DIGEST_BYTES)


def leaf(tag: str, values: Any, *, strict: bool = False) -> tuple[bytes, int, int]:
    """The digest of one block, with how many of its values are null and how many are NaN.

    Args:
        tag: The logical type, as `types.tag_of` writes it.
        values: A pyarrow Array of at most one block.
        strict: Tell NaN from null and -0.0 from 0.0.
    """
    hasher = blake3()
    name = tag.encode()
    hasher.update(len(name).to_bytes(8, "little") + name)
    nans = write(hasher.update, values, strict)
    return hasher.digest(DIGEST_BYTES), values.null_count, nans


def plain(values: Any) -> Any:
    """The same values without extension, dictionary, run-end or view encoding at the top level."""
    while True:
        kind = values.type
        if isinstance(kind, pa.BaseExtensionType):
            values = values.storage
        elif pa.types.is_dictionary(kind):
            values = pa.DictionaryArray.from_arrays(values.indices, plain(values.dictionary)).dictionary_decode()
        elif pa.types.is_run_end_encoded(kind):
            values = pc.run_end_decode(values)
        elif pa.types.is_string_view(kind):
            values = values.cast(pa.large_string())
        elif pa.types.is_binary_view(kind):
            values = values.cast(pa.large_binary())
        elif pa.types.is_map(kind):
            entry = pa.struct([pa.field("key", kind.key_type, False), pa.field("value", kind.item_type)])
            values = values.cast(pa.list_(entry))
        else:
            return values


def present(values: Any) -> Bools | None:
    """Which slots hold a value, or None when all do."""
    if values.null_count == 0:
        return None
    if pa.types.is_null(values.type):
        return np.zeros(len(values), dtype=bool)
    return _bits(values.buffers()[0], values.offset, len(values))


def fixed(values: Any, dtype: str) -> Values:
    """The fixed-width slots of an Arrow array as a NumPy view; missing slots hold anything."""
    kind = np.dtype(dtype)
    buffer = values.buffers()[1]
    if buffer is None or len(values) == 0:
        return np.zeros(len(values), dtype=kind)
    return np.frombuffer(buffer, kind, count=len(values), offset=values.offset * kind.itemsize)


def write(feed: Feed, values: Any, strict: bool) -> int:
    """Feed the canonical bytes of an Arrow array to a hash; returns how many values are NaN."""
    values = plain(values)
    kind = values.type
    if pa.types.is_floating(kind):
        return _floats(feed, values, strict)
    _writer_of(kind)(feed, values, strict)
    return 0


def _writer_of(kind: Any) -> Callable[[Feed, Any, bool], None]:
    for matches, writer in _WRITERS:
        if matches(kind):
            return writer
    raise Unrepresentable(f"a column of type {kind} has no fingerprint")


def _bits(buffer: Any, offset: int, count: int) -> Bools:
    raw = np.frombuffer(buffer, np.uint8)[offset // 8 : (offset + count + 7) // 8]
    return np.unpackbits(raw, bitorder="little")[offset % 8 :][:count].view(bool)


def _head(feed: Feed, count: int, valid: Bools | None) -> None:
    if valid is None or valid.all():
        feed(count.to_bytes(8, "little") + b"\0")
    else:
        feed(count.to_bytes(8, "little") + b"\1")
        feed(np.packbits(valid, bitorder="little"))


def _raw(feed: Feed, values: Values) -> None:
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    feed(np.ascontiguousarray(little).reshape(-1).view(np.uint8))


def _floats(feed: Feed, values: Any, strict: bool) -> int:
    valid, numbers = present(values), fixed(values, f"f{values.type.bit_width // 8}")
    if valid is not None:
        numbers = np.where(valid, numbers, numbers.dtype.type(0))
    # min() is NaN when any value is: half the price of isnan over the block.
    nan = np.isnan(numbers) if len(numbers) and np.isnan(numbers.min()) else None
    nans = 0 if nan is None else int(np.count_nonzero(nan))
    if not strict:
        numbers = numbers + numbers.dtype.type(0)  # folds -0.0 into 0.0
    if nan is not None:
        numbers = numbers.copy() if strict else numbers
        np.putmask(numbers, nan, numbers.dtype.type(np.nan if strict else 0))
        if not strict:
            valid = ~nan if valid is None else valid & ~nan
    _head(feed, len(numbers), valid)
    _raw(feed, numbers)
    return nans


def _integers(feed: Feed, values: Any, _: bool) -> None:
    kind = values.type
    signed = "u" if pa.types.is_unsigned_integer(kind) else "i"
    _numbers(feed, values, fixed(values, f"{signed}{kind.bit_width // 8}"))


def _numbers(feed: Feed, values: Any, numbers: Values) -> None:
    valid = present(values)
    _head(feed, len(numbers), valid)
    _raw(feed, numbers if valid is None else numbers * valid)


def _days(feed: Feed, values: Any, _: bool) -> None:
    if pa.types.is_date32(values.type):
        _numbers(feed, values, fixed(values, "i4"))
        return
    days, rest = np.divmod(fixed(values, "i8"), 86_400_000)
    valid = present(values)
    kept = days if valid is None else days * valid
    if (rest if valid is None else rest * valid).any() or (kept != kept.astype("i4")).any():
        raise Unrepresentable("a date column holds a time of day", expected="whole days", fix="cast it to timestamp")
    _numbers(feed, values, days.astype("i4"))


def _booleans(feed: Feed, values: Any, _: bool) -> None:
    valid, buffer = present(values), values.buffers()[1]
    count = len(values)
    bits = np.zeros(count, bool) if buffer is None else _bits(buffer, values.offset, count)
    _head(feed, count, valid)
    feed(np.packbits(bits if valid is None else bits & valid, bitorder="little"))


def seconds_and_nanos(values: Any) -> tuple[Values, Values]:
    """Ticks of any unit as floor seconds (i64) and nanoseconds (i32), 0 where missing."""
    ticks = fixed(values, f"i{values.type.bit_width // 8}").astype("i8", copy=False)
    valid, per = present(values), PER_SECOND[values.type.unit]
    if valid is not None:
        ticks = ticks * valid
    if per == 1:
        return ticks, np.zeros(len(ticks), "i4")
    seconds = ticks // per
    return seconds, ((ticks - seconds * per) * (10**9 // per)).astype("i4")


def _times(feed: Feed, values: Any, _: bool) -> None:
    seconds, nanos = seconds_and_nanos(values)
    _head(feed, len(values), present(values))
    _raw(feed, seconds)
    _raw(feed, nanos)


def decimal_words(values: Any) -> Values:
    """Decimals of any width as four u64 words a row: two's complement, unscaled, 0 where missing."""
    width, count = values.type.byte_width, len(values)
    if width == 4:
        low = fixed(values, "i4").astype("i8").reshape(count, 1)
    else:
        low = fixed(values, f"V{width}").view("i8").reshape(count, width // 8)
    words = np.empty((count, 4), "i8")
    words[:, : low.shape[1]] = low
    words[:, low.shape[1] :] = low[:, -1:] >> 63
    valid = present(values)
    return (words if valid is None else words * valid[:, None]).view("u8")


def _decimals(feed: Feed, values: Any, _: bool) -> None:
    _head(feed, len(values), present(values))
    _raw(feed, decimal_words(values))


def _intervals(feed: Feed, values: Any, _: bool) -> None:
    slots, valid = fixed(values, "V16").view("u8").reshape(len(values), 2), present(values)
    _head(feed, len(values), valid)
    _raw(feed, slots if valid is None else slots * valid[:, None])


def text_parts(values: Any) -> tuple[Values, Values, Bools | None]:
    """Strings or binaries as lengths (u64, 0 where missing), their bytes end to end, and what is present."""
    valid, count = present(values), len(values)
    if pa.types.is_fixed_size_binary(values.type):
        width = values.type.byte_width
        rows = fixed(values, f"V{width}").view("u1").reshape(count, width) if width else np.empty((count, 0), "u1")
        if valid is None:
            return np.full(count, width, "u8"), rows.reshape(-1), None
        return valid.astype("u8") * np.uint64(width), rows[valid].reshape(-1), valid
    ends = _offsets(values)
    lengths = np.subtract(ends[1:], ends[:-1]).astype("u8", copy=False)
    if valid is not None and (lengths * ~valid).any():
        empty = "" if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) else b""
        lengths, body, _ = text_parts(values.fill_null(empty))
        return lengths, body, valid
    buffer = values.buffers()[2]
    body = np.empty(0, "u1") if buffer is None else np.frombuffer(buffer, "u1")[ends[0] : ends[-1]]
    return lengths, body, valid


def _offsets(values: Any) -> Values:
    wide = pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type)
    if len(values) == 0:
        return np.zeros(1, "i8")
    dtype, size = ("i8", 8) if wide else ("i4", 4)
    return np.frombuffer(values.buffers()[1], dtype, count=len(values) + 1, offset=values.offset * size)


def _texts(feed: Feed, values: Any, _: bool) -> None:
    lengths, body, valid = text_parts(values)
    _head(feed, len(values), valid)
    _raw(feed, lengths)
    feed(body)


def list_parts(values: Any) -> tuple[Values, Any]:
    """Lists of any layout as lengths (u64, 0 where missing) and the child values that belong to them."""
    lengths = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False).astype("u8")
    return lengths, values.flatten()


def _lists(feed: Feed, values: Any, strict: bool) -> None:
    lengths, child = list_parts(values)
    _head(feed, len(values), present(values))
    _raw(feed, lengths)
    write(feed, child, strict)


def _structs(feed: Feed, values: Any, strict: bool) -> None:
    _head(feed, len(values), present(values))
    for child in values.flatten():  # pushes the parent's nulls down
        write(feed, child, strict)


def _nothing(feed: Feed, values: Any, _: bool) -> None:
    _head(feed, len(values), present(values))


def is_text(kind: Any) -> bool:
    """Whether a type, once plain, is a string."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_binary(kind: Any) -> bool:
    """Whether a type, once plain, is a binary of fixed or free length."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def is_time(kind: Any) -> bool:
    """Whether a type counts ticks of a unit: timestamp, duration or time of day."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time(kind))


def is_list(kind: Any) -> bool:
    """Whether a type, once plain, is a list in one of Arrow's five layouts."""
    views = pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind)
    return bool(views or pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def quoted(name: str) -> str:
    """A field's name inside a tag, escaped so that no name can imitate another tag."""
    return json.dumps(name)


_WRITERS: tuple[tuple[Callable[[Any], bool], Callable[[Feed, Any, bool], None]], ...] = (
    (pa.types.is_integer, _integers),
    (is_text, _texts),
    (is_time, _times),
    (pa.types.is_boolean, _booleans),
    (pa.types.is_date, _days),
    (is_binary, _texts),
    (pa.types.is_decimal, _decimals),
    (is_list, _lists),
    (pa.types.is_struct, _structs),
    (pa.types.is_null, _nothing),
    (lambda kind: kind == pa.month_day_nano_interval(), _intervals),
)
