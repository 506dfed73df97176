"""What stood where, and when: questions to the log of moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.model import mark_of
from mlops_nb.registry.resolving import model_row
from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.model import Stages, Standing, Transition
from mlops_nb.store import moments
from mlops_nb.store.reasons import ERASED

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_EVER = 2**62


def stages_at(store: Store, name: str, at: str = "") -> Stages:
    """Where the versions of a model stood at a moment, and the moves until then.

    Args:
        store: Where to look.
        name: The model.
        at: ISO 8601, in the system's zone unless it names one; empty: now.

    Raises:
        NotFound: No such model.
        InvalidInput: Not a moment.
    """
    model, name = model_row(store, name)
    moment = moments.moment(at) if at else None
    until = _EVER if moment is None else moment
    stood = {row[1]: _transition(row) for row in store.query(queries.STOOD, (model, until))}
    aliases: dict[int, list[str]] = {}
    for alias, number in store.query(queries.POINTED, (model, until)):
        aliases.setdefault(int(number), []).append(alias)
    numbers = {row[0] for row in store.query(queries.REGISTERED, (model, until))} | stood.keys()
    moves = tuple(_transition(row) for row in store.query(queries.HISTORY, (model, until)))
    standings = tuple(
        _standing(name, number, stood.get(number), tuple(aliases.get(number, ())), moves)
        for number in sorted(numbers, reverse=True)
    )
    return Stages(name, moment, standings, moves)


def move_at(store: Store, version: Version, at_us: int) -> Transition:
    """The move of a version at a moment: two moves of one version never have the same."""
    return _transition(store.query(queries.MOVE_AT, (version.model_id, version.version, at_us))[0])


def _standing(
    name: str, number: int, move: Transition | None, aliases: tuple[str, ...], moves: Sequence[Transition]
) -> Standing:
    if move is None:
        return Standing(name, number, "none", None, "", "", "", "", aliases)
    how = move.how if move.after != "none" else ""
    let_in = next((m.how for m in moves if (m.version, m.after) == (number, move.after) and m.how != "rollback"), "")
    told = (move.at_us, how, move.actor, move.verified, move.reason)
    return Standing(name, number, move.after, *told, aliases, mark_of(move.after, let_in))


def _transition(row: tuple[Any, ...]) -> Transition:
    model, version, alias, before, after, how, reason, actor, verified, at_us, checked = row
    reason = ERASED if reason is None else reason
    return Transition(model, version, alias, before, after, how, reason, actor, verified, at_us, checked)
