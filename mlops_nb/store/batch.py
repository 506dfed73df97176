"""One operation of a batch: run in a savepoint, so that its refusal undoes itself alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeAlias

from mlops_nb.store.sickness import is_sick


class Operation:
    """What somebody asked the writer to do. `waited`: who asked waits, so it is not tried again after a failure."""

    __slots__ = ("action", "future", "waited")

    def __init__(self, action: Callable[[sqlite3.Connection], Any], waited: bool) -> None:
        self.action, self.future, self.waited = action, Future[Any](), waited

    def wanted(self) -> bool:
        """Whether nobody cancelled it."""
        return not self.future.cancelled()

    def run(self, connection: sqlite3.Connection) -> Outcome:
        """Do it inside the open transaction.

        Raises:
            sqlite3.Error: The store itself is sick; the whole batch is to be tried again.
        """
        return self, *isolated(connection, self.action)


Outcome: TypeAlias = tuple[Operation, Any, BaseException | None]


def isolated(
    connection: sqlite3.Connection, action: Callable[[sqlite3.Connection], Any]
) -> tuple[Any, BaseException | None]:
    """The result of `action` or its error; after an error, nothing that it wrote is left."""
    connection.execute("SAVEPOINT operation")
    try:
        result = action(connection)
    except BaseException as error:
        if is_sick(error):
            raise
        connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")
        return None, error
    connection.execute("RELEASE operation")
    return result, None


def settle(outcome: Outcome) -> None:
    """Tell whoever waits for an operation, unless that was cancelled meanwhile."""
    operation, result, error = outcome
    with suppress(InvalidStateError):
        if error is None:
            operation.future.set_result(result)
        else:
            operation.future.set_exception(error)
