"""Rows of the audit log as people read them, newest first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.results import Results
from mlops_nb.store import reasons
from mlops_nb.store.audit.chain import COLUMNS
from mlops_nb.store.audit.matching import Rows, concerning
from mlops_nb.store.audit.model import AuditRow
from mlops_nb.store.audit.naming import names

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_MOST = 10_000
_DIGEST = re.compile("[0-9a-f]{64}")
# What a row rests on, among what its detail says.
EVIDENCE = ("evidence", "document", "checked", "artifact", "evaluation")


def read(store: Store, name: str, kind: str, limit: int, after: str) -> Results[AuditRow]:
    """A page of rows.

    Args:
        store: Whose log.
        name: What the rows concern; empty: all rows.
        kind: What kind of thing that is, when several have the name.
        limit: How many.
        after: The cursor of the page before.

    Raises:
        NotFound: Nothing is known by that name.
        InvalidInput: The limit or the cursor is none.
    """
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"--limit is {limit:,}", expected=f"1 to {_MOST:,}")
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise InvalidInput(f"{brief(after)} is no cursor", expected="what .next_page of the page before says")
    if not store.exists:
        return Results([], note="nothing was done here yet")
    where = concerning(store, name, kind) if name else Rows("1 = 1", ())
    before: tuple[object, ...] = (int(after),) if after else ()
    sql = f"SELECT {COLUMNS} FROM audit WHERE ({where.sql}){' AND seq < ?' if before else ''} ORDER BY seq DESC LIMIT ?"
    found = store.query(sql, (*where.values, *before, limit + 1))
    shown = found[:limit]
    total = store.query(f"SELECT count(*) FROM audit WHERE {where.sql}", where.values)[0][0]
    note = f"{len(shown):,} of {total:,} rows; whether they are whole: %audit verify" if total else "no rows"
    return Results(
        _rows(store, shown), total=total, next_page=str(shown[-1][0]) if len(found) > limit else "", note=note
    )


def _rows(store: Store, found: Sequence[tuple[Any, ...]]) -> list[AuditRow]:
    details = [_detail(row[5]) for row in found]
    why = reasons.texts(store, (str(detail.get("why", "")) for detail in details))
    about = names(store, (str(row[4]) for row in found if not _names_a_model(row)))
    return [_row(row, detail, why, about) for row, detail in zip(found, details, strict=True)]


def _row(row: tuple[Any, ...], detail: Mapping[str, Any], why: Mapping[str, str], about: Mapping[str, str]) -> AuditRow:
    seq, time_us, actor, action, subject, _, _, digest = row
    given = str(detail.get("why", ""))  # an older mlops_nb wrote what went wrong itself
    said = {**detail, **detail["added"]} if isinstance(detail.get("added"), dict) else dict(detail)
    evidence = tuple(f"{key} {said[key]}" for key in EVIDENCE if said.get(key))
    rest = {key: value for key, value in said.items() if key not in ("why", "verified", "added", *EVIDENCE)}
    return AuditRow(
        seq=seq,
        time_us=time_us,
        actor=str(actor),
        verified=str(detail.get("verified", "")),
        action=str(action),
        subject=str(subject),
        about=about.get(str(subject), str(subject).replace(":", " ", 1)),
        why=why[given] if _DIGEST.fullmatch(given) else given,
        evidence=evidence,
        detail=rest,
        digest=str(digest),
    )


def _names_a_model(row: tuple[Any, ...]) -> bool:
    """A registration of an older mlops_nb has the model's name for its subject, which may read as a number."""
    return row[3] == "register" and str(row[4]).startswith("model:")


def _detail(text: Any) -> dict[str, Any]:
    """The detail of a row; of one that was altered by force, what can be shown."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {"detail": str(text)}
    return found if isinstance(found, dict) else {"detail": str(text)}
