"""The gate that asks whether somebody accepts the hazards of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.registry.gates.model import Judged
from mlops_nb.registry.risks.reading import accepted

if TYPE_CHECKING:
    from mlops_nb.registry.gates.asking import Asked


def risk(asked: Asked) -> Judged:
    """Hazards were named, and a person whose name was checked accepts them as they stand."""
    verdict, says, name = accepted(asked.store, asked.version)
    return Judged(verdict, says, digest=name, fix=f"%risk {asked.version.ref} --accept --reason …")
