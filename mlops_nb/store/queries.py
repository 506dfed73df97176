"""Read-only SQL for people: one statement, over documented views."""

from __future__ import annotations

import sqlite3
import time

from mlops_nb.errors import InvalidInput, StoreError
from mlops_nb.store.model import Sql
from mlops_nb.store.sickness import is_sick
from mlops_nb.store.store import Store

_ROWS = 10_000
_SECONDS = 30
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def read_only(store: Store, query: str) -> Sql:
    """The answer to one SELECT, at most 10,000 rows.

    Raises:
        InvalidInput: It is not one valid statement, or it would write.
        StoreError: It took longer than 30 seconds.
    """
    end = time.monotonic() + _SECONDS
    with store.reading() as connection:
        connection.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)
        connection.set_authorizer(_only_reads)
        try:
            return _answer(connection, query)
        except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
            if is_sick(error):
                raise
            if time.monotonic() > end:
                raise StoreError(f"the query took longer than {_SECONDS} s", fix="add a LIMIT or a condition") from None
            raise InvalidInput(
                f"sql: {error}", expected="one SELECT over runs, metrics, params, tags, datasets, versions"
            ) from None
        finally:
            connection.set_authorizer(None)
            connection.set_progress_handler(None, 0)


def _only_reads(action: int, *_: object) -> int:
    # The file is open read-only; ATTACH and VACUUM INTO would still make others.
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def _answer(connection: sqlite3.Connection, query: str) -> Sql:
    cursor = connection.execute(query)
    try:
        rows = cursor.fetchmany(_ROWS + 1)
        if cursor.description is None:
            raise InvalidInput("sql: this statement answers nothing", expected="one SELECT")
        return Sql(tuple(d[0] for d in cursor.description), tuple(map(tuple, rows[:_ROWS])), len(rows) > _ROWS)
    finally:
        cursor.close()  # else the read transaction stays open and the WAL grows
