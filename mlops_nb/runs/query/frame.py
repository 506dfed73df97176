"""Runs as a wide pandas DataFrame, column by column."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlops_nb.runs.numbers import from_stored as number
from mlops_nb.runs.query.items import BASE
from mlops_nb.runs.query.reader import Reader, batched
from mlops_nb.runs.recording import from_stored as scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mlops_nb.runs.query.scope import Scope

# Up to here the wanted rows are looked up, from here on the tables are read through.
_SCAN_FROM = 5_000
_TABLES = (("params", "param"), ("metrics", "metric"), ("values", "value"), ("tags", "tag"))
_BASE_ALL = BASE.replace("WHERE r.id IN ({places})", "")
# A number's text is left behind, except that of a truth value, whose number is 0 or 1.
_COLUMNS = {
    "param": "t.number, CASE WHEN t.number IS NULL OR t.text IN ('True', 'False') THEN t.text END",
    "metric": "t.last, t.kind",
    "value": "t.number, t.kind",
    "tag": "NULL, t.text",
}


def of_ids(reader: Reader, ids: Sequence[int], scope: Scope) -> pd.DataFrame:
    """The runs of these ids in their order, as they are now, a row per run.

    Returns:
        The columns id, experiment, status, started (datetime64, UTC), wall_s, note, then `params.…`,
        `metrics.…`, `values.…` and `tags.…` by name. A column of numbers is float64, with NaN where a run has
        none; a param that is a truth value in every run is bool; a text column is what pandas makes of text.
    """
    columns = _base(reader, ids, scope)
    for space, table in _TABLES:
        for name, column in _pivoted(reader, table, ids):
            columns[f"{space}.{name}"] = column
    return _made(columns)


def _typed(column: list[Any]) -> Any:
    """float64 for numbers, bool for truth values in every run, else objects."""
    import numpy as np

    kinds = {type(value) for value in column}
    if kinds <= {int, float, type(None)}:
        # Through float first: an int of any size is fine as a float, a missing one is NaN.
        return np.array([np.nan if value is None else float(value) for value in column])
    if kinds == {bool}:
        return np.array(column, dtype=bool)
    made = np.empty(len(column), dtype=object)
    made[:] = column
    return made


def _made(columns: dict[str, Any]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    columns["started"] = pd.to_datetime(np.array(columns["started"], dtype="int64"), unit="us", utc=True)
    columns["wall_s"] = np.array(columns["wall_s"], dtype="float64")
    return pd.DataFrame(columns)


def _base(reader: Reader, ids: Sequence[int], scope: Scope) -> dict[str, Any]:
    rows = reader.query(_BASE_ALL, ()) if len(ids) > _SCAN_FROM else batched(reader, BASE, ids)
    by_id = {row[0]: row for row in rows}
    chosen = [by_id[run] for run in ids if run in by_id]
    return {
        "id": [row[1] for row in chosen],
        "experiment": [row[2] for row in chosen],
        "status": [scope.status(row[0], row[3]) for row in chosen],
        "started": [row[4] for row in chosen],
        "wall_s": [None if row[5] is None else row[5] / 1e6 for row in chosen],
        "note": [row[6] for row in chosen],
    }


def _pivoted(reader: Reader, table: str, ids: Sequence[int]) -> Iterator[tuple[str, Any]]:
    """One column per key of a table, by name."""
    import numpy as np

    sql = f"SELECT t.run, t.key, {_COLUMNS[table]} FROM {table} t"
    whole = len(ids) > _SCAN_FROM
    rows = reader.query(sql, ()) if whole else batched(reader, sql + " WHERE t.run IN ({places})", ids)
    if not rows or not ids:
        return
    run_of, key_of = (np.fromiter(map(itemgetter(i), rows), dtype="int64", count=len(rows)) for i in (0, 1))
    row_of = _rows_of(run_of, ids)
    order = np.argsort(key_of, kind="stable")
    order = order[row_of[order] >= 0]
    numbers = np.array([row[2] for row in rows], dtype="float64")
    others = np.array([row[3] for row in rows], dtype=object)
    unique, starts = np.unique(key_of[order], return_index=True)
    names: dict[int, str] = dict(batched(reader, "SELECT id, name FROM key WHERE id IN ({places})", unique.tolist()))
    groups = dict(zip(unique.tolist(), np.split(order, starts[1:]), strict=True)) if len(unique) else {}
    for key in sorted(groups, key=lambda key: names[key]):
        chosen = groups[key]
        yield names[key], _column(table, row_of[chosen], numbers[chosen], others[chosen], len(ids))


def _rows_of(runs: NDArray[np.int64], ids: Sequence[int]) -> NDArray[np.int64]:
    """The row of each run in the frame, -1 for one that is not in it."""
    import numpy as np

    wanted = np.array(ids, dtype="int64")
    order = np.argsort(wanted)
    place = np.minimum(np.searchsorted(wanted, runs, sorter=order), len(wanted) - 1)
    rows: NDArray[np.int64] = np.where(wanted[order[place]] == runs, order[place], -1)
    return rows


def _column(table: str, rows: Any, numbers: Any, others: Any, length: int) -> Any:
    import numpy as np

    if table in ("metric", "value") or (table == "param" and not others.astype(bool).any()):
        column = np.full(length, np.nan)
        column[rows] = numbers
        if table != "param":
            for kind in (2, 3):
                column[rows[others == kind]] = number(None, kind)
        return column
    made: list[Any] = [None] * length
    for row, value, text in zip(rows.tolist(), numbers.tolist(), others.tolist(), strict=True):
        made[row] = text if table == "tag" else _param(value, text)
    return made if table == "tag" else _typed(made)


def _param(value: float, text: str | None) -> Any:
    return value if text is None else scalar(text, None if text not in ("True", "False") else value)
