"""What the audit log speaks of, in the names that things have now: numbers are for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlops_nb.store.ids import SHORT

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_MOST = 500
# Things whose rows have numbers; `?` stands for as many of them as there are.
_NAMES = {
    "model": "SELECT id, name FROM model WHERE id IN ({})",
    "experiment": "SELECT id, name FROM experiment WHERE id IN ({})",
    "dataset": "SELECT id, name FROM dataset WHERE id IN ({})",
    "view": "SELECT id, name FROM saved_view WHERE id IN ({})",
}


def names(store: Store, subjects: Iterable[str]) -> dict[str, str]:
    """Subjects as people call them: 'version:7/1' is 'version flights/1', 'run:01K3F9A…' 'run 01K3F9A7QX'."""
    wanted = list(dict.fromkeys(subjects))
    numbers: dict[str, set[int]] = {kind: set() for kind in _NAMES}
    for subject in wanted:
        kind, _, identity = subject.partition(":")
        number = identity.partition("/")[0]
        if number.isdecimal():
            numbers.setdefault("model" if kind == "version" else kind, set()).add(int(number))
    known = {kind: _known(store, kind, sorted(numbers[kind])) for kind in _NAMES}
    return {subject: _name(subject, known) for subject in wanted}


def _known(store: Store, kind: str, numbers: list[int]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(numbers), _MOST):
        some = numbers[start : start + _MOST]
        sql = _NAMES[kind].format(", ".join("?" * len(some)))
        found |= {str(number): name for number, name in store.query(sql, some)}
    return found


def _name(subject: str, known: Mapping[str, Mapping[str, str]]) -> str:
    kind, colon, identity = subject.partition(":")
    if kind == "store":
        return "the store"
    if not colon:
        return subject
    if kind == "run":
        return f"run {identity[:SHORT]}"
    if kind == "version":
        model, slash, number = identity.partition("/")
        return f"version {known['model'].get(model, f'of model {model},')}{slash}{number}".replace(",/", ", number ")
    return f"{kind} {known.get(kind, {}).get(identity, identity)}"
