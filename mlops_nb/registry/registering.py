"""How a model becomes a version: where it comes from, what is known of it, and the one transaction that adds it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import model_files
from mlops_nb.errors import InvalidInput, NotFound, Refused, brief, nearest, quoted
from mlops_nb.registry import queries
from mlops_nb.registry.describing import completed, described, refuse_unfit
from mlops_nb.registry.model import Version
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.store import names
from mlops_nb.store.actor import Who, identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.store.store import Store


@dataclass(slots=True)
class Candidate:
    """A model on its way to become a version."""

    data: bytes
    artifact: str
    format: str
    run: str | None = None
    signature: dict[str, Any] | None = None
    example: dict[str, Any] | None = None
    framework: Mapping[str, str] = field(default_factory=dict)


class _AlreadyThere(Exception):  # noqa: N818 (no error: ends the transaction without a change)
    def __init__(self, number: int) -> None:
        self.number = number


def from_run(store: Store, ref: str, variable: str | None) -> Candidate:
    """The model that a run saved.

    Raises:
        NotFound: No such run, or it saved no model of that name.
        InvalidInput: It saved several and none was named.
    """
    from mlops_nb.runs.query.references import resolve_run

    run = resolve_run(store, ref)
    saved = [
        (name, artifact, json.loads(detail)) for name, artifact, detail in store.query(queries.MODELS_OF_RUN, (run,))
    ]
    if not saved:
        raise NotFound(
            f"the run {run[:10]} saved no model", expected="a run that fitted one", fix="%register NAME MODEL"
        )
    known = [detail.get("variable") or name for name, _, detail in saved]
    wanted = [one for one, name in zip(saved, known, strict=True) if variable in (None, name, one[0])]
    listing = ", ".join(known)
    if not wanted:
        near = nearest(str(variable), known)
        raise NotFound(
            f"the run {run[:10]} saved no model {brief(variable)}", expected=f"one of {listing}", nearest=near
        )
    if len({artifact for _, artifact, _ in wanted}) > 1:
        raise InvalidInput(
            f"the run {run[:10]} saved {len(wanted)} models: {listing}",
            expected="one",
            fix=f"--variable {known[0]}",
        )
    _, artifact, detail = wanted[-1]
    candidate = Candidate(store.artifacts.get(artifact), artifact, detail.get("format") or model_files.SKOPS, run)
    _know(candidate, detail)
    return candidate


def from_object(
    store: Store, model: object, example: Any, trust: Sequence[str] = (), allow_pickle: bool = False
) -> Candidate:
    """A fitted model in memory; when a run saved the same, with that run, its signature and example.

    Args:
        store: The store.
        model: The model.
        example: Rows that it takes, or None.
        trust: Types that the caller vouches for.
        allow_pickle: Whether cloudpickle may save what skops can't.

    Raises:
        InvalidInput: Not fitted, or nothing that predicts.
        Refused: It can't be saved.
    """
    refuse_unfit(model)
    from mlops_nb.store.artifacts import digest

    model = model_files.answering(model)
    saved = model_files.dump(model, allow_pickle, trust)
    candidate = Candidate(saved.data, digest(saved.data), saved.format)
    candidate.framework = model_files.framework_versions(saved.format, model)
    rows = store.query(queries.RUN_OF_MODEL, (candidate.artifact,))
    if rows:
        candidate.run = rows[0][0]
        _know(candidate, json.loads(rows[0][1]))
    if example is not None:
        candidate.signature, candidate.example = described(model, example)
    return candidate


def _know(candidate: Candidate, detail: Mapping[str, Any]) -> None:
    candidate.signature, candidate.example = detail.get("signature"), detail.get("example")
    candidate.framework = detail.get("framework") or candidate.framework


def add(
    store: Store, name: str, candidate: Candidate, trust: Sequence[str], note: str, allow_pickle: bool = False
) -> Version:
    """Add a version; everything or nothing is written.

    Raises:
        Refused: Types that `trust` does not name, a pickle that nobody allowed, a file that does not load, or a model
            in the trash.
    """
    name = names.name(name, "model")
    _refuse_trashed(store, name)
    foreign = model_files.untrusted(candidate.data, candidate.format)
    model_files.refuse_untrusted(foreign, trust, saving=True)
    # What can't be loaded is no version.
    model = model_files.load(candidate.data, candidate.format, trust, allow_pickle)
    candidate.framework = candidate.framework or model_files.framework_versions(candidate.format, model)
    candidate.signature = completed(candidate.signature, model)
    example = None if candidate.example is None else json.dumps(candidate.example, allow_nan=False).encode()
    store.artifacts.put(candidate.data)
    kept = None if example is None else (store.artifacts.put(example), len(example))
    entry = _Entry(name, candidate, [one for one in foreign if one in set(trust)], note, kept, identify(store.folder))
    facts: dict[str, object] = {}
    try:
        store.change(
            lambda connection: entry.write(connection, facts), "register", lambda: entry.node, model=name, added=facts
        )
    except _AlreadyThere as found:
        return replace(resolve_version(store, f"{name}/{found.number}"), existed=True)
    return resolve_version(store, f"{name}/{facts['version']}")


def _refuse_trashed(store: Store, name: str) -> None:
    rows = store.query(queries.MODEL, (name,))
    if rows and rows[0][1] is not None:
        raise Refused(f"the model {name!r} is in the trash", fix=f"%restore {quoted(name)}")


@dataclass(slots=True)
class _Entry:
    name: str
    candidate: Candidate
    trusted: list[str]
    note: str
    example: tuple[str, int] | None
    who: Who
    node: str = ""  # what the audit log calls it, once it has its numbers

    def write(self, connection: sqlite3.Connection, facts: dict[str, object]) -> None:
        """Everything that belongs to the new version, inside the caller's transaction."""
        new, now = self.candidate, now_us()
        connection.execute(queries.ADD_MODEL, (self.name, now))
        model = connection.execute(queries.MODEL, (self.name,)).fetchone()[0]
        same = connection.execute(queries.SAME, (model, new.artifact, new.run or "")).fetchone()
        if same:
            raise _AlreadyThere(same[0])
        number = connection.execute(queries.NEXT_NUMBER, (model,)).fetchone()[0]
        connection.execute(queries.ADD_ARTIFACT, (new.artifact, len(new.data), now))
        if self.example:
            connection.execute(queries.ADD_ARTIFACT, (*self.example, now))
        row: tuple[object, ...] = (model, number, new.run, new.artifact, new.format, _json(new.signature))
        row += (self.example and self.example[0], _json(self.trusted), _json(new.framework))
        who = (self.who.actor, self.who.verified, self.who.system)
        connection.execute(queries.ADD_VERSION, (*row, new.run, self.note, *who, now))
        self.node = f"version:{model}/{number}"
        self._tie(connection, self.node)
        facts |= {"version": number, "artifact": new.artifact, "run": new.run, "trusted": self.trusted}
        if model_files.is_pickle(new.format):
            facts["pickled"] = True

    def _tie(self, connection: sqlite3.Connection, node: str) -> None:
        """What the version came from is what it needs: it can't be purged while the version stands."""
        new = self.candidate
        parents = [("artifact", new.artifact)]
        if self.example:
            parents.append(("artifact", self.example[0]))
        if new.run:
            parents.append(("run", new.run))
            parents += [("dataset", row[0]) for row in connection.execute(queries.DATASETS_OF_RUN, (new.run,))]
        for kind, name in parents:
            connection.execute(queries.ADD_EDGE, (node, f"{kind}:{name}", kind))
            connection.execute(queries.ADD_HOLD, (node, f"{kind}:{name}"))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
