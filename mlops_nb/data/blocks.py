"""Fingerprints of tables: columns cut into blocks by row number, one leaf a block, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_nb.adapters.frames import Column, Frame, Stream, read
from mlops_nb.data.canonical import Unrepresentable, digest, leaf, plain
from mlops_nb.data.model import (
    BLOCK_ROWS,
    LEAF_BYTES,
    ColumnDigest,
    Fingerprint,
    Kind,
    RowsState,
    unique_keys,
)
from mlops_nb.data.rows_digest import add_column, state_of
from mlops_nb.data.types import tag_of
from mlops_nb.errors import InvalidInput

FAILS = (Unrepresentable, pa.ArrowException, ValueError, TypeError)
Block = Sequence[Any]


@dataclass(slots=True)
class _Track:
    """What is known of one column so far."""

    name: str
    occurrence: int
    tag: str
    exact: str
    why: str
    leaves: bytearray = field(default_factory=bytearray)
    nulls: int = 0
    nans: int = 0


class Fingerprinter:
    """A fingerprint in the making: tables in, in row order and pieces of any size; memory for one block of
    rows.

    Args:
        rows: Also make the order-free `rows` digest.
        strict: Tell NaN from null and -0.0 from 0.0 (prefix `fp1s`).

    Example:
        >>> import pyarrow as pa
        >>> stream, whole = Fingerprinter(), Fingerprinter()
        >>> stream.update(pa.table({"x": [1]})).update(pa.table({"x": [2, 3]})).finish() == whole.update(
        ...     pa.table({"x": [1, 2, 3]})
        ... ).finish()
        True
    """

    def __init__(self, *, rows: bool = False, strict: bool = False) -> None:
        self._strict, self._with_rows = strict, rows
        self._tracks: list[_Track] | None = None
        self._pending: list[Block] = []
        self._waiting = 0
        self._done = 0
        self._state = RowsState()

    @classmethod
    def resume(cls, fingerprint: Fingerprint, tail: Any = None) -> Fingerprinter:
        """Go on where a fingerprint ended, reading only the rows after its last full block again.

        Args:
            fingerprint: A fingerprint of a table, with its leaves.
            tail: The last `fingerprint.rows % 65536` rows, as any table; not needed when that is 0.

        Raises:
            InvalidInput: The fingerprint is partial, has no leaves or is of no table, or `tail` is not its
                end.
        """
        short = fingerprint.rows % BLOCK_ROWS
        if fingerprint.kind != "table" or fingerprint.partial:
            raise InvalidInput("only the complete fingerprint of a table can be continued")
        if fingerprint.rows and fingerprint.columns and not fingerprint.leaves:
            raise InvalidInput("this fingerprint was kept without its leaves", expected="from_record(record, leaves)")
        maker = cls(rows=fingerprint.rows_state is not None, strict=fingerprint.prefix == "fp1s")
        maker._start(fingerprint, None)
        if short == 0:
            return maker
        last = cls(rows=maker._with_rows, strict=maker._strict)
        end = last.update(tail).finish() if tail is not None else None
        if end is None or end.rows != short or not _ends_with(fingerprint, end):
            raise InvalidInput("the tail is not the end of the fingerprinted rows", expected=f"its last {short} rows")
        maker._start(fingerprint, end)
        return maker.update(tail)

    def _start(self, before: Fingerprint, end: Fingerprint | None) -> None:
        full = before.rows // BLOCK_ROWS
        ends = list(end.columns.values()) if end else [None] * len(before.columns)
        names = [column.name for column in before.columns.values()]
        self._tracks = []
        for i, (column, tail) in enumerate(zip(before.columns.values(), ends, strict=True)):
            nulls, nans = (tail.null_count, tail.nan_count) if tail else (0, 0)
            leaves = bytearray(column.leaves[: full * LEAF_BYTES])
            self._tracks.append(
                _Track(column.name, names[:i].count(column.name), column.tag, column.exact, "", leaves,
                       column.null_count - nulls, column.nan_count - nans)
            )  # fmt: skip
        self._done = full * BLOCK_ROWS
        state = before.rows_state or RowsState()
        self._state = state.without_tail(end.rows_state) if end and end.rows_state else state

    def update(self, table: Any) -> Fingerprinter:
        """Add the rows of anything tabular; returns itself.

        Raises:
            InvalidInput: It is no table, or its columns are not those of the rows before it.
        """
        source = read(table)
        if source is None:
            raise InvalidInput(f"a {type(table).__name__} is no table", expected="a DataFrame or Arrow data")
        self.feed(source)
        # What waits for the rest of its block must not change with the caller's memory.
        self._pending = [[_owned(values) for values in piece] for piece in self._pending]
        return self

    def feed(self, source: Frame | Stream) -> Fingerprinter:
        """Add rows that nobody changes before `finish`; returns itself."""
        self._check(tracks_of(source))
        pieces = frame_blocks(source) if isinstance(source, Frame) else stream_pieces(source)
        for piece, rows in pieces:
            self._add(piece, rows)
        return self

    def _check(self, tracks: list[_Track]) -> None:
        if self._tracks is None:
            self._tracks = tracks
        elif [(t.name, t.tag) for t in tracks] != [(t.name, t.tag) for t in self._tracks]:
            raise InvalidInput("these rows have other columns or types than those before them")

    def _add(self, piece: Block, rows: int) -> None:
        at = 0
        while at < rows:
            take = min(rows - at, BLOCK_ROWS - self._waiting)
            self._pending.append(piece if take == rows else [_cut(values, at, take) for values in piece])
            self._waiting += take
            at += take
            if self._waiting == BLOCK_ROWS:
                self._state = self._state.merge(self._hash(self._tracks or [], self._pending, BLOCK_ROWS))
                self._done, self._waiting, self._pending = self._done + BLOCK_ROWS, 0, []

    def _hash(self, tracks: list[_Track], pieces: list[Block], rows: int) -> RowsState:
        total = np.zeros(rows, "u8") if self._with_rows else None
        for i, track in enumerate(tracks):
            if track.why:
                continue
            try:
                values = _joined([piece[i] for piece in pieces])
                made, nulls, nans = leaf(track.tag, values, strict=self._strict)
                if total is not None:
                    add_column(total, values, track.name, track.occurrence)
            except FAILS as error:
                track.why = str(error)
                continue
            track.leaves += made
            track.nulls, track.nans = track.nulls + nulls, track.nans + nans
        return RowsState() if total is None else state_of(total)

    def finish(self) -> Fingerprint:
        """The fingerprint of the rows so far; more can be added afterwards."""
        tracks = [
            _Track(t.name, t.occurrence, t.tag, t.exact, t.why, bytearray(t.leaves), t.nulls, t.nans)
            for t in self._tracks or []
        ]
        state = self._state
        if self._waiting:
            state = state.merge(self._hash(tracks, self._pending, self._waiting))
        partial = any(t.why for t in tracks)
        kept = state if self._with_rows and not partial else None
        return table_fingerprint(tracks, self._done + self._waiting, self._strict, kept)


def _ends_with(whole: Fingerprint, end: Fingerprint) -> bool:
    pairs = zip(whole.columns.values(), end.columns.values(), strict=False)
    same = all((a.name, a.tag, a.leaves[-LEAF_BYTES:]) == (b.name, b.tag, b.leaves) for a, b in pairs)
    return same and len(whole.columns) == len(end.columns)


def tracks_of(source: Frame | Stream) -> list[_Track]:
    """An empty track for each column, with its types."""
    if isinstance(source, Frame):
        columns = [(c.name, None if c.why else _type_of(c.values), c.note, c.why) for c in source.columns]
    else:
        columns = [(f.name, f.type, "", "") for f in source.schema]
    seen: dict[str, int] = {}
    tracks = []
    for name, kind, note, why in columns:
        tag = exact = "?"
        try:
            if not why:
                tag, exact = tag_of(kind), note or tag_of(kind, exact=True)
        except Unrepresentable as error:
            tracks.append(_Track(name, seen.get(name, 0), "?", "?", str(error)))
        else:
            tracks.append(_Track(name, seen.get(name, 0), tag, exact, why))
        seen[name] = seen.get(name, 0) + 1
    return tracks


def _type_of(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return arrow_of(values[:0]).type
    return values.type


def arrow_of(values: Any) -> Any:
    """NumPy numbers as an Arrow array, without a copy when contiguous and of this machine's byte order."""
    return pa.array(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")))


def _cut(values: Any, at: int, count: int) -> Any:
    return None if values is None else values.slice(at, count)


def _owned(values: Any) -> Any:
    return None if values is None else _joined([values, values.slice(0, 0)])


def _joined(pieces: list[Any]) -> Any:
    if len(pieces) == 1:
        return pieces[0]
    decoded = [_widened(plain(piece)) for piece in pieces]
    kind = decoded[0].type  # the same tag can come in two types: a list and a large list
    return pa.concat_arrays([piece if piece.type == kind else piece.cast(kind) for piece in decoded])


def _widened(values: Any) -> Any:
    """With 64-bit offsets, since those of 32 bits may overflow once pieces are joined."""
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}.get(values.type)
    return values if wide is None else values.cast(wide)


