"""The search box: any reference leads to the page that shows it."""

from __future__ import annotations

import re

from mlops_nb import references
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief
from mlops_nb.pages.site import address_of
from mlops_nb.runs.query import search
from mlops_nb.store.store import Store

_MOST = 300
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
            name = identity if kind.name == "run" else text.partition("/")[0] if kind.name == "version" else text
            found.append((kind.name, text, address_of(kind.name, name)))
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
