"""What can be done to a version here: each calls the verb and says what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.registry.gates.model import GateCheck
from mlops_nb.registry.model import Version

Fields = Mapping[str, str]
_WORD = "word_"


def acts(version: Version) -> dict[str, Callable[[Fields], str]]:
    """By the names that forms and buttons of the page have."""
    does: dict[str, Callable[[Version, Fields], str]] = {
        "decide": _decide,
        "gates": _gates,
        "stage": _stage,
        "pin": _pin,
        "unpin": _unpin,
        "rollback": _rollback,
        "words": _words,
        "confirm": _confirm,
    }
    return {name: partial(_meant, version, done) for name, done in does.items()}


def _meant(version: Version, done: Callable[[Version, Fields], str], fields: Fields) -> str:
    """A page of `NAME@production` may show another version by now than the one whose form was filled in."""
    if fields.get("ref", version.ref) != version.ref:
        raise InvalidInput(
            f"this page shows {version.ref} now, and not {fields['ref'][:80]} any more", fix="look again"
        )
    return done(version, fields)


def _decide(version: Version, fields: Fields) -> str:
    stage, reason = fields.get("stage", ""), fields.get("reason", "")
    verdict = fields.get("verdict", "")
    if verdict == "approve":
        ml.approve(version.ref, stage=stage, reason=reason)
        return f"you approved {version.ref} for {stage}"
    if verdict == "reject":
        ml.reject(version.ref, stage=stage, reason=reason)
        return f"you rejected {version.ref} for {stage}"
    raise InvalidInput(f"a decision is neither yes nor no: {verdict[:40]!r}", expected="approve or reject")


def _gates(version: Version, fields: Fields) -> str:
    found: GateCheck = ml.gates.run(version.ref, fields.get("stage", "production"))
    passed = len(found.results) - len(found.closed)
    return f"{passed} of {len(found.results)} gates pass"


def _stage(version: Version, fields: Fields) -> str:
    against = fields.get("override", "") == "yes"
    moved = ml.stage(version.ref, fields.get("stage", ""), reason=fields.get("reason", ""), override=against)
    left = f", {version.model}/{moved.replaced} was archived" if moved.replaced else ""
    return f"{moved.ref} went from {moved.before} to {moved.after}{left}"


def _pin(version: Version, fields: Fields) -> str:
    moved = ml.pin(version.ref, fields.get("alias", ""), reason=fields.get("reason", ""))
    return f"{version.model}@{moved.alias} is {version.ref} now"


def _unpin(version: Version, fields: Fields) -> str:
    moved = ml.pin(version.ref, fields.get("alias", ""), remove=True)
    return f"{version.ref} is @{moved.alias} no more"


def _rollback(version: Version, fields: Fields) -> str:
    moved = ml.rollback(version.model, to=str(version.version), reason=fields.get("reason", ""))
    return f"{moved.ref} is in production again"


def _words(version: Version, fields: Fields) -> str:
    """What people say in the card: only what the form has changed."""
    said = {name.removeprefix(_WORD): text for name, text in fields.items() if name.startswith(_WORD)}
    now = {word.name: word.text for word in ml.card(version.ref).words}
    changed = {name: text for name, text in said.items() if text.strip() != now.get(name, "").strip()}
    if not changed:
        return "nothing was changed"
    card = ml.card(version.ref, words=changed)
    return f"saved: {card.human[0]} of {card.human[1]} words were said"


def _confirm(version: Version, fields: Fields) -> str:
    card = ml.card(version.ref, confirm=True)
    return f"confirmed: {card.human[0]} of {card.human[1]} words were said"
