"""How a canvas is changed: fields, and decisions that are added and never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, Refused, brief, nearest
from mlops_nb.registry import documents, queries
from mlops_nb.registry.documents import About, Document
from mlops_nb.registry.framing.blocks import BY_NAME
from mlops_nb.registry.framing.checking import merged
from mlops_nb.registry.framing.model import Canvas
from mlops_nb.registry.framing.reading import body_of, canvas_of, latest, model_id, seen
from mlops_nb.registry.framing.wording import titled
from mlops_nb.store import names, reasons
from mlops_nb.store.actor import identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.store.store import Store

MOST_OPTIONS = 20


class ChangedMeanwhile(Refused):
    """Somebody saved the same fields since the revision that was looked at.

    Attributes:
        fields: Their names.
        revision: The revision that is the newest now.
    """

    def __init__(self, fields: Sequence[str], now: Document) -> None:
        self.fields, self.revision = tuple(fields), now.revision
        titles = ", ".join(BY_NAME[one].title for one in fields)
        who = now.actor.removeprefix("person:")
        super().__init__(
            f"the canvas changed meanwhile: {who} saved revision {now.revision}, and {titles} no longer "
            f"{'says' if len(fields) == 1 else 'say'} what you began with",
            expected=f"a look at revision {now.revision} first",
            fix=f"revision={now.revision} saves over it",
        )


def fill(store: Store, name: str, given: Mapping[str, Any], revision: int | None = None) -> Canvas:
    """Save fields of a model's canvas; a model that is not there is made, without a version.

    Args:
        store: Where.
        name: Whose.
        given: What to save; the other fields stay.
        revision: The revision that was looked at; None: it does not matter which one.

    Raises:
        InvalidInput: No such field, a number that is none, too long a text, or no such revision; nothing was saved.
        ChangedMeanwhile: Somebody saved one of these fields since that revision.
        Refused: The model is in the trash, or somebody else saved its canvas at the same moment.
    """
    name = names.name(name, "model")
    model = model_id(store, name)
    found = None if model is None else latest(store, model)
    body = body_of(found)
    before, body["fields"] = body["fields"], merged(body["fields"], given)
    if revision is not None:
        _refuse_blind(seen(store, model, revision), before, body["fields"], found)
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


def _refuse_blind(
    looked_at: Mapping[str, Any], now: Mapping[str, Any], after: Mapping[str, Any], found: Document | None
) -> None:
    """Raise when a field that is to change is no longer what it was when somebody looked at it."""
    changing = [name for name in BY_NAME if now.get(name) != after.get(name)]
    moved = [name for name in changing if looked_at.get(name) != now.get(name)]
    if moved and found is not None:
        raise ChangedMeanwhile(moved, found)


def _made(store: Store, name: str) -> int:
    """The row of a new model."""
    found: list[int] = []

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(queries.ADD_MODEL, (name, now_us()))
        found.append(connection.execute(queries.MODEL, (name,)).fetchone()[0])

    store.change(write, "add model", lambda: f"model:{found[-1]}", model=name)
    return found[-1]
