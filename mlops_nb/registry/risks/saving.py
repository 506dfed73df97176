"""How hazards change, and how a person accepts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, NotFound, Refused, brief, nearest
from mlops_nb.registry import documents
from mlops_nb.registry.framing.wording import titled, worded
from mlops_nb.registry.risks.model import LEVELS, LIKELIHOODS, SEVERITIES, digest_of
from mlops_nb.registry.risks.reading import FORMAT, Stand, about, stand_of
from mlops_nb.store import reasons
from mlops_nb.store.actor import checked
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

MOST = 200


def name_hazard(store: Store, version: Version, text: str, seen: str = "", **said: str | None) -> None:
    """Add a hazard, or change the one of the same words; what was accepted before is void.

    Args:
        store: Where.
        version: Whose.
        text: The hazard.
        seen: `Hazard.digest` as it was looked at; empty: it does not matter.
        said: `likelihood`, `severity`, `mitigation` and `residual`; None: as before. A residual '' is the level again.

    Raises:
        InvalidInput: A new hazard without likelihood or severity, or a word that is none of theirs.
        ChangedMeanwhile: It is another by now.
        Refused: Somebody else saved the hazards at the same moment.
    """
    text = titled(text, "the hazard")
    given = {name: _word(name, value) for name, value in said.items() if value is not None}
    stand = stand_of(store, version)
    rows = [dict(row) for row in stand.rows]
    before = next((row for row in rows if row["text"] == text), None)
    _refuse_blind(version, stand, text, seen)
    if before is None:
        missing = [name for name in ("likelihood", "severity") if name not in given]
        if missing:
            allowed = {"likelihood": LIKELIHOODS, "severity": SEVERITIES}[missing[0]]
            fix = f"--{missing[0]} {allowed[1]}"
            near = nearest(text, [row["text"] for row in rows])
            raise InvalidInput(f"a new hazard needs its {' and '.join(missing)}", nearest=near, fix=fix)
        if len(rows) >= MOST:
            raise InvalidInput(f"{version.ref} has {len(rows)} hazards", expected=f"at most {MOST}")
        rows.append({"text": text, "mitigation": "", "residual": "", "carried": 0} | given)
    else:
        changed = before | given
        if changed != before:
            before |= given | {"carried": 0}
    _save(store, version, stand, rows)


def remove_hazard(store: Store, version: Version, text: str, seen: str = "") -> None:
    """Take a hazard away; what was accepted before is void.

    Raises:
        NotFound: No such hazard; names the nearest.
        ChangedMeanwhile: It is another by now than the one whose digest is `seen`.
        Refused: Somebody else saved the hazards at the same moment.
    """
    text = " ".join(str(text).split())
    stand = stand_of(store, version)
    rows = [dict(row) for row in stand.rows]
    kept = [row for row in rows if row["text"] != text]
    if len(kept) == len(rows):
        near = nearest(text, [row["text"] for row in rows])
        raise NotFound(f"{version.ref} has no hazard {brief(text)}", nearest=near, fix=f"%risk {version.ref}")
    _refuse_blind(version, stand, text, seen)
    _save(store, version, stand, kept)


def accept(store: Store, version: Version, reason: str, seen: str = "") -> None:
    """Accept the hazards of a version as they stand, as a person whose name was checked.

    Args:
        store: Where.
        version: Whose.
        reason: Why.
        seen: `Risk.seen` as it was looked at; empty: it does not matter.

    Raises:
        InvalidInput: No reason, or no hazard.
        ChangedMeanwhile: The hazards are others by now.
        Refused: The name was not checked, or somebody else saved the hazards at the same moment.
    """
    who = checked(store.folder, "accepting a risk")
    why = reasons.checked(reason, needed=True)
    stand = stand_of(store, version)
    if not stand.hazards:
        raise Refused(f"{version.ref} has no hazard to accept", fix=f"%risk {version.ref} --hazard … --likelihood …")
    if seen and seen != digest_of(stand.hazards):
        raise ChangedMeanwhile(version, stand, "the hazards", "look at them as they are now, then accept them")
    given = {"hazards": digest_of(stand.hazards), "reason": why.digest, "at_us": now_us()}
    given |= {"actor": who.actor, "verified": who.verified}
    _save(store, version, stand, stand.rows, given, why)


class ChangedMeanwhile(Refused):
    """Hazards are not any more what was looked at."""

    def __init__(self, version: Version, stand: Stand, what: str, fix: str) -> None:
        document = stand.document
        who = f": {document.actor.removeprefix('person:')} saved revision {document.revision}" if document else ""
        super().__init__(f"{what} of {version.ref} changed meanwhile{who}", fix=fix)


def _refuse_blind(version: Version, stand: Stand, text: str, seen: str) -> None:
    """Raise when a hazard is not any more what somebody looked at, or is gone."""
    now = next((one.digest for one in stand.hazards if one.text == text), "gone")
    if seen and seen != now:
        what = "this hazard" if now != "gone" else "the hazards"
        raise ChangedMeanwhile(version, stand, what, "look at it as it is now, then save again")


def _save(
    store: Store,
    version: Version,
    stand: Stand,
    rows: Sequence[dict[str, Any]],
    accepted: dict[str, Any] | None = None,
    why: str = "",
) -> None:
    found = stand.document
    if accepted is None and found is not None and list(rows) == found.body["hazards"]:
        return
    void = accepted is None and (stand.accepted is not None or stand.void)
    body = {"format": FORMAT, "hazards": list(rows), "accepted": accepted, "void": void}
    documents.save(store, about(version), body, why, made_from=found.revision if found else 0)


def _word(name: str, value: str) -> str:
    if name == "mitigation":
        return worded(value, "the mitigation")
    allowed = {"likelihood": LIKELIHOODS, "severity": SEVERITIES, "residual": LEVELS}[name]
    said = str(value).strip().lower()
    if name == "residual" and not said:
        return ""
    if said not in allowed:
        near = nearest(said, allowed)
        raise InvalidInput(f"{brief(value)} is no {name}", expected=f"one of {', '.join(allowed)}", nearest=near)
    return said
