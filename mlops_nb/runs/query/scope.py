"""What a search has to know of the store before its SQL can be written: key ids, and which runs are dead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_nb.errors import nearest
from mlops_nb.runs.query.expression import Field
from mlops_nb.runs.query.keys import TABLES, keys
from mlops_nb.runs.query.reader import Reader, batched
from mlops_nb.runs.query.sql import Piece, negated, one_of
from mlops_nb.services.process import Process, alive
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_KEY = -1


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of the keys that are named, the runs that really run, and the clock, all as of one moment."""

    now_us: int
    keys: dict[str, int] = field(default_factory=dict)
    running: tuple[int, ...] = ()
    newest: int = 0

    def key(self, name: str) -> int:
        """The id of a key; one that no row has when there is no such key."""
        return self.keys.get(name, NO_KEY)

    @property
    def dead(self) -> Piece:
        """The runs that say `running` and whose process is gone."""
        # A run that began after the look at the processes counts as running: hence `newest`.
        living = negated(one_of("r.id", self.running))
        return Piece(f"(r.status = 'running' AND r.id <= ? AND {living})", (self.newest, *living.values))

    def status(self, run: int, status: str) -> str:
        """The status of a run as people should see it."""
        if status == "running" and run <= self.newest and run not in self.running:
            return "interrupted"
        return status


def look(reader: Reader, named: Iterable[Field]) -> Scope:
    """The scope of a search that names these fields."""
    names = sorted({field.name for field in named if field.space != "run"})
    found = batched(reader, "SELECT name, id FROM key WHERE name IN ({places})", names)
    now = now_us()
    rows = reader.query("SELECT id, host, pid, process_started_us, heartbeat_us FROM run WHERE status = 'running'", ())
    known: dict[tuple[Process, int], bool] = {}
    running = []
    for run, host, pid, started, heartbeat in rows:
        process = Process(host, pid, started), heartbeat
        if process not in known:
            known[process] = alive(*process, now)
        if known[process]:
            running.append(run)
    newest = max((row[0] for row in rows), default=0)
    return Scope(now, dict(found), tuple(running), newest)


def hints(reader: Reader, scope: Scope, named: Iterable[Field]) -> str:
    """One line on the named keys that no run has, with the nearest that some run has; else empty."""
    lines = []
    for unknown in dict.fromkeys(item for item in named if item.space != "run"):
        table = TABLES[unknown.space]
        if reader.query(f"SELECT 1 FROM {table} WHERE key = ? LIMIT 1", (scope.key(unknown.name),)):
            continue
        plain = Field(unknown.space, unknown.name)
        close = nearest(unknown.name, keys(reader, unknown.space, limit=10_000))
        meant = f", did you mean {Field(unknown.space, close)}?" if close else ""
        line = f"no run has {plain}{meant}"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)
