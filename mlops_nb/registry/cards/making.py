"""A card is made anew each time it is asked for: it can't be older than what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, StoreError, brief
from mlops_nb.registry.cards.facts import facts_of
from mlops_nb.registry.cards.model import ModelCard
from mlops_nb.registry.cards.words import words_of
from mlops_nb.registry.evaluating.reading import latest_evaluation

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_SUFFIXES = (".html", ".md")


def card_of(store: Store, version: Version) -> ModelCard:
    """The card of a version as things stand."""
    evaluation = latest_evaluation(store, version)
    words, found = words_of(store, version)
    return ModelCard(
        model=version.model,
        version=version.version,
        stage=version.stage,
        mark=version.mark,
        facts=facts_of(store, version, evaluation),
        words=words,
        evaluation=evaluation,
        revision=found.revision if found else 0,
        actor=found.actor if found else "",
        verified=found.verified if found else "",
        saved_us=found.created_us if found else None,
        digest=found.digest if found else "",
    )


def write(card: ModelCard, out: str) -> Path:
    """Write a card to a file: `.html`, one file that needs nothing else, or `.md`.

    Raises:
        InvalidInput: Another ending, or a folder that is not there.
        StoreError: It can't be written.
    """
    path = Path(out).expanduser()
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidInput(f"{brief(out)} is neither", expected="a file that ends in .html or .md")
    if not path.parent.is_dir():
        raise InvalidInput(f"there is no folder {brief(str(path.parent))}", expected="one that is there")
    text = card.document() if path.suffix.lower() == ".html" else card.markdown()
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror}") from error
    return path
