"""What the audit log speaks of, in the names that things have now: numbers are for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

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


class Thing(NamedTuple):
    """A thing that a row names.

    Attributes:
        kind: 'version', 'run', 'person' …; empty for what is no single thing: '3 runs'.
        reference: What one types for it: 'flights/1', a ULID, a name; empty when it is not known any more.
        shown: As a sentence has it: 'version flights/1', 'run 01K3F9A7QX', 'the store'.
    """

    kind: str
    reference: str
    shown: str

    @property
    def named(self) -> str:
        """As a list has it, where `flights/1` needs no word before it."""
        return self.reference if self.kind == "version" and self.reference else self.shown


def things(store: Store, nodes: Iterable[str]) -> dict[str, Thing]:
    """Things as people call them, by how the log writes them: 'version:7/1' is 'version flights/1'."""
    wanted = list(dict.fromkeys(nodes))
    numbers: dict[str, set[int]] = {kind: set() for kind in _NAMES}
    for node in wanted:
        kind, _, identity = node.partition(":")
        number = identity.partition("/")[0]
        # What was written by force may be a number that no database takes.
        if number.isdecimal() and len(number) < 19:
            numbers.setdefault("model" if kind == "version" else kind, set()).add(int(number))
    known = {kind: _known(store, kind, sorted(numbers[kind])) for kind in _NAMES}
    return {node: _thing(node, known) for node in wanted}


def _known(store: Store, kind: str, numbers: list[int]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(numbers), _MOST):
        some = numbers[start : start + _MOST]
        sql = _NAMES[kind].format(", ".join("?" * len(some)))
        found |= {str(number): name for number, name in store.query(sql, some)}
    return found


def _thing(node: str, known: Mapping[str, Mapping[str, str]]) -> Thing:
    kind, colon, identity = node.partition(":")
    if kind == "store":
        return Thing("", "", "the store")
    if not colon:
        return Thing("", "", node)
    if kind == "run":
        return Thing(kind, identity, f"run {identity[:SHORT]}")
    if kind == "version":
        model, _, number = identity.partition("/")
        name = known["model"].get(model, "")
        gone = f"version of model {model}, number {number}"
        return Thing(kind, f"{name}/{number}", f"version {name}/{number}") if name else Thing(kind, "", gone)
    if kind in known:
        name = known[kind].get(identity, "" if identity.isdecimal() else identity)
        return Thing(kind, name, f"{kind} {name or identity}")
    return Thing(kind, identity, f"{kind} {identity}")
