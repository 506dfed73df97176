"""Data as somebody gives it for an evaluation: a frame, (X, y), or a file; with the truth and the groups in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest

if TYPE_CHECKING:
    import pandas as pd

    from mlops_nb.data.model import Fingerprint

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".feather": "read_feather", ".arrow": "read_feather"}
_MOST_VALUES = 20
_TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Given:
    """Rows to evaluate.

    Attributes:
        table: All columns that were given, without the truth; of an array, columns `0`, `1` …
        truth: What was so, one a row.
        target: The name of the truth.
        fingerprint: Of table and truth together.
    """

    table: pd.DataFrame
    truth: Any
    target: str
    fingerprint: Fingerprint

    def columns(self, asked: Sequence[str]) -> list[str]:
        """The columns that were asked for, each once: `a,b` is two, unless there is one of that name."""
        known = {*map(str, self.table.columns), self.target}
        parts = [[one] if one in known else one.split(",") for one in asked]
        return list(dict.fromkeys(name.strip() for some in parts for name in some if name.strip()))

    def labels(self, column: str) -> Any:
        """The group of each row by a column; many numbers are cut at their quartiles.

        Raises:
            InvalidInput: No such column.
        """
        import pandas as pd

        if column not in self.table.columns and column != self.target:
            known = [str(name) for name in self.table.columns]
            shown = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
            raise InvalidInput(
                f"the data has no column {brief(column)}", expected=shown, nearest=nearest(column, known)
            )
        return labels_of(pd.Series(self.truth) if column == self.target else self.table[column])


def labels_of(column: pd.Series[Any]) -> Any:
    """The group of each row by a column's values; many numbers are cut at their quartiles."""
    import pandas as pd

    values = column.reset_index(drop=True)
    if values.dtype.kind in "iuf" and values.nunique() > _MOST_VALUES:
        finite = values[values.abs() < float("inf")]
        values = pd.qcut(values.clip(finite.min(), finite.max()), 4, duplicates="drop")
    return values.astype(object).to_numpy()


def given(data: Any, target: Any, inputs: Sequence[str]) -> Given:
    """What to evaluate, from what somebody gave.

    Args:
        data: A frame, `(X, y)`, an array, or the path of a Parquet, CSV or Feather file.
        target: The name of the column that holds the truth, or its values; None: the one column that is no input.
        inputs: The columns that the model takes.

    Raises:
        InvalidInput: No truth, no such column, unlike lengths, no rows, or data that has no fingerprint.
        NotFound: No such file.
    """
    if isinstance(data, tuple) and len(data) == 2 and target is None:
        data, target = data
    table = _table(_read(data) if isinstance(data, str | Path) else data)
    if target is None or isinstance(target, str):
        name = _target(table, target, inputs)
        truth, table = table[name].to_numpy(), table.drop(columns=[name])
    else:
        name, truth = _named(target), _values(target)
    if len(truth) != len(table):
        raise InvalidInput(f"{len(truth):,} values of truth for {len(table):,} rows", expected="one a row")
    if not len(table):
        raise InvalidInput("there are no rows to evaluate", expected="at least one row with a known answer")
    return Given(table, truth, name, _fingerprint(table, truth, name))


def _read(path: str | Path) -> Any:
    import pandas as pd

    path = Path(path).expanduser()
    if not path.exists():
        raise NotFound(f"there is no variable or file {brief(str(path))}", expected=f"a file of {', '.join(_READERS)}")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"{brief(str(path))} is no file of data", expected=f"one of {', '.join(_READERS)}")
    try:
        return getattr(pd, reader)(path)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{brief(str(path))} can't be read: {brief(str(error), 120)}") from None


def _table(data: Any) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return _texts(data.reset_index(drop=True))
    if isinstance(data, np.ndarray):
        return pd.DataFrame(data if data.ndim == 2 else data.reshape(len(data), -1))
    if isinstance(data, Mapping):
        return _texts(pd.DataFrame(dict(data)))
    if hasattr(data, "to_pandas"):
        return _texts(pd.DataFrame(data.to_pandas()).reset_index(drop=True))
    if isinstance(data, list | pd.Series):  # of texts, or rows of numbers
        return pd.DataFrame(list(data))
    raise InvalidInput(f"{brief(data)} of type {type(data).__name__} is no data", expected="a frame, (X, y) or a file")


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    """The same with names that are texts: so a model's signature and a person's line have them."""
    names = [str(name) for name in table.columns]
    double = next((name for name in names if names.count(name) > 1), "")
    if double:
        raise InvalidInput(f"two columns are called {brief(double)}", expected="each name once")
    return table.set_axis(names, axis=1)


def _target(table: pd.DataFrame, target: str | None, inputs: Sequence[str]) -> str:
    columns = [str(name) for name in table.columns]
    free = [name for name in columns if name not in set(inputs)]
    if target is None:
        if len(free) == 1 and inputs:
            return free[0]
        what = "which column holds the truth was not said"
        raise InvalidInput(what, expected=f"one of {', '.join(free[:12])}" if free else "", fix="--target COLUMN")
    if target not in columns:
        expected = ", ".join((free or columns)[:12])
        raise InvalidInput(
            f"the data has no column {brief(target)}", expected=expected, nearest=nearest(target, columns)
        )
    if target in inputs:
        raise InvalidInput(f"{brief(target)} is an input of the model", expected="the column that holds the truth")
    return target


def _named(target: Any) -> str:
    name = getattr(target, "name", None)
    return str(name) if isinstance(name, str) and name else _TRUTH


def _values(target: Any) -> Any:
    import numpy as np

    values = target.to_numpy() if hasattr(target, "to_numpy") else np.asarray(target)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InvalidInput(f"the truth has shape {list(values.shape)}", expected="one value a row")
    return values


def _fingerprint(table: pd.DataFrame, truth: Any, name: str) -> Fingerprint:
    from mlops_nb.data.verbs import fingerprint

    # The truth may be named like a column when it was given apart.
    while name in table.columns:
        name += "'"
    found = fingerprint(table.assign(**{name: truth}))
    if found.partial:
        shown = ", ".join(map(brief, found.partial[:3]))
        what = f"the data can't be named by its content: column {shown} holds values of several kinds"
        raise InvalidInput(what, expected="columns of numbers, texts, times or booleans")
    return found
