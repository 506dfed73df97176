"""The gate that asks whether people said what a card needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.cards.making import card_of
from mlops_nb.registry.gates.model import Judged

if TYPE_CHECKING:
    from mlops_nb.registry.gates.asking import Asked


def card(asked: Asked) -> Judged:
    """Every needed word of the card was said of this version; what was carried over has to be confirmed."""
    found = card_of(asked.store, asked.version)
    said, needed = found.human
    if found.missing:
        says = f"{said} of {needed} words were said; missing: {', '.join(found.missing)}"
        carried = any(one.carried for one in found.words if one.name in found.missing)
        fix = f"%card {asked.version.ref} {'--confirm' if carried else f'--set {found.missing[0]}=…'}"
        return Judged("insufficient", says, float(said), float(needed), digest=found.digest, fix=fix)
    return Judged("pass", f"all {needed} words were said", float(said), float(needed), digest=found.digest)
