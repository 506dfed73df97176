"""Whether what stands where is what its history says, and the history what the log says: part of `audit verify`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.moving import moment_text
from mlops_nb.store.audit.agreeing import details

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_SAID = "SELECT seq, actor, subject FROM audit WHERE action IN ('stage', 'pin', 'unpin') ORDER BY seq"


def stages_agree(store: Store) -> list[str]:
    """A sentence for each version or alias that stands elsewhere than its history says, and for each move whose
    moment, actor, reason or incumbent is not that of the log.
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
    named = dict(details(store))
    log = [(actor, subject, named.get(seq, {})) for seq, actor, subject in store.query(_SAID)]
    rows = store.query(queries.ALL_MOVES)
    acts = [row for row in rows if row[3] != "replaced"]
    if len(acts) != len(log):
        return  # which is said where moves are counted
    replaced = {(model, number, at) for model, number, _, how, *_, at in rows if how == "replaced"}
    known = set[tuple[int, int, int]]()
    for i, (row, (actor, subject, detail)) in enumerate(zip(acts, log, strict=True), 1):
        model, number, _, _, reason, who, verified, at = row
        told = (who, verified, moment_text(at), detail.get("why", reason))
        if told != (actor, detail.get("verified", ""), _added(detail).get("at"), reason):
            yield f"move {i} of the history, of {subject}, has another moment, actor or reason than in the log"
        if detail.get("replaced"):
            known.add((model, int(detail["replaced"]), at))
    for model, number, _ in sorted(known ^ replaced):
        yield f"whether version:{model}/{number} was replaced is not the same in the history and in the log"


def _added(detail: Any) -> Any:
    found = detail.get("added")
    return found if isinstance(found, dict) else {}
