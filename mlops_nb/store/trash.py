"""Trash, restore and rename, for every noun by one table."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_nb import references as kinds
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, Refused, brief, quoted
from mlops_nb.results import Results
from mlops_nb.store import holds, names
from mlops_nb.store.ids import now_us
from mlops_nb.store.model import Moved
from mlops_nb.store.store import Store


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing: its table, which row an identity is, and whether it has a name to change."""

    table: str
    row: str
    named: bool

    def key(self, identity: str) -> tuple[object, ...]:
        """The values of `row` for an identity: 'version' is 'model/number'."""
        if self.table == "version":
            model, _, number = identity.partition("/")
            return int(model), int(number)
        return (int(identity),) if self.row == "id = ?" else (identity,)


NOUNS = {
    "run": Noun("run", "ulid = ?", False),
    "experiment": Noun("experiment", "id = ?", True),
    "dataset": Noun("dataset", "id = ?", True),
    "model": Noun("model", "id = ?", True),
    "version": Noun("version", "model = ? AND number = ?", False),
    "deployment": Noun("deployment", "name = ?", True),
    "view": Noun("saved_view", "id = ?", True),
}


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    identity: str
    shown: str


def put_in_trash(store: Store, references: Sequence[str], where: str, kind: str) -> Results[Moved]:
    """Mark each as trashed, all or none."""
    found = _all(store, references, where, kind, trashed=False)
    for one in found:
        holds.refuse_held(store, f"{one.kind}:{one.identity}", f"{one.kind} {one.shown}", for_ever=False)
        _refuse_in_use(store, one)
    _mark(store, found, now_us(), "trash")
    return Results(
        [Moved(one.kind, one.shown, "in the trash") for one in found],
        note="nothing matches" if not found else "",
    )


def take_from_trash(store: Store, references: Sequence[str], where: str, kind: str) -> Results[Moved]:
    """Unmark each, all or none."""
    found = _all(store, references, where, kind, trashed=True)
    for one in found:
        noun = NOUNS[one.kind]
        if not store.query(
            f"SELECT 1 FROM {noun.table} WHERE {noun.row} AND trashed_us IS NOT NULL", noun.key(one.identity)
        ):
            raise InvalidInput(f"{one.kind} {one.shown} is not in the trash")
    _mark(store, found, None, "restore")
    return Results(
        [Moved(one.kind, one.shown, "restored") for one in found], note="nothing matches" if not found else ""
    )


def give_name(store: Store, reference: str, name: str, kind: str) -> Moved:
    """Change the name of a thing; rows refer to its number, so everything follows."""
    one = _one(store, reference, kind)
    noun = NOUNS[one.kind]
    if not noun.named:
        fix = "%note writes on a run" if one.kind == "run" else "rename its model"
        raise InvalidInput(
            f"a {one.kind} has no name of its own to change",
            expected="an experiment, dataset, model, deployment or view",
            fix=fix,
        )
    new = names.name(name, one.kind)
    if one.kind == "deployment" and store.query("SELECT wanted FROM deployment WHERE name = ?", (one.identity,))[0][0]:
        raise InvalidInput(
            f"deployment {one.shown} is serving under this name",
            fix=f"%undeploy {one.shown}, then deploy under the new name",
        )

    def change(connection: sqlite3.Connection) -> None:
        if connection.execute(f"SELECT 1 FROM {noun.table} WHERE name = ?", (new,)).fetchone():
            raise InvalidInput(f"another {one.kind} is named {new!r} already", expected="a name that is free")
        connection.execute(f"UPDATE {noun.table} SET name = ? WHERE {noun.row}", (new, *noun.key(one.identity)))

    store.change(change, "rename", f"{one.kind}:{one.identity}", before=one.shown, after=new)
    return Moved(one.kind, one.shown, new)


def _mark(store: Store, found: Sequence[_Found], moment: int | None, did: str) -> None:
    if not found:
        return

    def mark(connection: sqlite3.Connection) -> None:
        for one in found:
            noun = NOUNS[one.kind]
            if moment is not None:
                _refuse_since(connection, one)
            connection.execute(
                f"UPDATE {noun.table} SET trashed_us = ? WHERE {noun.row}", (moment, *noun.key(one.identity))
            )

    subject = f"{found[0].kind}:{found[0].identity}" if len(found) == 1 else f"{len(found)} {found[0].kind}s"
    store.change(mark, did, subject, things=[f"{one.kind}:{one.identity}" for one in found[:100]])


