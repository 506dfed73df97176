"""What people must say of a version, where it is kept, and what is carried over from the version before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.registry import documents
from mlops_nb.registry.cards.model import Word
from mlops_nb.registry.documents import About, Document
from mlops_nb.registry.framing.reading import body_of
from mlops_nb.registry.framing.reading import latest as canvas
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

FORMAT = 1
LONGEST = 10_000
_EARLIER = """
SELECT number FROM document WHERE kind = 'card' AND model = ? AND number < ? ORDER BY number DESC LIMIT 1"""


class Field(NamedTuple):
    """One thing to say; `needed` for a complete card."""

    name: str
    title: str
    asks: str
    needed: bool = True


FIELDS = (
    Field("intended_use", "Intended use", "Who uses it for which decision?"),
    Field("out_of_scope", "Out of scope", "What must it not be used for?"),
    Field("limits", "Limits", "Where is it known to err, and what was not tested?"),
    Field("ethics", "Ethical considerations", "Whom may it harm, and what is done about it?"),
    Field("owner", "Owner", "Who answers for it?"),
    Field("contact", "Contact", "How to reach them?"),
    Field("license", "License", "Under which terms may it be used?", needed=False),
    Field("notes", "Notes", "What else should a reader know?", needed=False),
)
BY_NAME = {one.name: one for one in FIELDS}
# What the canvas of the model says already.
_OF_CANVAS = ("owner", "contact")


def about(version: Version) -> About:
    """What the words of a version are a document of."""
    return About("card", version.model_id, version.version)


def words_of(store: Store, version: Version) -> tuple[tuple[Word, ...], Document | None]:
    """What was said of a version, and the revision that it stands in."""
    found = documents.latest(store, about(version))
    said = _texts(found)
    rows = store.query(_EARLIER, (version.model_id, version.version))
    earlier = rows[0][0] if rows else 0
    before = _texts(documents.latest(store, About("card", version.model_id, earlier))) if earlier else {}
    of_canvas = body_of(canvas(store, version.model_id))["fields"]
    return tuple(_word(one, said, before, earlier, of_canvas) for one in FIELDS), found


def _word(
    one: Field, said: Mapping[str, str], before: Mapping[str, str], earlier: int, of_canvas: Mapping[str, Any]
) -> Word:
    if one.name in said:
        return Word(one.name, one.title, one.asks, said[one.name], needed=one.needed)
    if one.name in _OF_CANVAS and of_canvas.get(one.name):
        return Word(one.name, one.title, one.asks, str(of_canvas[one.name]), 0, "canvas", one.needed)
    text = before.get(one.name, "")
    return Word(one.name, one.title, one.asks, text, earlier if text else 0, needed=one.needed)


def say(store: Store, version: Version, given: Mapping[str, Any], confirm: bool) -> None:
    """Save words of a version; an empty text takes one away.

    Args:
        store: Where.
        version: Of which.
        given: Texts by field.
        confirm: Say what was carried over of this version too.

    Raises:
        InvalidInput: No such field, too long a text, or nothing to confirm; nothing was saved.
        Refused: Somebody else saved at the same moment.
    """
    words, found = words_of(store, version)
    texts = dict(_texts(found))
    if confirm:
        carried = {one.name: one.text for one in words if one.carried}
        if not carried and not given:
            raise InvalidInput(f"nothing of {version.ref} was carried over", expected="words of an earlier version")
        texts |= carried
    for name, text in given.items():
        texts[_field(name)] = _checked(name, text)
    body = {"format": FORMAT, "words": {name: text for name, text in texts.items() if text}}
    documents.save(store, about(version), body, made_from=found.revision if found else 0)


def _field(name: str) -> str:
    key = str(name).strip().lower().replace(" ", "_").replace("-", "_")
    if key not in BY_NAME:
        known = ", ".join(BY_NAME)
        raise InvalidInput(f"a card has no field {brief(name)}", expected=known, nearest=nearest(key, BY_NAME))
    return key


def _checked(name: str, text: Any) -> str:
    said = str(text).replace("\r\n", "\n").strip()
    if len(said) > LONGEST:
        raise InvalidInput(f"{name} has {len(said):,} characters", expected=f"at most {LONGEST:,}")
    bad = next((c for c in said if not c.isprintable() and c not in "\n\t"), "")
    if bad:
        raise InvalidInput(f"{name} has a control character (U+{ord(bad):04X})", expected="words and line breaks")
    return mask(said)


def _texts(found: Document | None) -> dict[str, str]:
    if found is None:
        return {}
    if found.body.get("format") != FORMAT:
        raise NotFound(f"the card is in format {found.body.get('format')}", expected=f"format {FORMAT}")
    return dict(found.body["words"])
