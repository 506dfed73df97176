"""Datasets of one run: fingerprinted at the time of the call, profiled after it, linked to their files."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.data.verbs import fingerprint, profile
from mlops_nb.runs import queries
from mlops_nb.runs.capture.results import Origin
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    from mlops_nb.data.model import Fingerprint
    from mlops_nb.runs.active_run import ActiveRun

_COPY_LIMIT = 1 << 30


@dataclass(slots=True)
class Use:
    """One dataset version in this run."""

    digest: str
    role: str
    variable: str
    place: str
    rows: int
    columns: int


class Datasets:
    """What the run's calls were given, in the order it was first seen."""

    def __init__(self, run: ActiveRun, snapshot: bool) -> None:
        self.run, self.snapshot = run, snapshot
        self.uses: dict[tuple[str, str], Use] = {}
        self._copies: dict[str, Any] = {}
        self._train: set[str] = set()

    def see(self, data: Any, variable: str, role: str, place: str) -> str | None:
        """Record that `data` was used; returns its digest, or None when it is not data (a list of estimators …)."""
        if not hasattr(data, "shape") and not isinstance(data, list | tuple):
            return None
        found = fingerprint(data)
        digest = found.digest if not found.partial else f"{found.digest}~{new_ulid()}"
        if role == "train":
            self._train.add(digest)
        elif digest in self._train:
            role = "train"
        key = (digest, variable)
        known = self.uses.get(key)
        if known is None:
            self.uses[key] = Use(digest, role, variable[:200], mask(place), found.rows, _width(found, data))
            self._keep(found, digest, data)
        elif _RANK[role] > _RANK[known.role]:
            known.role = role
        return digest

    def role_of(self, data: Any, variable: str) -> str:
        """The role that `variable` has so far."""
        del data
        roles = [use.role for use in self.uses.values() if use.variable == variable]
        return max(roles, key=_RANK.__getitem__, default="predict")

    def judged_role(self, data: Any, variable: str, origin: Origin | None = None) -> str:
        """The role of data that a score judges: training data if it was fitted on, else by its name."""
        del data
        names = [origin.data if origin else variable, variable]
        for name in names:
            if self.role_of(None, name) == "train":
                return "train"
        return "validation" if any("val" in name.lower() or "dev" in name.lower() for name in names) else "test"

    def promote(self, variable: str, role: str) -> None:
        """Data that were only predicted for turn out to be judged."""
        for use in self.uses.values():
            if use.variable == variable and use.role == "predict":
                use.role = role

    def read_from(self, digest: str, path: Path) -> None:
        """The dataset `digest` was read from the file at `path`."""
        file = fingerprint(path)
        size, shown = path.stat().st_size, mask(str(path))

        def link(connection: sqlite3.Connection) -> None:
            row = connection.execute(queries.DATASET_ID, (digest,)).fetchone()
            if row:
                connection.execute(queries.DATASET_FILE_PUT, (row[0], file.digest, shown, size, now_us()))

        self.run.record(link)

    def write_uses(self) -> None:
        """Write which datasets the run used, in which role."""
        uses = [(u.digest, u.role, u.variable, u.place) for u in self.uses.values()]

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(queries.RUN_DATASETS_CLEAR, (self.run.row,))
            for digest, role, variable, place in uses:
                row = connection.execute(queries.DATASET_ID, (digest,)).fetchone()
                connection.execute(queries.RUN_DATASET_PUT, (self.run.row, row[0], role, variable, place))

        self.run.record(put)

    def finish(self) -> None:
        """Profile (and keep, if asked to) what was seen. Runs after the cell, in another thread."""
        while self._copies:
            digest, data = self._copies.popitem()
            known = self.run.store.query("SELECT profile IS NOT NULL FROM dataset_version WHERE digest = ?", (digest,))
            if not known or not known[0][0]:
                record = json.dumps(profile(data).to_record())
                self.run.record(lambda c, r=record, d=digest: c.execute(queries.DATASET_PROFILE, (r, d)))  # type: ignore[misc]
            if self.snapshot:
                self._snapshot(digest, data)

    def _snapshot(self, digest: str, data: Any) -> None:
        from mlops_nb.runs.logged import table_parquet

        use = next(u for u in self.uses.values() if u.digest == digest)
        content, rows, columns = table_parquet(data)
        self.run.put_artifact(
            f"snapshot/{use.variable}.parquet",
            "table",
            content,
            {"dataset": digest, "rows": rows, "columns": columns},
        )

    def _keep(self, found: Fingerprint, digest: str, data: Any) -> None:
        record, leaves = found.to_record()
        values = (
            digest,
            found.schema_digest,
            found.rows,
            _width(found, data),
            json.dumps(record),
            leaves,
            now_us(),
        )
        self.run.record(lambda connection: connection.execute(queries.DATASET_ADD, values))
        copy = _isolated(data)
        if copy is None:
            self.run.problem(f"no profile of {digest[:12]}: larger than {_COPY_LIMIT >> 30} GiB")
        else:
            self._copies[digest] = copy
        self.write_uses()


_RANK = {"predict": 0, "raw": 1, "reference": 2, "test": 3, "validation": 4, "train": 5}


def _width(found: Fingerprint, data: Any) -> int:
    if found.shape:
        return found.shape[1] if len(found.shape) > 1 else 1
    return len(found.columns) or getattr(data, "shape", (0, 1))[-1]


def _isolated(data: Any) -> Any:
    """`data` as it is now, whatever the user does to it next: copy-on-write for frames, a copy for arrays."""
    module = type(data).__module__.partition(".")[0]
    if module == "pandas":
        return data.copy(deep=False)
    if module in ("polars", "pyarrow"):
        return data
    if getattr(data, "nbytes", 0) > _COPY_LIMIT:
        return None
    return data.copy() if hasattr(data, "copy") else list(data)
