"""What the verbs of this room return, as frozen dataclasses that are easy to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.errors import Corrupt, InvalidInput
from mlops_nb.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK_ROWS = 65_536
LEAF_BYTES = 16
FORMAT = 1
MASK = (1 << 64) - 1
# Odd and 5 mod 8, so their powers have the longest period modulo 2**64.
STEP_0, STEP_1 = 0xD1342543DE82EF95, 0xAF251AF3B0F025B5
Kind = Literal["table", "array", "sparse", "file", "directory"]


@dataclass(frozen=True, slots=True)
class RowsState:
    """The order-free `rows` digest while it can still be merged: five numbers, whatever the size of the data.

    `S` adds two mixes of each row's hash modulo 2**64 and knows the multiset of rows; `P` adds `mix(row i) *
    r**i` and knows their order too. Not tamper-proof: whoever chooses the rows can aim at a sum.
    """

    n: int = 0
    s0: int = 0
    s1: int = 0
    p0: int = 0
    p1: int = 0

    def merge(self, after: RowsState) -> RowsState:
        """The state of these rows followed by the rows of `after`; associative."""
        return RowsState(
            self.n + after.n,
            (self.s0 + after.s0) & MASK,
            (self.s1 + after.s1) & MASK,
            (self.p0 + pow(STEP_0, self.n, 1 << 64) * after.p0) & MASK,
            (self.p1 + pow(STEP_1, self.n, 1 << 64) * after.p1) & MASK,
        )

    def without_tail(self, tail: RowsState) -> RowsState:
        """The state of the rows before `tail`, when `tail` is what this one ends with."""
        n = self.n - tail.n
        return RowsState(
            n,
            (self.s0 - tail.s0) & MASK,
            (self.s1 - tail.s1) & MASK,
            (self.p0 - pow(STEP_0, n, 1 << 64) * tail.p0) & MASK,
            (self.p1 - pow(STEP_1, n, 1 << 64) * tail.p1) & MASK,
        )

    def same_multiset(self, other: RowsState) -> bool:
        """Whether both hold the same rows equally often, in any order."""
        return (self.n, self.s0, self.s1) == (other.n, other.s0, other.s1)

    def same_order(self, other: RowsState) -> bool:
        """Whether both hold the same rows in the same order."""
        return self == other

    @property
    def digest(self) -> str:
        """`rows1:` and 48 hex digits: the number of rows and the order-free sums."""
        return f"rows1:{self.n:016x}{self.s0:016x}{self.s1:016x}"

    def to_text(self) -> str:
        """The whole state as 80 hex digits."""
        return "".join(f"{value:016x}" for value in (self.n, self.s0, self.s1, self.p0, self.p1))

    @classmethod
    def from_text(cls, text: str) -> RowsState:
        """The state that `to_text` wrote."""
        return cls(*(int(text[i : i + 16], 16) for i in range(0, 80, 16)))


@dataclass(frozen=True, slots=True)
class ColumnDigest:
    """One column: its digest, one leaf of 16 bytes for each block of rows, and what is missing.

    `null_count` and `nan_count` are kept beside the digest, because engines disagree about which is which;
    their sum, what is missing, is part of the content.
    """

    name: str
    tag: str
    exact: str
    digest: bytes
    leaves: bytes = b""
    null_count: int = 0
    nan_count: int = 0

    @property
    def missing(self) -> int:
        """How many values are null or NaN."""
        return self.null_count + self.nan_count


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fingerprint(Result):
    """The identity of some data: all rows, all columns, whichever library holds it.

    Attributes:
        kind: What was fingerprinted: `table`, `array`, `sparse`, `file` or `directory`.
        digest: `fp1b:` and 32 hex digits; `fp1s:` when strict; with a `p` before the colon when partial.
        rows: Rows of a table, length of an array's first axis, bytes of a file, files of a directory.
        schema_digest: Digest of the ordered names and exact types (units, zones, categories) as hex.
        columns: Columns by name, in order (a second `x` is found as `x#2`); files of a directory by path.
        partial: Columns that could not be represented: arbitrary Python objects, unions.
        shape: The shape of an array or sparse matrix, empty otherwise.
        block_rows: How many rows one leaf covers.
        rows_state: The order-free digest in mergeable form, when it was asked for.

    Equality (`==`) means proven the same content; a partial fingerprint equals nothing but itself.
    """

    kind: Kind
    digest: str
    rows: int
    schema_digest: str
    columns: Mapping[str, ColumnDigest] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    block_rows: int = BLOCK_ROWS
    rows_state: RowsState | None = None

    @property
    def prefix(self) -> str:
        """Definition and algorithm; digests with unlike prefixes can't be compared."""
        return self.digest.partition(":")[0]

    @property
    def rows_digest(self) -> str | None:
        """The order-free digest as text, or None when it was not asked for or the fingerprint is partial."""
        return self.rows_state.digest if self.rows_state else None

    @property
    def leaves(self) -> bytes:
        """The leaves of all columns, end to end."""
        return b"".join(column.leaves for column in self.columns.values())

    def same_as(self, other: Fingerprint) -> bool | None:
        """Whether both have the same content; None when that can't be known.

        It can't be known for unlike kinds or prefixes, and it is never True for a partial fingerprint: that
        one can only be shown to differ, by its number of rows or a column that both know.
        """
        if self.kind != other.kind or self.prefix.rstrip("p") != other.prefix.rstrip("p"):
            return None
        if not self.partial and not other.partial:
            return self.digest == other.digest
        known = (self.columns[key].digest != c.digest for key, c in other.columns.items() if key in self.columns)
        return False if self.rows != other.rows or any(known) else None

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Fingerprint) and self.same_as(other) is True)

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_record(self) -> tuple[dict[str, Any], bytes]:
        """As a JSON-able dict and one blob of leaves; without the blob it can still be compared."""
        record: dict[str, Any] = {
            "format": FORMAT, "kind": self.kind, "digest": self.digest, "rows": self.rows,
            "schema": self.schema_digest, "partial": list(self.partial), "shape": list(self.shape),
            "block_rows": self.block_rows,
            "rows_state": self.rows_state.to_text() if self.rows_state else None,
            "columns": [
                {"name": c.name, "tag": c.tag, "exact": c.exact, "digest": c.digest.hex(),
                 "leaves": len(c.leaves) // LEAF_BYTES, "nulls": c.null_count, "nans": c.nan_count}
                for c in self.columns.values()
            ],
        }  # fmt: skip
        return record, self.leaves

    @classmethod
    def from_record(cls, record: Mapping[str, Any], leaves: bytes = b"") -> Fingerprint:
        """The fingerprint that `to_record` wrote.

        Raises:
            InvalidInput: The record was written by a newer mlops_nb.
            Corrupt: The leaves are not those of the record.
        """
        if record.get("format") != FORMAT:
            raise InvalidInput(f"fingerprint record of format {record.get('format')!r}", expected=f"format {FORMAT}")
        if leaves and len(leaves) != LEAF_BYTES * sum(column["leaves"] for column in record["columns"]):
            raise Corrupt("the leaves do not belong to this fingerprint")
        columns, at = [], 0
        for column in record["columns"]:
            size = LEAF_BYTES * column["leaves"] if leaves else 0
            columns.append(
                ColumnDigest(
                    column["name"], column["tag"], column["exact"], bytes.fromhex(column["digest"]),
                    leaves[at : at + size], column["nulls"], column["nans"],
                )
            )  # fmt: skip
            at += size
        state = record["rows_state"]
        return cls(
            record["kind"], record["digest"], record["rows"], record["schema"],
            dict(zip(unique_keys([c.name for c in columns]), columns, strict=True)), tuple(record["partial"]),
            tuple(record["shape"]), record["block_rows"], RowsState.from_text(state) if state else None,
        )  # fmt: skip


def unique_keys(names: list[str]) -> list[str]:
    """The names themselves, with `#2`, `#3` … on those seen before."""
    taken, keys = set(names), []
    seen: dict[str, int] = {}
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        key = name
        while count > 1 and (key == name or key in taken):
            key, count = f"{name}#{count}", count + 1
        taken.add(key)
        keys.append(key)
    return keys


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column with other values, and the rows between which they lie (first and last, counted from 0)."""

    name: str
    ranges: tuple[tuple[int, int], ...] = ()
    missing_before: int = 0
    missing_after: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Result):
    """What changed between two fingerprints.

    Attributes:
        same: True when proven equal, False when proven different, None when it can't be known.
        sentence: The difference in words.
        rows: Rows before and after.
        appended: True when all full blocks of the old rows (65,536 each) are proven to begin the new ones;
            None when there is nothing to tell it by.
        reordered: True when the same rows come in another order; None when unknown.
        added: Columns (files) that are new.
        removed: Columns (files) that are gone.
        renamed: Pairs of old and new name with the same content.
        retyped: (name, old type, new type).
        changed: Columns with other values.
        partial: Columns that neither proves anything about.
    """

    same: bool | None
    sentence: str
    rows: tuple[int, int] = (0, 0)
    appended: bool | None = None
    reordered: bool | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()
    changed: tuple[ColumnChange, ...] = ()
    partial: tuple[str, ...] = ()
