"""The verb of the cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.cards.model import ModelCard


def card(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    *,
    words: Annotated[
        Mapping[str, str] | None, Arg("what people say: intended_use=…, limits=…", kind="card word", flag="set")
    ] = None,
    confirm: Annotated[bool, Arg("say of this version too what was carried over from the one before")] = False,
    out: Annotated[str, Arg("write it to a file: .html or .md", kind="file")] = "",
) -> ModelCard:
    """The model card of a version: what the machine knows is filled by the machine, the rest is asked for.

    Words: intended_use, out_of_scope, limits, ethics, owner, contact, and license, notes. Owner and contact come from
    the model's canvas where they are not said. Words of an earlier version are shown as carried over, and count when
    they are confirmed. Both parts are scored apart.

    Returns:
        The card: `.machine`, `.human`, `.missing`, `.markdown()` with the front matter of the Hugging Face Hub, and
        `.document()`, one HTML file that needs nothing else.

    Raises:
        NotFound: No such version.
        InvalidInput: No such word, too long a text, or a file that ends otherwise.
        Refused: Somebody else saved at the same moment.
    """
    from mlops_nb.registry.cards.making import card_of, write
    from mlops_nb.registry.cards.words import say
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    version = resolve_version(store, ref)
    if words or confirm:
        say(store, version, words or {}, confirm)
    found = card_of(store, version)
    if out:
        write(found, out)
    return found