# What stands or falls with a thing that is not held itself: (what is held, as a person would name it).
_INSIDE = {
    "model": """SELECT 'version:' || v.model || '/' || v.number, 'version ' || m.name || '/' || v.number
        FROM version v JOIN model m ON m.id = v.model WHERE m.id = ?""",
    "experiment": "SELECT 'run:' || ulid, 'run ' || substr(ulid, 1, 10) FROM run WHERE experiment = ?",
    "dataset": """SELECT 'dataset:' || v.digest, 'dataset ' || d.name || '/' || n.number
        FROM dataset d JOIN dataset_name n ON n.dataset = d.id JOIN dataset_version v ON v.id = n.version
        WHERE d.id = ?""",
}
# Only what holds would be looked for: most of a large experiment's runs are held by nobody.
_HELD_INSIDE = """SELECT held, shown FROM (SELECT '' AS held, '' AS shown WHERE 0 UNION ALL {})
WHERE held IN (SELECT held FROM hold)"""
_DEPLOYED = """
SELECT d.name FROM deployment d WHERE d.model = ? AND (? IS NULL OR d.number = ?) AND d.trashed_us IS NULL
ORDER BY d.name LIMIT 1
"""


def _refuse_in_use(store: Store, one: _Found) -> None:
    """A model whose version is held, an experiment whose run is, or a dataset whose version is, is needed too."""
    noun = NOUNS[one.kind]
    if one.kind in _INSIDE:
        held = store.query(_HELD_INSIDE.format(_INSIDE[one.kind]), noun.key(one.identity))
        for reference, shown in held:
            holds.refuse_held(store, reference, f"{shown} of {one.kind} {one.shown}", for_ever=False)
    if one.kind in ("model", "version"):
        model, number = (*noun.key(one.identity), None)[:2]
        for (name,) in store.query(_DEPLOYED, (model, number, number)):
            fix = f"%trash {quoted(name)} --kind deployment"
            raise Refused(f"{one.kind} {one.shown} is needed by deployment {name}", fix=fix)
    if one.kind == "deployment" and store.query("SELECT wanted FROM deployment WHERE name = ?", (one.identity,))[0][0]:
        raise Refused(f"deployment {one.shown} is serving", fix=f"%undeploy {quoted(one.shown)}")


def _refuse_since(connection: sqlite3.Connection, one: _Found) -> None:
    """A version may have been promoted, or a run registered, since it was asked who needs it."""
    nodes = [f"{one.kind}:{one.identity}"]
    if one.kind in _INSIDE:
        sql = _HELD_INSIDE.format(_INSIDE[one.kind])
        nodes += [held for held, _ in connection.execute(sql, NOUNS[one.kind].key(one.identity))]
    if any(holds.is_held(connection, node) for node in nodes):
        raise Refused(
            f"{one.kind} {one.shown} came into use just now", fix=f"%trash {quoted(one.shown)} again, to see by what"
        )


def _all(store: Store, references: Sequence[str], where: str, kind: str, trashed: bool) -> list[_Found]:
    if not references and not where:
        raise InvalidInput("nothing was named", expected="references, or --where with a filter over runs")
    found = [_one(store, reference, kind) for reference in references]
    if where:
        found += _matching(store, where, trashed)
    return list(dict.fromkeys(found))


def _matching(store: Store, where: str, trashed: bool) -> list[_Found]:
    search = kinds.load("mlops_nb.runs.query:search")
    runs, after = [], ""
    while True:
        page = search(store, where, limit=10_000, after=after, trashed=trashed)
        runs.extend(page)
        after = page.next_page
        if not after:
            break
    in_trash = {u for (u,) in store.query("SELECT ulid FROM run WHERE trashed_us IS NOT NULL")} if trashed else set()
    return [_Found("run", run.id, run.id[:10]) for run in runs if not trashed or run.id in in_trash]


def _one(store: Store, reference: str, kind: str) -> _Found:
    """The thing that a reference names; every kind is asked unless one is given.

    Raises:
        NotFound: None knows it.
        InvalidInput: Several do.
    """
    if kind and kind not in NOUNS:
        raise InvalidInput(f"there is no kind {brief(kind)}", expected=", ".join(NOUNS))
    found: list[_Found] = []
    refusals: list[MlopsError] = []
    for noun in [kind] if kind else NOUNS:
        try:
            identity = kinds.BY_NAME[noun].resolver()(store, reference)
            found.append(_Found(noun, identity, identity[:10] if noun == "run" else reference.strip()))
        except MlopsError as error:
            refusals.append(error)
    if len(found) > 1:
        several = " and ".join(one.kind for one in found)
        raise InvalidInput(f"{brief(reference)} is the name of a {several}", fix=f"--kind {found[0].kind}")
    if not found:
        if kind:
            raise refusals[0]
        close = next((error.nearest for error in refusals if error.nearest), "")
        raise NotFound(
            f"there is no {', '.join(list(NOUNS)[:-1])} or {list(NOUNS)[-1]} {brief(reference)}",
            nearest=close,
        )
    return found[0]
