"""The verbs of the stages: move a version, name it, ask what stood where, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.stages.model import Stages, Transition

_WHY = Arg("why, for whoever asks later")


def stage(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    stage: Annotated[str, Arg("where to", kind=("none", "staging", "production", "archived"))],
    *,
    reason: Annotated[str, _WHY] = "",
    override: Annotated[bool, Arg("go in although a gate says no; stays on record and shows at the version")] = False,
) -> Transition:
    """Have a version enter a stage, through the gates of the model's policy.

    `production` has one version, the champion: whom it replaces is archived in the same transaction. With a policy,
    production is entered from staging, and every gate must pass. Without one only what every version must pass is
    asked (its file opens, its signature holds, it is no pickle), and the version is marked `ungated`.

    Args:
        ref: Which version.
        stage: `staging`, `production`, `archived`, or `none` to take it out of staging.
        reason: Why; needed.
        override: Let it in against the gates. Nothing overrides a file that can't be opened.

    Returns:
        The move, with what each gate said in `.check`.

    Raises:
        NotFound: No such version.
        InvalidInput: No such stage, no reason, or the version is there already.
        Refused: A gate says no or can't say; another promotion came first; the order of stages is not kept.
    """
    from mlops_nb.registry.stages.moving import move
    from mlops_nb.store.store import current

    return move(current(), ref, stage, reason, override)


def stages(
    name: Annotated[str, Arg("the model", kind="model")],
    *,
    at: Annotated[str, Arg("a moment, like 2026-05-03T14:00; in this machine's zone unless it names one")] = "",
) -> Stages:
    """What is, or was, in production: where each version stood at a moment, and every move until then.

    Raises:
        NotFound: No such model.
        InvalidInput: `at` is no moment.
    """
    from mlops_nb.registry.stages.history import stages_at
    from mlops_nb.store.store import current

    return stages_at(current(), name, at)


def rollback(
    name: Annotated[str, Arg("the model", kind="model")],
    *,
    to: Annotated[str, Arg("an earlier champion, by number; the one before by default")] = "",
    reason: Annotated[str, _WHY] = "",
) -> Transition:
    """Put the champion before this one back into production, and archive this one.

    Asks no gate, for it passed once; only its file must open. A second rollback goes one further back.

    Raises:
        NotFound: No such model or version.
        Refused: There is no champion before, the named one never was, or its file can't be opened.
    """
    from mlops_nb.registry.stages.rolling import roll_back
    from mlops_nb.store.store import current

    return roll_back(current(), name, to, reason)


def pin(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    alias: Annotated[str, Arg("the name that shall point to it: challenger, eu, …")],
    *,
    reason: Annotated[str, _WHY] = "",
    remove: Annotated[bool, Arg("take the alias away from this version")] = False,
) -> Transition:
    """Have an alias, `NAME@ALIAS`, point to a version; it leaves the version that it was at.

    Raises:
        NotFound: No such version.
        InvalidInput: Not a name for an alias, or one that the stages have.
    """
    from mlops_nb.registry.stages.aliases import point
    from mlops_nb.store.store import current

    return point(current(), ref, alias, reason, remove)
