"""How a canvas is changed: fields, and decisions that are added and never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.registry import documents, queries
from mlops_nb.registry.documents import About
from mlops_nb.registry.framing.checking import merged
from mlops_nb.registry.framing.model import Canvas
from mlops_nb.registry.framing.reading import body_of, canvas_of, latest, model_id
from mlops_nb.registry.framing.wording import titled
from mlops_nb.store import names, reasons
from mlops_nb.store.actor import identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.store.store import Store

MOST_OPTIONS = 20


def fill(store: Store, name: str, given: Mapping[str, Any]) -> Canvas:
    """Save fields of a model's canvas; a model that is not there is made, without a version.

    Raises:
        InvalidInput: No such field, a number that is none, or too long a text; nothing was saved.
        Refused: The model is in the trash, or somebody else saved its canvas at the same moment.
    """
    name = names.name(name, "model")
    model = model_id(store, name)
    found = None if model is None else latest(store, model)
    body = body_of(found)
    body["fields"] = merged(body["fields"], given)
    about = About("canvas", _made(store, name) if model is None else model)
    documents.save(store, about, body, made_from=found.revision if found else 0)
    return canvas_of(store, name)


def decide(
    store: Store, name: str, title: str, options: Sequence[str], choice: str, reason: str, runs: Sequence[str]
) -> Canvas:
    """Add a decision to a model's canvas.

    Raises:
        InvalidInput: Fewer than two options, a choice that is none of them, no reason, or too long a text.
        NotFound: No such run.
        Refused: The model is in the trash, or somebody else saved its canvas at the same moment.
    """
    from mlops_nb.runs.query.references import resolve_run

    name = names.name(name, "model")
    kept = [titled(one, "an option") for one in options]
    if not 2 <= len(set(kept)) <= MOST_OPTIONS or len(set(kept)) < len(kept):
        fix = "--option 'gradient boosting' --option 'logistic regression'"
        raise InvalidInput(f"{len(kept)} options", expected=f"2 to {MOST_OPTIONS}, all different", fix=fix)
    chosen = titled(choice, "the choice")
    if chosen not in kept:
        near = nearest(chosen, kept)
        raise InvalidInput(f"the choice {brief(chosen)} is none of the options", expected=", ".join(kept), nearest=near)
    why = reasons.checked(reason, needed=True)
    linked = list(dict.fromkeys(resolve_run(store, one) for one in runs))
    about = {"title": titled(title, "the title"), "options": kept, "choice": chosen, "reason": str(why), "runs": linked}
    model = model_id(store, name)
    found = None if model is None else latest(store, model)
    body = body_of(found)
    body["design"] += [about | {"actor": identify(store.folder).actor, "at_us": now_us()}]
    of = About("canvas", _made(store, name) if model is None else model)
    documents.save(store, of, body, why, made_from=found.revision if found else 0)
    return canvas_of(store, name)


def _made(store: Store, name: str) -> int:
    """The row of a new model."""
    found: list[int] = []

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(queries.ADD_MODEL, (name, now_us()))
        found.append(connection.execute(queries.MODEL, (name,)).fetchone()[0])

    store.change(write, "add model", lambda: f"model:{found[-1]}", model=name)
    return found[-1]
