"""Datasets of one run: fingerprinted at the time of the call, profiled after it, linked to their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.data.verbs import fingerprint, profile
from mlops_nb.runs import queries
from mlops_nb.runs.capture.isolating import Isolated, array_copy, as_table, isolated
from mlops_nb.runs.capture.results import Origin
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.adapters.frames import Frame
    from mlops_nb.data.model import Fingerprint
    from mlops_nb.runs.active_run import ActiveRun

_COPY_LIMIT = 1 << 30
_PROFILED = "SELECT profile IS NOT NULL FROM dataset_version WHERE digest = ?"


@dataclass(slots=True)
class Use:
    """One dataset version in this run."""

    digest: str
    role: str
    variable: str
    place: str
    rows: int
    columns: int


class _Held(NamedTuple):
    """Columns as they were at the call, until they are profiled. `owner` keeps pandas from writing into them."""

    digest: str
    variable: str
    frame: Frame
    owner: Any


class Datasets:
    """What the run's calls were given, in the order it was first seen."""

    def __init__(self, run: ActiveRun, snapshot: bool) -> None:
        self.run, self.snapshot = run, snapshot
        self.uses: dict[tuple[str, str], Use] = {}
        self._held: list[_Held] = []
        self._train: set[str] = set()
        self._partial: dict[tuple[str, int], str] = {}

    def see(self, data: Any, variable: str, role: str, place: str) -> Use | None:
        """Record that `data` was used in `role`, or in the stronger one that it has; None when it is not data."""
        if not hasattr(data, "shape") and not isinstance(data, list | tuple):
            return None
        source = isolated(data)
        found = fingerprint(data if source is None else source.frame)
        digest = self._name(found, data)
        if role == "train":
            self._train.add(digest)
        elif digest in self._train and role != "raw":
            role = "train"
        use = self.uses.get((digest, variable))
        if use is None:
            use = Use(digest, role, variable[:200], mask(place), found.rows, _width(found))
            self.uses[digest, variable] = use
            self._keep(found, use, self._hold(digest, use.variable, source, data))
        elif _RANK[role] > _RANK[use.role]:
            use.role = role
        return use

    def _name(self, found: Fingerprint, data: Any) -> str:
        """The digest; of what could not be read whole, one that equals nothing but the same object in this run."""
        if not found.partial:
            return found.digest
        return self._partial.setdefault((found.digest, id(data)), f"{found.digest}~{new_ulid()}")

    def _hold(self, digest: str, variable: str, source: Isolated | None, data: Any) -> _Held | None:
        if any(held.digest == digest for held in self._held):
            return None
        if getattr(data, "nbytes", 0) > _COPY_LIMIT and source is None:
            self.run.problem(f"no profile of {variable}: larger than {_COPY_LIMIT >> 30} GiB")
            return None
        source = source or array_copy(data)
        return _Held(digest, variable, source.frame, source.owner) if source is not None else None

    def role_of(self, variable: str) -> str:
        """The role that `variable` has so far."""
        roles = [use.role for use in self.uses.values() if use.variable == variable]
        return max(roles, key=_RANK.__getitem__, default="predict")

    def judged_role(self, variable: str, origin: Origin | None = None) -> str:
        """The role of data that a score judges, as far as names tell; `see` knows what was fitted on."""
        if origin is not None and origin.role == "train":
            return "train"
        names = [origin.data, variable] if origin else [variable]
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

    def held_bytes(self) -> int:
        """About how much is left to profile."""
        return sum(int(getattr(c.values, "nbytes", 0)) for held in self._held for c in held.frame.columns)

    def finish(self, guarded: Callable[[Callable[[], Any]], Any]) -> None:
        """Profile (and keep, if asked to) what was seen. Runs after the cell, in another thread."""
        while self._held:
            held = self._held.pop()
            guarded(partial(self._profile, held))
            if held.digest in self._train and len(held.frame.columns):
                guarded(partial(self._sample_rows, held))
            if self.snapshot:
                guarded(partial(self._snapshot, held))

    def _profile(self, held: _Held) -> None:
        known = self.run.store.query(_PROFILED, (held.digest,))
        if not known or not known[0][0]:
            record = json.dumps(profile(held.frame).to_record())
            self.run.record(lambda connection: connection.execute(queries.DATASET_PROFILE, (record, held.digest)))

    def _sample_rows(self, held: _Held) -> None:
        """Rows that a model learned from, so that an evaluation can say whether it was asked about the same ones."""
        from mlops_nb.data.row_sample import FORMAT, sample

        if self.run.store.query(queries.ROW_SAMPLED, (held.digest,)):
            return
        found = sample(held.frame)
        if found is not None:
            row = (FORMAT, found.rows, str(found.below), found.sampled, found.twins, found.hashes.tobytes())
            self.run.record(lambda connection: connection.execute(queries.ROW_SAMPLE_PUT, (*row, held.digest)))

    def _snapshot(self, held: _Held) -> None:
        from mlops_nb.runs.logged import table_parquet

        content, rows, columns = table_parquet(as_table(held.frame))
        detail = {"dataset": held.digest, "rows": rows, "columns": columns}
        self.run.put_artifact(f"snapshot/{held.variable}.parquet", "table", content, detail)

    def _keep(self, found: Fingerprint, use: Use, held: _Held | None) -> None:
        record, leaves = found.to_record()
        values = (use.digest, found.schema_digest, use.rows, use.columns, json.dumps(record), leaves, now_us())

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(queries.DATASET_ADD, values)
            row = connection.execute(queries.DATASET_ID, (use.digest,)).fetchone()
            connection.execute(queries.RUN_DATASET_PUT, (self.run.row, row[0], use.role, use.variable, use.place))

        self.run.record(put)
        if held is not None:
            self._held.append(held)


_RANK = {"predict": 0, "raw": 1, "reference": 2, "test": 3, "validation": 4, "train": 5}


def _width(found: Fingerprint) -> int:
    if found.shape:
        return found.shape[1] if len(found.shape) > 1 else 1
    return len(found.columns)
