"""The search box: any reference leads to the page that shows it."""

from __future__ import annotations

import re

from mlops_nb import references
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief
from mlops_nb.pages.site import address_of
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.runs.query import search
from mlops_nb.store.store import Store

_MOST = 300
_DEPLOYED = "SELECT m.name FROM deployment d JOIN model m ON m.id = d.model WHERE d.name = ?"
_FINGERPRINT = re.compile(r"(?:fp\d+[a-z]:)?[0-9a-f]{6,64}", re.ASCII)


def places(store: Store, text: str) -> list[tuple[str, str, str]]:
    """Where a reference leads: (kind, name, address), one for each kind of thing that is called so.

    Raises:
        InvalidInput: It is empty or too long, or several runs begin so.
        NotFound: Nothing is called so; says the nearest name.
    """
    text = text.strip()
    if not text or len(text) > _MOST:
        raise InvalidInput(f"{brief(text)} is no reference", expected="a run, an experiment, a model, a dataset …")
    found: list[tuple[str, str, str]] = []
    refusals: list[MlopsError] = []
    for kind in references.KINDS:
        try:
            identity = kind.resolver()(store, text)
        except MlopsError as error:
            refusals.append(error)
        else:
            found.append((kind.name, text, address_of(kind.name, _named(store, kind.name, text, str(identity)))))
    if "@" in text:
        try:
            found.append(("version", text, address_of("version", resolve_version(store, text).ref)))
        except MlopsError as error:
            refusals.append(error)
    if not found and _FINGERPRINT.fullmatch(text) and len(search(store, f"dataset = '{text}'", limit=1)):
        found.append(("dataset", text, address_of("dataset", text)))
    if found:
        return found
    # A beginning that is no run's alone is no mistake to correct but a choice to make.
    several = next((e for e in refusals if isinstance(e, InvalidInput) and "begins several" in e.what), None)
    if several is not None:
        raise several
    near = next((error.nearest for error in refusals if error.nearest), "")
    raise NotFound(f"nothing is called {brief(text)}", expected="a run, an experiment, a model …", nearest=near)


def _named(store: Store, kind: str, text: str, identity: str) -> str:
    """What the address of a thing names: a run by its id, a deployment by its model, all else as it was typed."""
    if kind == "deployment":
        return str(store.query(_DEPLOYED, (identity,))[0][0])
    return identity if kind == "run" else text
