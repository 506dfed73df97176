"""The hazards of a version as they stand, and whether somebody accepts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.errors import NotFound
from mlops_nb.registry import documents
from mlops_nb.registry.documents import About, Document
from mlops_nb.registry.risks.expecting import expected
from mlops_nb.registry.risks.model import LEVELS, Acceptance, Change, Hazard, Risk, digest_of, level
from mlops_nb.store import reasons

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

FORMAT = 1
_EARLIER = "SELECT max(number) FROM document WHERE kind = 'risk' AND model = ? AND number < ?"


@dataclass(frozen=True, slots=True)
class Stand:
    """What is on record, before it is told: the document, its hazards as they are kept, an acceptance that holds."""

    document: Document | None
    rows: tuple[dict[str, Any], ...]
    accepted: dict[str, Any] | None
    void: bool

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """The hazards with their levels."""
        return tuple(_hazard(row) for row in self.rows)


def stand_of(store: Store, version: Version) -> Stand:
    """How a version stands; a new one has the hazards of the newest earlier version that has some on record.

    Raises:
        NotFound: It was written by a newer mlops_nb.
    """
    found = documents.latest(store, about(version))
    if found is None:
        return Stand(None, _carried(store, version), None, False)
    rows = _rows(found)
    given = found.body["accepted"]
    holds = given is not None and given["hazards"] == digest_of([_hazard(row) for row in rows])
    return Stand(found, rows, given if holds else None, not holds and bool(given or found.body["void"]))


def risk_of(store: Store, version: Version) -> Risk:
    """The same, told: with the reason in words and what errors cost.

    Raises:
        NotFound: It was written by a newer mlops_nb.
    """
    stand = stand_of(store, version)
    given, accepted = stand.accepted, None
    if given is not None:
        why = reasons.texts(store, [given["reason"]])[given["reason"]]
        accepted = Acceptance(given["actor"], given["verified"], why, given["at_us"])
    known = (stand.document.revision, stand.document.digest) if stand.document else (0, "")
    cost = expected(store, version)
    revision, name = known
    about_version = version.stage, version.mark, name
    return Risk(version.model, version.version, stand.hazards, accepted, stand.void, cost, revision, *about_version)


def accepted(store: Store, version: Version) -> tuple[Literal["pass", "fail", "insufficient"], str, str]:
    """Whether the risk of a version is accepted, for a gate.

    Returns:
        The verdict (`insufficient` where no hazard was named or nobody accepted; `fail` where a high level remains
        that nobody accepted), why, and the digest of the document ('' where none was saved for this version).
    """
    stand = stand_of(store, version)
    name = stand.document.digest if stand.document else ""
    count = len(stand.hazards)
    if not count:
        return "insufficient", "no hazard was named", name
    told = f"{count} hazard{'s' if count > 1 else ''}"
    if stand.accepted is not None:
        return "pass", f"{told}, accepted by {stand.accepted['actor'].removeprefix('person:')}", name
    high = sum(one.residual == "high" for one in stand.hazards)
    nobody = "the hazards changed since they were accepted" if stand.void else "nobody accepted"
    if high:
        return "fail", f"a high risk remains in {high} of {told}, and {nobody}", name
    return "insufficient", f"{told}, and {nobody}", name


def changes(store: Store, version: Version, most: int) -> tuple[Change, ...]:
    """What the newest revisions of a version's hazards changed, at most so many, newest first."""
    # One more: each is told by what was there before it.
    found = documents.history(store, about(version), most + 1)
    rows = [{row["text"]: row for row in _rows(one)} for one in found]
    if found and len(found) <= most:  # the first one began with what was carried over
        rows.append({text: row for text, row in rows[-1].items() if row["carried"]})
    return tuple(_change(found[i], rows[i], rows[i + 1]) for i in range(len(found[:most])))


def _change(found: Document, after: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> Change:
    who = found.revision, found.actor, found.verified, found.created_us
    added = tuple(text for text in after if text not in before)
    changed = tuple(text for text, row in after.items() if text in before and row != before[text])
    removed = tuple(text for text in before if text not in after)
    return Change(*who, added, changed, removed, found.body["accepted"] is not None)


def about(version: Version) -> About:
    """What the document of a version's hazards is filed under."""
    return About("risk", version.model_id, version.version)


def _carried(store: Store, version: Version) -> tuple[dict[str, Any], ...]:
    (number,) = store.query(_EARLIER, (version.model_id, version.version))[0]
    if number is None:
        return ()
    found = documents.latest(store, About("risk", version.model_id, number))
    assert found is not None  # noqa: S101 (its number was read a line above)
    return tuple(row | {"carried": number} for row in _rows(found))


def _rows(found: Document) -> tuple[dict[str, Any], ...]:
    if found.body.get("format") != FORMAT:
        raise NotFound(f"the risk is in format {found.body.get('format')}", expected=f"format {FORMAT}")
    return tuple(dict(row) for row in found.body["hazards"])


def _hazard(one: dict[str, Any]) -> Hazard:
    inherent = level(one["likelihood"], one["severity"])
    # A residual that nobody gave follows the level, also when that changes.
    residual = one["residual"] if one["residual"] in LEVELS else inherent
    return Hazard(
        one["text"], one["likelihood"], one["severity"], inherent, one["mitigation"], residual, one["carried"]
    )
