"""A model's canvas as it stands, and what gates and risk ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput, NotFound, Refused, nearest, quoted
from mlops_nb.registry import documents, queries
from mlops_nb.registry.documents import About, Document
from mlops_nb.registry.framing.blocks import BLOCKS, FIELDS, typed
from mlops_nb.registry.framing.checking import metric_of
from mlops_nb.registry.framing.feasibility import feasibility
from mlops_nb.registry.framing.model import Canvas, Change, Costs, Decision, Success
from mlops_nb.store import names

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

FORMAT = 1
_COSTS = {
    "false_positive": "cost_false_positive",
    "false_negative": "cost_false_negative",
    "true_positive": "gain_true_positive",
    "true_negative": "gain_true_negative",
    "per_error": "cost_per_error",
}


def canvas_of(store: Store, name: str) -> Canvas:
    """The canvas of a model; an empty one where nothing was saved, whether there is such a model or not.

    Raises:
        Refused: The model is in the trash.
        InvalidInput: Not a name.
    """
    name = names.name(name, "model")
    model = model_id(store, name)
    found = None if model is None else latest(store, model)
    body: dict[str, Any] = body_of(found)
    fields, design = body["fields"], tuple(_decision(one) for one in reversed(body["design"]))
    checks = feasibility(store, model, name, fields, [run for one in design for run in one.runs])
    filled = sum(one.name in fields for one in BLOCKS)
    known: tuple[int, str, str, int | None] = (0, "", "", None)
    if found is not None:
        known = (found.revision, found.actor, found.verified, found.created_us)
    note = "" if found else _unsaved(store, name, model)
    digest = found.digest if found else ""
    return Canvas(name, fields, filled, *known, success_in(fields), design, checks, note, digest)


def success(store: Store, model: int) -> Success | None:
    """The success metric and target of a model; None unless its canvas names both.

    Args:
        store: Where.
        model: The model's row, `Version.model_id`.
    """
    return success_in(body_of(latest(store, model))["fields"])


def costs(store: Store, model: int) -> Costs | None:
    """What right and wrong decisions of a model cost and bring; None when its canvas says nothing of it."""
    fields = body_of(latest(store, model))["fields"]
    found = {name: fields.get(key) for name, key in _COSTS.items()}
    if all(value is None for value in found.values()):
        return None
    return Costs(**found, unit=fields.get("unit", ""))


def success_in(fields: dict[str, Any]) -> Success | None:
    """The same from a canvas's fields."""
    if "success_metric" not in fields or "success_target" not in fields:
        return None
    found = metric_of(fields["success_metric"], fields.get("task", ""))
    return Success(found.name, fields["success_target"], found.higher_is_better, found.signed)


def model_id(store: Store, name: str) -> int | None:
    """The row of a model; None: there is none.

    Raises:
        Refused: It is in the trash.
    """
    rows = store.query(queries.MODEL, (name,))
    if rows and rows[0][1] is not None:
        raise Refused(f"the model {name!r} is in the trash", fix=f"%restore {quoted(name)}")
    return rows[0][0] if rows else None


def latest(store: Store, model: int) -> Document | None:
    """The newest revision of a model's canvas."""
    return documents.latest(store, About("canvas", model))


def seen(store: Store, model: int | None, revision: int) -> dict[str, Any]:
    """The fields of one revision of a canvas; none in revision 0.

    Raises:
        InvalidInput: There is no such revision.
    """
    if revision == 0:
        return {}
    found = None if model is None else documents.at(store, About("canvas", model), revision)
    if found is None:
        raise InvalidInput(f"the canvas has no revision {revision}", expected="one that was saved, or 0 for none")
    fields: dict[str, Any] = body_of(found)["fields"]
    return fields


def changes(store: Store, name: str, most: int) -> tuple[Change, ...]:
    """What the newest revisions of a model's canvas changed, at most so many, newest first.

    Raises:
        Refused: The model is in the trash.
    """
    model = model_id(store, name)
    if model is None:
        return ()
    # One more: each is told by what was there before it.
    found = documents.history(store, About("canvas", model), most + 1)
    bodies = [body_of(one) for one in found] + [body_of(None)]
    return tuple(_change(one, bodies[i], bodies[i + 1]) for i, one in enumerate(found[:most]))


def _change(found: Document, after: dict[str, Any], before: dict[str, Any]) -> Change:
    pairs = [(one.name, typed(before["fields"].get(one.name)), typed(after["fields"].get(one.name))) for one in FIELDS]
    fields = tuple(pair for pair in pairs if pair[1] != pair[2])
    added = tuple(one["title"] for one in after["design"][len(before["design"]) :])
    return Change(found.revision, found.actor, found.verified, found.created_us, fields, added)


def body_of(found: Document | None) -> dict[str, Any]:
    """What stands in a revision, or in an empty canvas.

    Raises:
        NotFound: It was written by a newer mlops_nb.
    """
    if found is None:
        return {"format": FORMAT, "fields": {}, "design": []}
    if found.body.get("format") != FORMAT:
        raise NotFound(f"the canvas is in format {found.body.get('format')}", expected=f"format {FORMAT}")
    return {"format": FORMAT, "fields": dict(found.body["fields"]), "design": list(found.body["design"])}


def _decision(one: dict[str, Any]) -> Decision:
    about = one["title"], tuple(one["options"]), one["choice"], one["reason"], tuple(one["runs"])
    return Decision(*about, one["actor"], one["at_us"])


def _unsaved(store: Store, name: str, model: int | None) -> str:
    start = f"nothing was saved yet: %canvas {quoted(name)} --set owner=…"
    if model is not None:
        return start
    near = nearest(name, [row[0] for row in store.query(queries.MODEL_NAMES)])
    return f"no model is called {name!r} yet" + (f" (did you mean {near!r}?)" if near else "") + f"; {start}"
