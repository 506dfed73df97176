"""The one quiet line after a tracked cell, which opens to the whole card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_nb.results import Result
from mlops_nb.runs.capture import finishing
from mlops_nb.runs.card import read_card

if TYPE_CHECKING:
    from mlops_nb.errors import MlopsError
    from mlops_nb.runs.active_run import ActiveRun
    from mlops_nb.runs.model import RunCard
    from mlops_nb.store.store import Store


@dataclass(frozen=True, slots=True, repr=False)
class RunLine(Result):
    """A run just after its cell.

    `pending`: models, profiles and the like are still being saved; `unsaved`: why something could not be, and without a
    card nothing could.
    """

    id: str
    experiment: str
    card: RunCard | None
    pending: bool
    dry: bool
    unsaved: str = ""


def line_of(store: Store, ulid: str) -> RunLine:
    """The line of a run as it stands in the store."""
    card = read_card(store, ulid)
    return RunLine(ulid, card.run.experiment, card, False, False)


def run_line(run: ActiveRun, dry: bool = False) -> RunLine:
    """The line of a run that has just ended; says what could not be saved."""
    failure: MlopsError | None = run.store.writer.settle()
    if failure is not None:
        return RunLine(run.id, run.experiment, None, False, dry, failure.line())
    part = run.unsaved.line() if run.unsaved is not None else ""
    return RunLine(run.id, run.experiment, read_card(run.store, run.id), finishing.pending(), dry, part)
