"""One kernel's cells in the order they were really run, and the tracked cells among them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.store.ids import new_ulid, now_us

# The rest is imported when the first cell is tracked: a kernel that only loads the extension pays for nothing else.
if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.runs.active_run import ActiveRun
    from mlops_nb.runs.capture.observer import Observer
    from mlops_nb.runs.capture.source import Names
    from mlops_nb.store.store import Store

_STDOUT_LIMIT = 64_000
_NOTHING: Any = object()
_SOURCE = "SELECT source FROM cell WHERE session = ? AND position = ?"
_RUN_CELL = "UPDATE run SET session = ?, position = ?, source = ?, notebook = ?, cell_id = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Cell:
    """An executed cell, as typed."""

    raw: str
    cell_id: str | None
    started_us: int


@dataclass(slots=True)
class Tracked:
    """A tracked cell while it runs."""

    run: ActiveRun
    observer: Observer
    position: int
    typed: Mapping[str, Any]
    folder: Path


@dataclass(slots=True)
class Session:
    """What one kernel ran. In memory until something is tracked: untracked work is nobody's business.

    `python_of` gives a cell as the Python that is really run.
    """

    python_of: Callable[[str], str]
    id: str = field(default_factory=new_ulid)
    cells: list[Cell] = field(default_factory=list)
    literals: dict[str, Any] = field(default_factory=dict)
    _written: int = 0
    _learned: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def executed(self, raw: str, cell_id: str | None) -> int:
        """Note that a cell begins; returns its position."""
        with self._lock:
            self.cells.append(Cell(raw, cell_id, now_us()))
            return len(self.cells) - 1

    def _learn(self, position: int) -> Names:
        """The names of the cell at `position`, and before that the literals of the cells that were run since."""
        from mlops_nb.runs.capture.source import Names, names

        found = Names()
        for cell in self.cells[self._learned : position + 1]:
            self.literals.update(found.literals)
            found = names(self.python_of(cell.raw))
            for name in found.bound:
                self.literals.pop(name, None)
        self._learned = position
        return found

    def begin(
        self,
        store: Store,
        position: int,
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
        from mlops_nb.runs.active_run import ActiveRun
        from mlops_nb.runs.capture.observer import Observer

        run = ActiveRun(store, experiment, params=params, origin="cell", **more)
        run.observer = observer = Observer(run, snapshot=snapshot, models=models)
        self._write_cells(run, position, notebook)
        run.activate(cell=True)
        return Tracked(run, observer, position, params, Path.cwd())

    def _write_cells(self, run: ActiveRun, position: int, notebook: str | None) -> None:
        from mlops_nb.runs import queries, recording
        from mlops_nb.store.masking import mask

        new = list(enumerate(self.cells))[self._written : position + 1]
        self._written = max(self._written, position + 1)
        cell_id = self.cells[position].cell_id

        def put(connection: sqlite3.Connection) -> None:
            for number, each in new:
                digest = recording.put_text(connection, mask(each.raw))
                connection.execute(queries.CELL_ADD, (self.id, number, digest, each.cell_id, each.started_us))
            source = connection.execute(_SOURCE, (self.id, position)).fetchone()
            connection.execute(_RUN_CELL, (self.id, position, source[0], notebook, cell_id, run.row))

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
        from mlops_nb.runs.capture import ending, finishing

        run, observer = tracked.run, tracked.observer
        observer.stop()
        names = observer.guarded(lambda: self._learn(tracked.position))
        if names is not None:
            earlier = {
                n: self.literals[n]
                for n in names.read - names.bound
                if n in self.literals and _same(namespace.get(n, _NOTHING), self.literals[n])
            }
            observer.guarded(lambda: ending.write_scores(observer, names, namespace))
            observer.guarded(lambda: ending.write_params(observer, names, earlier, tracked.typed, namespace))
        observer.guarded(observer.datasets.write_uses)
        run.end(status, error)
        bound = {n: namespace[n] for n in names.bound if n in namespace} if names is not None else {}

        def rest() -> None:
            ending.save_rest(observer, bound)
            bound.clear()
            observer.guarded(lambda: _put_code(run, tracked.folder))
            observer.guarded(lambda: _put_output(run, stdout, figures))

        finishing.later(rest, at_once=observer.heavy())


def _put_code(run: ActiveRun, folder: Path) -> None:
    from mlops_nb.runs.capture.code import git_state, put_code

    put_code(run, folder, git_state(folder))


def _same(value: Any, literal: Any) -> bool:
    return (type(value) is type(literal) and value == literal) or (isinstance(literal, str) and repr(value) == literal)


def _put_output(run: ActiveRun, stdout: str, figures: list[bytes]) -> None:
    from mlops_nb.runs import recording
    from mlops_nb.store.masking import mask

    if stdout:
        tail = mask(stdout[-_STDOUT_LIMIT:])

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE run SET stdout = ? WHERE id = ?", (recording.put_text(connection, tail), run.row)
            )

        run.record(put)
    for number, data in enumerate(figures, 1):
        run.put_artifact(f"figure-{number}.png", "figure", data, {"media": "image/png"})
