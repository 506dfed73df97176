"""Names of types: the tag that the content digest sees, and the exact type that the schema digest sees."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mlops_nb.data.canonical import Unrepresentable, is_binary, is_list, is_text, is_time, quoted

_PLAIN = {
    pa.null(): "null", pa.bool_(): "bool", pa.int8(): "i8", pa.int16(): "i16", pa.int32(): "i32",
    pa.int64(): "i64", pa.uint8(): "u8", pa.uint16(): "u16", pa.uint32(): "u32", pa.uint64(): "u64",
    pa.float16(): "f16", pa.float32(): "f32", pa.float64(): "f64", pa.month_day_nano_interval(): "interval",
}  # fmt: skip


def tag_of(kind: Any, *, exact: bool = False) -> str:
    """The logical type with encodings erased.

    Args:
        kind: A pyarrow DataType.
        exact: Also say what the content digest ignores: unit, zone, precision, fixed sizes, extension names.

    Raises:
        Unrepresentable: For unions and other types without canonical bytes.
    """
    kind = _decoded(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind, exact)
    if is_text(kind) or is_binary(kind):
        sized = exact and pa.types.is_fixed_size_binary(kind)
        return "utf8" if is_text(kind) else f"bin[{kind.byte_width}]" if sized else "bin"
    if is_time(kind) or pa.types.is_date(kind):
        return _clock(kind, exact)
    if pa.types.is_decimal(kind):
        return f"dec({kind.precision},{kind.scale})" if exact else f"dec{kind.scale}"
    return _nested(kind, exact)


def _decoded(kind: Any) -> Any:
    while pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(kind) else kind


def _clock(kind: Any, exact: bool) -> str:
    if pa.types.is_date(kind):
        return ("date[day]" if pa.types.is_date32(kind) else "date[ms]") if exact else "date"
    name = "dur" if pa.types.is_duration(kind) else "time" if pa.types.is_time(kind) else "ts"
    zone = kind.tz if name == "ts" else None
    name = "tsz" if zone is not None else name
    if not exact:
        return name
    return f"{name}[{kind.unit},{quoted(zone)}]" if zone is not None else f"{name}[{kind.unit}]"


def _nested(kind: Any, exact: bool) -> str:
    if pa.types.is_struct(kind):
        fields = (kind.field(i) for i in range(kind.num_fields))
        return "struct<" + ",".join(f"{quoted(f.name)}:{tag_of(f.type, exact=exact)}" for f in fields) + ">"
    if pa.types.is_map(kind):
        key, value = tag_of(kind.key_type, exact=exact), tag_of(kind.item_type, exact=exact)
        return f'list<struct<"key":{key},"value":{value}>>'
    if is_list(kind):
        sized = f"[{kind.list_size}]" if exact and pa.types.is_fixed_size_list(kind) else ""
        return f"list{sized}<{tag_of(kind.value_type, exact=exact)}>"
    raise Unrepresentable(f"a column of type {kind} has no fingerprint")


def _extension(kind: Any, exact: bool) -> str:
    inner = tag_of(kind.storage_type, exact=exact)
    # Without frequency or closed side the stored numbers mean something else, so they are part of the
    # content.
    if kind.extension_name == "pandas.period":
        return f"period[{quoted(kind.freq)}]<{inner}>"
    if kind.extension_name == "pandas.interval":
        return f"interval[{kind.closed}]<{inner}>"
    if not exact:
        return inner
    settings = kind.__arrow_ext_serialize__().hex() if hasattr(kind, "__arrow_ext_serialize__") else ""
    return f"ext[{quoted(kind.extension_name)},{settings}]<{inner}>"