def frame_blocks(frame: Frame) -> Iterator[tuple[Block, int]]:
    """A frame in blocks, with the number of rows of each; columns without a representation come as None."""
    ready = [None if column.why else _ready(column) for column in frame.columns]
    for start in range(0, frame.rows, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, frame.rows - start)
        yield [None if values is None else _block(values, start, rows) for values in ready], rows


def _ready(column: Column) -> Any:
    """Cast the values of a dictionary once, not once a block (Arrow can't take from a string_view)."""
    values = column.values
    if isinstance(values, pa.ChunkedArray) and pa.types.is_dictionary(values.type):
        chunks = [pa.DictionaryArray.from_arrays(c.indices, plain(c.dictionary)) for c in values.chunks]
        return pa.chunked_array(chunks) if chunks else values
    return values


def _block(values: Any, start: int, rows: int) -> Any:
    if isinstance(values, np.ndarray):
        return arrow_of(values[start : start + rows])
    piece = values.slice(start, rows)
    if not isinstance(piece, pa.ChunkedArray):
        return piece
    chunks = [chunk for chunk in piece.chunks if len(chunk)]
    return _joined(chunks)


def stream_pieces(stream: Stream) -> Iterator[tuple[Block, int]]:
    """The record batches of a stream as columns, with the number of rows of each."""
    for batch in stream.batches:
        yield batch.columns, batch.num_rows


