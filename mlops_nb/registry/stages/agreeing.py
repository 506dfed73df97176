"""Whether what stands where is what its history says, and the history what the log says: part of `audit verify`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.moving import moment_text
from mlops_nb.store.audit.agreeing import Act, acts

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def stages_agree(store: Store) -> list[str]:
    """A sentence for each version or alias that stands elsewhere than its history says, and for each move that is not
    the one in the log, or whose moment, actor, reason or incumbent is another.
    """
    return [*_standing(store), *_told(store)]


def _standing(store: Store) -> Iterator[str]:
    placed, moved = (
        {(name, number): (stage, since) for name, number, stage, since in store.query(sql)}
        for sql in (queries.PLACED, queries.LAST_STAGES)
    )
    for name, number in sorted(placed.keys() | moved.keys()):
        stands, says = placed.get((name, number), ("none", 0)), moved.get((name, number), ("none", 0))
        if stands[0] != says[0]:
            yield f"{name}/{number} stands in {stands[0]}, its history says {says[0]}"
        elif stands[0] != "none" and stands[1] != says[1]:
            yield f"{name}/{number} has not stood in {stands[0]} since its history says"
    points, pointed = (
        {(name, alias): (str(number), since) for name, alias, number, since in store.query(sql)}
        for sql in (queries.ALL_ALIASES, queries.LAST_ALIASES)
    )
    for name, alias in sorted(points.keys() | pointed.keys()):
        if points.get((name, alias)) != pointed.get((name, alias)):
            yield f"{name}@{alias} is not where its history says"


def _told(store: Store) -> Iterator[str]:
    """Moves, one by one beside the rows of the log that record them."""
    log = acts(store, "stage", "pin", "unpin")
    rows = [_Move(*row) for row in store.query(queries.ALL_MOVES)]
    moves = [row for row in rows if row.how != "replaced"]
    for i, (move, act) in enumerate(zip(moves, log, strict=False), 1):
        if move.what != _what(act):
            yield f"move {i} of the history is not the one in the log: {json.dumps(move.what)}"
            break
    if len(moves) != len(log):
        yield f"the history has {len(moves)} moves, the log {len(log)}"
        return
    replaced = {(row.model, row.number, row.at_us) for row in rows if row.how == "replaced"}
    known = set[tuple[int, int, int]]()
    for i, (move, act) in enumerate(zip(moves, log, strict=True), 1):
        given = act.detail.get("why", move.reason)
        told = (act.actor, act.detail.get("verified", ""), _added(act.detail).get("at"), move.reason)
        if told != (move.actor, move.verified, moment_text(move.at_us), given):
            yield f"move {i} of the history, of {act.subject}, has another moment, actor or reason than in the log"
        if act.detail.get("replaced"):
            known.add((move.model, int(act.detail["replaced"]), move.at_us))
    for model, number, _ in sorted(known ^ replaced):
        yield f"whether version:{model}/{number} was replaced is not the same in the history and in the log"


class _Move(NamedTuple):
    """A row of the history, as `ALL_MOVES` asks for it."""

    model: int
    number: int
    alias: str
    before: str
    after: str
    how: str
    reason: str
    actor: str
    verified: str
    at_us: int

    @property
    def what(self) -> tuple[Any, ...]:
        """What was done, as the log can say it too."""
        node = f"version:{self.model}/{self.number}"
        if self.alias:
            return node, self.alias, "pin" if self.after else "unpin"
        return node, "", self.before, self.after, self.how


def _what(act: Act) -> tuple[Any, ...]:
    if act.action == "stage":
        return act.subject, "", act.detail.get("from"), act.detail.get("to"), act.detail.get("how")
    return act.subject, act.detail.get("alias"), act.action


def _added(detail: Mapping[str, Any]) -> Any:
    found = detail.get("added")
    return found if isinstance(found, dict) else {}
