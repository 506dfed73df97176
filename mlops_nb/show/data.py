"""Datasets, fingerprints, differences and profiles."""

from __future__ import annotations

from typing import Any

from mlops_nb.show import facts
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, digest, number, short

_COLUMNS = (
    Column("dataset", lambda v: digest(v.digest), mono=True),
    Column("name", lambda v: ", ".join(v.names)),
    Column("rows", lambda v: f"{v.rows:,}", right=True),
    Column("columns", lambda v: str(v.columns), right=True),
    Column("roles", lambda v: ", ".join(v.roles)),
    Column("variables", lambda v: cut(", ".join(v.variables), 40)),
    Column("files", lambda v: cut(", ".join(path.rpartition("/")[2] for path in v.files), 40)),
    Column("not covered", lambda v: cut(", ".join(v.partial), 40)),
    Column("runs", lambda v: str(v.runs), right=True),
    Column("last run", lambda v: short(v.last_run), mono=True),
)


def list_view(results: Any) -> TableView:
    """Dataset versions."""
    return TableView(_COLUMNS, results.items, results.note)


def view(value: Any) -> Any:
    """A fingerprint, a difference, a profile or one dataset."""
    kind = type(value).__name__
    if kind == "Fingerprint":
        columns = [
            Column("column", lambda c: cut(c.name, 40)),
            Column("type", lambda c: c.exact),
            Column("digest", lambda c: c.digest.hex()[:8], mono=True),
            Column("missing", lambda c: f"{c.missing:,}", right=True),
        ]
        note = (
            f"partial: {', '.join(value.partial)} can't be represented; never equal to another" if value.partial else ""
        )
        return TableView(
            columns, tuple(value.columns.values()), note, f"{value.digest}  {value.rows:,} rows  {value.kind}"
        )
    if kind == "Difference":
        return facts.FactsView([("difference", value.sentence)])
    if kind == "Profile":
        return TableView(
            _PROFILE, tuple(value.columns.values()), "", f"{value.rows:,} rows × {len(value.columns)} columns"
        )
    return facts.view(value)


def _distinct(column: Any) -> str:
    return f"{'' if column.distinct.exact else '~'}{column.distinct.count:,}" if column.distinct.count else ""


def _median(column: Any) -> str:
    return number(column.quantiles.quantile(0.5)) if column.quantiles is not None and column.kind == "number" else ""


def _frequent(column: Any) -> str:
    if column.kind not in ("text", "bool"):
        return ""
    return cut(", ".join(f"{item.text} {item.count:,}" for item in column.frequent.items[:3]), 60)


_PROFILE = (
    Column("column", lambda c: cut(c.name, 32)),
    Column("type", lambda c: c.tag),
    Column("missing", lambda c: f"{c.missing / c.n:.1%}" if c.n and c.missing else "", right=True),
    Column("distinct", _distinct, right=True),
    Column("min", lambda c: cut(number(c.minimum), 20), right=True),
    Column("median", _median, right=True),
    Column("max", lambda c: cut(number(c.maximum), 20), right=True),
    Column("mean", lambda c: number(c.mean) if c.mean is not None else "", right=True),
    Column("most frequent", _frequent),
)