def content_digest(kind: Kind, rows: int, columns: Sequence[ColumnDigest], partial: Sequence[str], strict: bool) -> str:
    """The text form of a digest over named column digests, whatever their order."""
    prefix = ("fp1s" if strict else "fp1b") + ("p" if partial else "")
    seen: dict[str, int] = {}
    parts: list[tuple[bytes, int, bytes, bytes]] = []
    for c in columns:
        name = c.name.encode("utf-8", "surrogatepass")
        parts.append((name, seen.get(c.name, 0), c.tag.encode(), c.digest))
        seen[c.name] = seen.get(c.name, 0) + 1
    flat = [part for name, _, tag, made in sorted(parts) for part in (name, tag, made)]
    return f"{prefix}:{digest(prefix.encode(), kind.encode(), rows.to_bytes(8, 'little'), *flat).hex()}"


def column_digest(tag: str, rows: int, leaves: bytes) -> bytes:
    """The digest of a column over its leaves."""
    return digest(b"col", tag.encode(), rows.to_bytes(8, "little"), leaves)


def schema_digest(columns: Sequence[tuple[str, str]]) -> str:
    """The digest of ordered names and exact types, as hex."""
    parts = (part for name, exact in columns for part in (name.encode("utf-8", "surrogatepass"), exact.encode()))
    return digest(b"schema", *parts).hex()


def table_fingerprint(tracks: Sequence[_Track], rows: int, strict: bool, state: RowsState | None) -> Fingerprint:
    """The fingerprint of a table from its finished columns."""
    keys = unique_keys([t.name for t in tracks])
    columns = {
        key: ColumnDigest(t.name, t.tag, t.exact, column_digest(t.tag, rows, bytes(t.leaves)),
            bytes(t.leaves),
                          t.nulls, t.nans)
        for key, t in zip(keys, tracks, strict=True) if not t.why
    }  # fmt: skip
    partial = tuple(key for key, t in zip(keys, tracks, strict=True) if t.why)
    text = content_digest("table", rows, list(columns.values()), partial, strict)
    schema = schema_digest([(t.name, t.exact) for t in tracks])
    return Fingerprint("table", text, rows, schema, columns, partial, rows_state=state)
