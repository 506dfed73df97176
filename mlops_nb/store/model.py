"""What the verbs of the ground floor return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_nb.results import Result


@dataclass(frozen=True, slots=True, repr=False)
class StoreFacts(Result):
    """Where a store is and what is in it."""

    folder: str
    project: str
    format: int
    runs: int
    models: int
    deployments: int
    bytes: int


@dataclass(frozen=True, slots=True, repr=False)
class Setting(Result):
    """One setting, its value and where that came from."""

    name: str
    value: str
    origin: str
    help: str


@dataclass(frozen=True, slots=True, repr=False)
class Doctor(Result):
    """What was looked at, and what is wrong; `problems` is empty when all is well."""

    version: str
    python: str
    store: str
    file_system: str
    journal: str
    sqlite: str
    writable: bool
    audit: str
    extras: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return 1 if self.problems else 0


@dataclass(frozen=True, slots=True, repr=False)
class Checked(Result):
    """What `db check` proved. `problems` names each damaged or missing thing and the way out."""

    store: str
    format: int
    pages: str
    runs: int
    artifacts: int
    audit_rows: int
    audit_anchored: int
    problems: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return 1 if self.problems else 0


@dataclass(frozen=True, slots=True, repr=False)
class Backup(Result):
    """A copy of the database."""

    path: str
    bytes: int
    runs: int


@dataclass(frozen=True, slots=True, repr=False)
class Collected(Result):
    """What `db gc` removed, or would remove."""

    runs: int
    others: int
    artifacts: int
    texts: int
    bytes: int
    dry: bool
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Migrated(Result):
    """The store's format before and after."""

    before: int
    after: int
    backup: str


@dataclass(frozen=True, slots=True, repr=False)
class Moved(Result):
    """A thing that was trashed, restored or renamed."""

    kind: str
    name: str
    now: str


@dataclass(frozen=True, slots=True, repr=False)
class Sql(Result):
    """The answer to a query: columns and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False

    @property
    def df(self) -> Any:
        """The answer as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.columns))
