"""Lists dataset versions with what the runs say of them."""

from __future__ import annotations

import json

from mlops_nb.errors import InvalidInput
from mlops_nb.results import Results
from mlops_nb.runs.model import DatasetVersion
from mlops_nb.store.store import Store

_VERSIONS = """
SELECT v.id, v.digest, v.rows, v.columns, v.record, v.profile IS NOT NULL, count(DISTINCT r.id), max(r.ulid)
FROM dataset_version v JOIN run_dataset u ON u.version = v.id JOIN run r ON r.id = u.run
WHERE v.trashed_us IS NULL AND r.trashed_us IS NULL AND (? IS NULL OR r.ulid = ?)
GROUP BY v.id ORDER BY max(r.ulid) DESC, v.id DESC LIMIT ?
"""
_USES = "SELECT DISTINCT role, variable FROM run_dataset WHERE version = ? ORDER BY role, variable LIMIT 12"
_FILES = "SELECT DISTINCT path FROM dataset_file WHERE version = ? ORDER BY path LIMIT 12"
_NAMES = """
SELECT d.name, n.number FROM dataset_name n JOIN dataset d ON d.id = n.dataset
WHERE n.version = ? AND d.trashed_us IS NULL ORDER BY d.name, n.number LIMIT 12
"""


def list_versions(store: Store, run: str | None, limit: int) -> Results[DatasetVersion]:
    """Dataset versions, those used last first."""
    if limit < 1:
        raise InvalidInput(f"limit is {limit}", expected="1 or more")
    found = []
    for identity, digest, rows, columns, record, profiled, used, last in store.query(_VERSIONS, (run, run, limit)):
        uses = store.query(_USES, (identity,))
        found.append(
            DatasetVersion(
                digest=digest,
                rows=rows,
                columns=columns,
                names=tuple(f"{name}/{number}" for name, number in store.query(_NAMES, (identity,))),
                roles=tuple(dict.fromkeys(role for role, _ in uses)),
                variables=tuple(dict.fromkeys(variable for _, variable in uses)),
                files=tuple(path for (path,) in store.query(_FILES, (identity,))),
                partial=tuple(json.loads(record)["partial"]),
                runs=used,
                last_run=last,
                profiled=bool(profiled),
            )
        )
    return Results(
        found,
        note="" if found else "no datasets yet: they are recorded when a tracked cell reads, fits or scores them",
    )
