"""Rows of the audit log as people read them, newest first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.results import Results
from mlops_nb.store import reasons
from mlops_nb.store.audit import asking
from mlops_nb.store.audit.asking import COUNTED, Question
from mlops_nb.store.audit.chain import COLUMNS
from mlops_nb.store.audit.concerned import mentioned
from mlops_nb.store.audit.model import AuditRow
from mlops_nb.store.audit.naming import Thing, things

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

MOST = 10_000
_DIGEST = re.compile("[0-9a-f]{64}")
_LAST_US = 253_402_300_799_000_000
# What a row rests on, among what its detail says.
EVIDENCE = ("evidence", "document", "checked", "artifact", "evaluation")


def read(store: Store, asked: Question, limit: int, after: str = "", before: str = "") -> Results[AuditRow]:
    """A page of rows, newest first.

    Args:
        store: Whose log.
        asked: Which rows, see `asking.question`.
        limit: How many.
        after: The cursor of the page before: rows below this one.
        before: Instead, the rows next above this one.

    Returns:
        The rows; `total` is None when more than 10,000 match.

    Raises:
        InvalidInput: The limit or a cursor is none.
    """
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"--limit is {limit:,}", expected=f"1 to {MOST:,}")
    below, above = _cursor(after), _cursor(before)
    if not asking.begun(store):
        return Results([], note="nothing was done here yet")
    numbers, values = asking.page_sql(asked, limit + 1, below, above)
    way = "ASC" if above is not None else "DESC"
    sql = f"SELECT {COLUMNS} FROM audit WHERE seq IN ({numbers}) ORDER BY seq {way} LIMIT ?"
    found = asking.rows(store, sql, (*values, limit + 1))
    shown, more = found[:limit], len(found) > limit
    if above is not None:
        shown, more = shown[::-1], bool(shown) and not at_end(store, asked, shown[0][0])
    total = _count(store, asked)
    of = f"{total:,}" if total is not None else f"more than {COUNTED:,}"
    note = f"{len(shown):,} of {of} rows; whether they are whole: %audit verify" if total != 0 else "no rows"
    return Results(_rows(store, shown), total=total, next_page=str(shown[-1][0]) if more else "", note=note)


def at_end(store: Store, asked: Question, seq: int, *, newest: bool = False) -> bool:
    """Whether no row that matches is older than this one; `newest`: is newer."""
    numbers, values = asking.page_sql(asked, 1, None if newest else seq, seq if newest else None)
    return not store.query(f"SELECT 1 FROM ({numbers}) AS found LIMIT 1", values)


def _count(store: Store, asked: Question) -> int | None:
    if asked.all:
        return int(store.query("SELECT count(*) FROM audit")[0][0])
    numbers, values = asking.page_sql(asked, COUNTED + 1, None, None)
    found = int(store.query(f"SELECT count(*) FROM ({numbers}) AS found", values)[0][0])
    return found if found <= COUNTED else None


def _cursor(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidInput(f"{brief(text)} is no cursor", expected="what .next_page of the page before says")
    return int(text) if text else None


def _rows(store: Store, found: Sequence[tuple[Any, ...]]) -> list[AuditRow]:
    details = [_detail(row[5]) for row in found]
    why = reasons.texts(store, (str(detail.get("why", "")) for detail in details))
    named = {node for detail in details for node in mentioned(detail)}
    known = things(store, [*named, *(str(row[4]) for row in found if not _names_a_model(row))])
    return [_row(row, detail, why, known) for row, detail in zip(found, details, strict=True)]


def _row(
    row: tuple[Any, ...], detail: Mapping[str, Any], why: Mapping[str, str], known: Mapping[str, Thing]
) -> AuditRow:
    seq, time_us, actor, action, subject, text, previous, digest = row
    given = str(detail.get("why", ""))  # an older mlops_nb wrote what went wrong itself
    said = {**detail, **detail["added"]} if isinstance(detail.get("added"), dict) else dict(detail)
    evidence = tuple(f"{key} {said[key]}" for key in EVIDENCE if said.get(key))
    rest = {key: value for key, value in said.items() if key not in ("why", "verified", "added", *EVIDENCE)}
    about = (
        known.get(str(subject)) if not _names_a_model(row) else Thing("model", str(subject)[6:], f"model {subject[6:]}")
    )
    concerned = [about] if about is not None else []
    concerned += [known[node] for node in dict.fromkeys(mentioned(rest)) if node in known]
    return AuditRow(
        seq=seq,
        # By force it may be anything.
        time_us=time_us if isinstance(time_us, int) and 0 <= time_us < _LAST_US else 0,
        actor=str(actor),
        verified=str(detail.get("verified", "")),
        action=str(action),
        subject=str(subject),
        about=about.shown if about is not None else str(subject),
        why=why[given] if _DIGEST.fullmatch(given) else given,
        evidence=evidence,
        detail={key: _named(value, known) for key, value in rest.items()},
        things=tuple(concerned),
        chained=str(text),
        previous=str(previous),
        digest=str(digest),
    )


def _named(value: Any, known: Mapping[str, Thing]) -> Any:
    """What a detail says, with things in people's names."""
    if isinstance(value, str):
        return known[value].named if value in known else value
    if isinstance(value, dict):
        return {key: _named(one, known) for key, one in value.items()}
    return [_named(one, known) for one in value] if isinstance(value, list) else value


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
