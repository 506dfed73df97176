"""What a profile holds: the statistics of each column, mergeable and easy to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.data.sketches import Distinct, Frequent, Histogram, Quantiles
from mlops_nb.errors import InvalidInput
from mlops_nb.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE_FORMAT = 1
ColumnKind = Literal["number", "decimal", "bool", "time", "text", "binary", "nested", "empty"]
Bound = int | float | str | None


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of texts (characters), binaries (bytes) or lists (items)."""

    shortest: int
    longest: int
    total: int

    def merge(self, other: Lengths) -> Lengths:
        """Of both."""
        low, high = min(self.shortest, other.shortest), max(self.longest, other.longest)
        return Lengths(low, high, self.total + other.total)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """The statistics of one column.

    Attributes:
        name: The column's name.
        tag: Its logical type, as in the fingerprint.
        kind: What its values are taken for.
        n: Rows.
        missing: Values that are null or NaN.
        nan: How many of these are NaN.
        minimum: The smallest value: exact number; nanoseconds (since 1970) for times; text for decimals.
        maximum: The largest value, likewise.
        mean: Mean of the finite values (seconds for times, share of True for booleans), None without any.
        m2: Sum of their squared deviations from the mean (Chan, Golub and LeVeque 1979).
        finite: How many values are finite.
        zeros: How many are zero.
        negatives: How many are negative.
        infinite: How many are infinite.
        lengths: Lengths of texts, binaries and lists.
        distinct: How many different values.
        frequent: The most frequent values.
        quantiles: Ranks of numbers and times (in seconds).
        histogram: Counts between fixed edges (the deciles of the data, or those of a baseline).
    """

    name: str
    tag: str
    kind: ColumnKind
    n: int = 0
    missing: int = 0
    nan: int = 0
    minimum: Bound = None
    maximum: Bound = None
    mean: float | None = None
    m2: float = 0.0
    finite: int = 0
    zeros: int = 0
    negatives: int = 0
    infinite: int = 0
    lengths: Lengths | None = None
    distinct: Distinct = field(default_factory=Distinct)
    frequent: Frequent = field(default_factory=Frequent)
    quantiles: Quantiles | None = None
    histogram: Histogram | None = None

    @property
    def std(self) -> float | None:
        """Sample standard deviation (n - 1) of the finite values, None for fewer than two."""
        return math.sqrt(self.m2 / (self.finite - 1)) if self.finite > 1 else None

    @property
    def missing_share(self) -> float:
        """Missing values as a share of the rows."""
        return self.missing / self.n if self.n else 0.0

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """The profile of these values and those.

        Raises:
            InvalidInput: One holds numbers and the other text, or the like.
        """
        if self.kind != other.kind:
            if "empty" not in (self.kind, other.kind):
                raise InvalidInput(f"column {self.name!r} is {self.kind} in one profile, {other.kind} in the other")
            known, blank = (other, self) if self.kind == "empty" else (self, other)
            return replace(known, n=known.n + blank.n, missing=known.missing + blank.missing)
        mean, m2 = _chan(self, other)
        return ColumnProfile(
            self.name, self.tag, self.kind, self.n + other.n, self.missing + other.missing,
            self.nan + other.nan, _bound(min, self.minimum, other.minimum, self.kind),
            _bound(max, self.maximum, other.maximum, self.kind),
            mean, m2, self.finite + other.finite, self.zeros + other.zeros, self.negatives + other.negatives,
            self.infinite + other.infinite, _either(self.lengths, other.lengths),
            self.distinct.merge(other.distinct), self.frequent.merge(other.frequent),
            _either(self.quantiles, other.quantiles), _histogram(self, other),
        )  # fmt: skip

    def to_record(self) -> dict[str, Any]:
        """As JSON-able values."""
        plain = ("name", "tag", "kind", "n", "missing", "nan", "finite", "zeros", "negatives", "infinite")
        record: dict[str, Any] = {key: getattr(self, key) for key in plain}
        for key in ("minimum", "maximum", "mean", "m2"):
            record[key] = _json_number(getattr(self, key))
        lengths = self.lengths
        record["lengths"] = [lengths.shortest, lengths.longest, lengths.total] if lengths else None
        for key in ("distinct", "frequent", "quantiles", "histogram"):
            part = getattr(self, key)
            record[key] = part.to_record() if part is not None else None
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ColumnProfile:
        """What `to_record` wrote."""
        values = dict(record)
        for key in ("minimum", "maximum", "mean", "m2"):
            decimal = record["kind"] == "decimal" and key in ("minimum", "maximum")
            values[key] = record[key] if decimal else _number(record[key])
        values["lengths"] = Lengths(*record["lengths"]) if record["lengths"] else None
        parts = {"distinct": Distinct, "frequent": Frequent, "quantiles": Quantiles, "histogram": Histogram}
        for key, part in parts.items():
            values[key] = part.from_record(record[key]) if record[key] is not None else None  # type: ignore[attr-defined]
        return cls(**values)


