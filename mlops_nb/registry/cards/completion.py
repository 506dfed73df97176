"""Candidates for a word of a card that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.cards.words import FIELDS

if TYPE_CHECKING:
    from mlops_nb.store.store import Store


def words(store: Store, typed: str) -> list[str]:
    """Names of words with their `=`."""
    return [f"{one.name}=" for one in FIELDS if f"{one.name}=".startswith(typed)]
