"""One kernel's cells in the order they were really run, and the tracked cells among them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.runs import queries, recording
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.runs.capture import ending, finishing
from mlops_nb.runs.capture.code import git_state, put_code
from mlops_nb.runs.capture.observer import Observer
from mlops_nb.runs.capture.source import Names, names
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_STDOUT_LIMIT = 64_000
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True)
class Cell:
    """An executed cell. `raw`: as typed; `python`: as IPython runs it."""

    raw: str
    python: str
    cell_id: str | None
    started_us: int


@dataclass(slots=True)
class Tracked:
    """A tracked cell while it runs."""

    run: ActiveRun
    observer: Observer
    cell: Cell
    position: int
    typed: Mapping[str, Any]
    folder: Path


@dataclass(slots=True)
class Session:
    """What one kernel ran. In memory until something is tracked: untracked work is nobody's business."""

    id: str = field(default_factory=new_ulid)
    cells: list[Cell] = field(default_factory=list)
    literals: dict[str, Any] = field(default_factory=dict)
    _written: int = 0

    def executed(self, raw: str, python: str, cell_id: str | None) -> Cell:
        """Note that a cell begins."""
        cell = Cell(raw, python, cell_id, now_us())
        self.cells.append(cell)
        return cell

    def learn(self, cell: Cell) -> Names:
        """Remember the literals that a cell bound, when it has run."""
        found = names(cell.python)
        for name in found.bound:
            self.literals.pop(name, None)
        self.literals.update(found.literals)
        return found

    def begin(
        self,
        store: Store,
        cell: Cell,
        experiment: str,
        *,
        params: Mapping[str, Any],
        snapshot: bool,
        models: bool,
        notebook: str | None,
        **more: Any,
    ) -> Tracked:
        """Open the run of a tracked cell.

        Raises:
            MlopsError: A param, tag or name is not allowed.
        """
        run = ActiveRun(store, experiment, params=params, origin="cell", **more)
        run.observer = observer = Observer(run, snapshot=snapshot, models=models)
        position = len(self.cells) - 1
        self._write_cells(run, position, notebook, cell)
        run.activate(cell=True)
        return Tracked(run, observer, cell, position, params, Path.cwd())

    def _write_cells(self, run: ActiveRun, position: int, notebook: str | None, cell: Cell) -> None:
        new = list(enumerate(self.cells))[self._written :]
        self._written = len(self.cells)

        def put(connection: sqlite3.Connection) -> None:
            for number, each in new:
                digest = recording.put_text(connection, mask(each.raw))
                connection.execute(queries.CELL_ADD, (self.id, number, digest, each.cell_id, each.started_us))
            source = connection.execute(
                "SELECT source FROM cell WHERE session = ? AND position = ?", (self.id, position)
            ).fetchone()
            connection.execute(
                "UPDATE run SET session = ?, position = ?, source = ?, notebook = ?, cell_id = ? WHERE id = ?",
                (self.id, position, source[0], notebook, cell.cell_id, run.row),
            )

        run.record(put)

    def end(
        self,
        tracked: Tracked,
        status: str,
        error: str | None,
        namespace: Mapping[str, Any],
        stdout: str,
        figures: list[bytes],
    ) -> None:
        """Close the run of a tracked cell. What takes longer goes on in the background."""
        run, observer = tracked.run, tracked.observer
        observer.stop()
        found = self.learn(tracked.cell)
        earlier = {
            n: self.literals[n]
            for n in found.read - found.bound
            if n in self.literals and _same(namespace.get(n, _NOTHING), self.literals[n])
        }
        observer.guarded(lambda: ending.write_scores(observer, found, namespace))
        observer.guarded(lambda: ending.write_params(observer, found, earlier, tracked.typed))
        observer.guarded(observer.datasets.write_uses)
        run.end(status, error)
        bound = {n: namespace[n] for n in list(namespace) if n in found.bound}
        del namespace

        def rest() -> None:
            ending.save_rest(observer, bound)
            bound.clear()
            observer.guarded(lambda: put_code(run, tracked.folder, git_state(tracked.folder)))
            observer.guarded(lambda: _put_output(run, stdout, figures))

        finishing.later(rest)


def _same(value: Any, literal: Any) -> bool:
    return (type(value) is type(literal) and value == literal) or (isinstance(literal, str) and repr(value) == literal)


def _put_output(run: ActiveRun, stdout: str, figures: list[bytes]) -> None:
    if stdout:
        tail = mask(stdout[-_STDOUT_LIMIT:])

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE run SET stdout = ? WHERE id = ?", (recording.put_text(connection, tail), run.row)
            )

        run.record(put)
    for number, data in enumerate(figures, 1):
        run.put_artifact(f"figure-{number}.png", "figure", data, {"media": "image/png"})