def _json_number(value: Bound) -> Bound:
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Bound) -> Bound:
    return float(value) if isinstance(value, str) else value


def _chan(a: ColumnProfile, b: ColumnProfile) -> tuple[float | None, float]:
    if a.mean is None or b.mean is None:
        return (b.mean, b.m2) if a.mean is None else (a.mean, a.m2)
    count = a.finite + b.finite
    apart = b.mean - a.mean
    return a.mean + apart * (b.finite / count), a.m2 + b.m2 + apart * apart * (a.finite * (b.finite / count))


def _bound(pick: Any, a: Bound, b: Bound, kind: str) -> Bound:
    known = [value for value in (a, b) if value is not None]
    if not known:
        return None
    chosen: Bound = pick(known, key=Decimal) if kind == "decimal" else pick(known)
    return chosen


def _either(a: Any, b: Any) -> Any:
    return a.merge(b) if a is not None and b is not None else a if b is None else b


def _histogram(a: ColumnProfile, b: ColumnProfile) -> Histogram | None:
    one, two = a.histogram, b.histogram
    if one is None or two is None or one.edges == two.edges:
        return _either(one, two)  # type: ignore[no-any-return]
    if not one.edges:
        one = Histogram.estimated(a.quantiles or Quantiles(), two.edges)
        return one.merge(two)
    return one.merge(Histogram.estimated(b.quantiles or Quantiles(), one.edges))


@dataclass(frozen=True, slots=True, repr=False)
class Profile(Result):
    """Statistics of every column of a table; two of them merge into the profile of both tables.

    Attributes:
        rows: How many rows were read.
        columns: Statistics by column.
        partial: Columns that could not be read.
    """

    rows: int
    columns: Mapping[str, ColumnProfile]
    partial: tuple[str, ...] = ()

    def merge(self, other: Profile) -> Profile:
        """The profile of these rows and those.

        Raises:
            InvalidInput: The columns differ in name or kind.
        """
        if set(self.columns) != set(other.columns):
            apart = sorted(set(self.columns) ^ set(other.columns))
            raise InvalidInput(f"profiles of unlike columns, such as {apart[0]!r}", expected="the same columns in both")
        merged = {key: column.merge(other.columns[key]) for key, column in self.columns.items()}
        partial = tuple(dict.fromkeys([*self.partial, *other.partial]))
        return Profile(self.rows + other.rows, merged, partial)

    def to_record(self) -> dict[str, Any]:
        """As a JSON-able dict with an integer format version."""
        columns = {key: column.to_record() for key, column in self.columns.items()}
        return {
            "format": PROFILE_FORMAT,
            "rows": self.rows,
            "partial": list(self.partial),
            "columns": columns,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Profile:
        """The profile that `to_record` wrote.

        Raises:
            InvalidInput: The record was written by a newer mlops_nb.
        """
        if record.get("format") != PROFILE_FORMAT:
            raise InvalidInput(
                f"profile record of format {record.get('format')!r}", expected=f"format {PROFILE_FORMAT}"
            )
        columns = {key: ColumnProfile.from_record(column) for key, column in record["columns"].items()}
        return cls(record["rows"], columns, tuple(record["partial"]))
