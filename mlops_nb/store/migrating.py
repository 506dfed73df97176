"""Numbered SQL steps that bring a store to this version's format, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import resources
from pathlib import Path

from mlops_nb.errors import StoreError
from mlops_nb.store.sickness import retry_busy


@cache
def steps() -> tuple[tuple[int, str], ...]:
    """The numbered migrations: (number, SQL). Steps are never edited once released."""
    folder = resources.files("mlops_nb.store") / "migrations"
    found = [
        (int(entry.name[:4]), entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql")
    ]
    return tuple(sorted(found))


def newest() -> int:
    """The store format that this version of mlops_nb writes."""
    return steps()[-1][0]


def format_of(connection: sqlite3.Connection) -> int:
    """The store format found in the file; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(found: int, path: Path) -> None:
    """Raise when the store was written by a newer mlops_nb.

    Raises:
        StoreError: Says which format the store has and which this version can read.
    """
    if found > newest():
        raise StoreError(
            f"the store {path} has format {found}, written by a newer mlops_nb",
            expected=f"format {newest()} or older",
            fix="pip install --upgrade mlops_nb",
        )


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    before_steps: Callable[[int], None],
    after_steps: Callable[[int, int], None],
) -> tuple[int, int]:
    """Bring the store to this version's format, in one transaction: a kill leaves the old format or the new one.

    Args:
        connection: May write.
        path: Of the store, for messages.
        before_steps: Called with the format found, when there is something to do and nobody else can write any more.
        after_steps: Called inside the transaction with the formats before and after.

    Returns:
        The format before and after.
    """
    before = format_of(connection)
    refuse_newer(before, path)
    if before == newest():
        return before, before
    retry_busy(partial(connection.execute, "BEGIN IMMEDIATE"))
    try:
        # Twelve processes may start at once: whoever comes second finds the work done.
        before = format_of(connection)
        refuse_newer(before, path)
        if before < newest():
            _refuse_foreign(connection, before, path)
            before_steps(before)
            _run_steps(connection, before)
            after_steps(before, newest())
        retry_busy(partial(connection.execute, "COMMIT"))
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before, newest()


def _refuse_foreign(connection: sqlite3.Connection, before: int, path: Path) -> None:
    if before == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(
            f"{path} is the database of another program", fix="MLOPS_NB_STORE=another/.mlops, or move that file away"
        )


def _run_steps(connection: sqlite3.Connection, before: int) -> None:
    for number, sql in steps():
        if number > before:
            for statement in statements(sql):
                connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {newest()}")


def statements(script: str) -> Iterator[str]:
    """The single statements of a script (`executescript` would commit the open transaction)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
