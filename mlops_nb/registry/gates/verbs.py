"""The verbs of the gates: say which stand before a stage, ask them, and decide as a person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.gates.model import Approval, GateCheck, Policy, Waiting
    from mlops_nb.results import Results
    from mlops_nb.store.store import Store

F = TypeVar("F", bound=Callable[..., Any])
_GUARDED = ("staging", "production")
_VERSION = Arg("the version, NAME/NUMBER", kind="version")
_WHY = Arg("why, for whoever asks later")
_KEY = Arg("an approver's key, instead of MLOPS_NB_KEY", python_only=True)


def define(
    name: Annotated[str, Arg("the model", kind="model")],
    stage: Annotated[str, Arg("the stage that they stand before", kind=_GUARDED)],
    *gates: Annotated[str, Arg("a gate, in quotes: 'metric roc_auc >= 0.75'", kind="gate")],
    usual: Annotated[bool, Arg("the gates that the model's canvas asks for, before those named")] = False,
    reason: Annotated[str, _WHY] = "",
) -> Policy:
    """Have gates stand before a stage of a model from now on. The policy before stays on record.

    Gates: `metric NAME >= X`, `champion NAME margin=X` (no worse than the version in production, on the same rows),
    `baseline NAME [against=linear]`, `slices NAME by=COLUMN within=X`, `signature`, `load`, `format`, `size
    at_most=50MB`, `latency at_most=20ms`, `overlap` (no rows of the training data), `risk` (accepted), `card`
    (complete), `approval [count=2] [by=grace,ada]`, and your own (`@ml.gate`). `load`, `signature` and
    `format` are always asked. `--usual` makes them of the canvas: its success metric and target, the champion, a
    baseline, overlap, latency, risk, the card and an approval.

    Raises:
        NotFound: No such model, or no such gate; names the nearest.
        InvalidInput: A gate with options that it does not have, or none at all.
        Refused: `usual`, and the canvas names no success metric.
    """
    from mlops_nb.registry.gates import policies
    from mlops_nb.store.store import current

    store = current()
    asked = [*policies.usual(store, name, stage), *gates] if usual else gates
    return policies.define(store, name, stage, list(dict.fromkeys(asked)) if usual else asked, reason)


def list_policies(
    name: Annotated[str, Arg("the model", kind="model")],
) -> Results[Policy]:
    """The gates that stand before the stages of a model now.

    Raises:
        NotFound: No such model.
    """
    from mlops_nb.registry.gates.policies import policies
    from mlops_nb.results import Results
    from mlops_nb.store.store import current

    found = policies(current(), name)
    note = f"no policy: its versions are ungated; %gates define {name} production 'metric …'"
    return Results(found, total=len(found), note="" if found else note)


def run(
    ref: Annotated[str, _VERSION],
    stage: Annotated[str, Arg("the stage", kind=_GUARDED, positional=True)] = "production",
) -> GateCheck:
    """Ask every gate before a stage for a version, without moving it. What they say is kept.

    Raises:
        NotFound: No such version.
        InvalidInput: No gates stand before this stage.
    """
    from mlops_nb.errors import InvalidInput
    from mlops_nb.registry.gates.running import check
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.registry.stages.moving import known_stage
    from mlops_nb.store.store import current

    if known_stage(stage) not in _GUARDED:
        raise InvalidInput(f"no gates stand before {stage}", expected=" or ".join(_GUARDED))
    store = current()
    return check(store, resolve_version(store, ref), known_stage(stage))


def gate(function: F) -> F:
    """Make a function a gate: `@ml.gate`, then its name may stand in a policy.

    It is given what is asked (`asked.version`, `.stage`, `.evaluation`, `.champion`, `.champion_evaluation`,
    `.model()`, `.predictions`) and answers True, False, `'insufficient'`, or one of these with a text. What raises,
    hangs or answers something else keeps the gate closed.

    Raises:
        InvalidInput: No function, or a name that the house has.
    """
    from mlops_nb.registry.gates.own import add

    return add(function)


def approve(
    ref: Annotated[str, _VERSION],
    *,
    stage: Annotated[str, Arg("the stage it may enter", kind=_GUARDED)] = "production",
    reason: Annotated[str, _WHY] = "",
    key: Annotated[str | None, _KEY] = None,
) -> Approval:
    """Say yes to a version entering a stage, as a person whose name was checked and who is not its author.

    Raises:
        NotFound: No such version.
        InvalidInput: No reason.
        Refused: The name was not checked, is no approver's, or is the author's.
    """
    return _decide(ref, stage, True, reason, key)


def reject(
    ref: Annotated[str, _VERSION],
    *,
    stage: Annotated[str, Arg("the stage it may not enter", kind=_GUARDED)] = "production",
    reason: Annotated[str, _WHY] = "",
    key: Annotated[str | None, _KEY] = None,
) -> Approval:
    """Say no to a version entering a stage; a later yes of the same person takes its place.

    Raises:
        NotFound: No such version.
        InvalidInput: No reason.
        Refused: The name was not checked, is no approver's, or is the author's.
    """
    return _decide(ref, stage, False, reason, key)


def _decide(ref: str, stage: str, yes: bool, reason: str, key: str | None) -> Approval:
    from mlops_nb.registry.gates.approving import decide
    from mlops_nb.store.store import current

    store = current()
    with _acting(store, key):
        return decide(store, ref, stage, yes, reason)


def review(
    *,
    all: Annotated[bool, Arg("what waits for others too")] = False,  # noqa: A002 (the flag is --all)
    key: Annotated[str | None, _KEY] = None,
) -> Results[Waiting]:
    """List the decisions that wait for you: versions that want to enter a stage and need a person's yes."""
    from mlops_nb.registry.gates.approving import waiting
    from mlops_nb.results import Results
    from mlops_nb.store.store import current

    store = current()
    with _acting(store, key):
        found = waiting(store, all)
    return Results(found, total=len(found), note="" if found else "nothing waits for you" + ("" if all else " (--all)"))


def _acting(store: Store, key: str | None) -> AbstractContextManager[None]:
    from mlops_nb.store.actor import acting_by_key

    return nullcontext() if key is None else acting_by_key(store.folder, key)
