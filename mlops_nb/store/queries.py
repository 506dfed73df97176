"""Read-only SQL for people: one statement, over documented views."""

from __future__ import annotations

import sqlite3
import time

from mlops_nb.errors import InvalidInput, StoreError
from mlops_nb.store.model import Sql
from mlops_nb.store.store import Store

_ROWS = 10_000
_SECONDS = 30


def read_only(store: Store, query: str) -> Sql:
    """The answer to one SELECT, at most 10,000 rows.

    Raises:
        InvalidInput: It is not one valid statement, or it would write.
        StoreError: It took longer than 30 seconds.
    """
    connection = store.connection()
    end = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)
    try:
        cursor = connection.execute(query)
        rows = cursor.fetchmany(_ROWS + 1)
    except (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.Warning) as error:
        if "interrupted" in str(error):
            raise StoreError(f"the query took longer than {_SECONDS} s", fix="add a LIMIT or a condition") from None
        raise InvalidInput(
            f"sql: {error}", expected="one SELECT over runs, metrics, params, tags, datasets, versions"
        ) from None
    finally:
        connection.set_progress_handler(None, 0)
    if cursor.description is None:
        raise InvalidInput("sql: this statement answers nothing", expected="one SELECT")
    return Sql(tuple(d[0] for d in cursor.description), tuple(map(tuple, rows[:_ROWS])), len(rows) > _ROWS)
