"""Back to the champion before, in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, Refused, brief, quoted
from mlops_nb.registry.predictor import open_predictor
from mlops_nb.registry.resolving import champion_of, model_row, resolve_version
from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.moving import Plan, carry_out
from mlops_nb.store import reasons
from mlops_nb.store.actor import identify

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.registry.stages.model import Transition
    from mlops_nb.store.store import Store


def roll_back(store: Store, name: str, to: str, reason: str) -> Transition:
    """Put the champion before this one, or the one named, back into production. Its gates were passed once.

    Raises:
        NotFound: No such model or version.
        Refused: There is no champion before, the named one never was in production, or its file can't be opened.
    """
    why = reasons.checked(reason, needed=False) or reasons.checked("rollback", needed=True)
    model, name = model_row(store, name)
    now = champion_of(store, name)
    target = _named(store, name, model, to) if to else _before(store, name, model, now)
    if now is not None and target.version == now.version:
        raise InvalidInput(f"{target.ref} is in production already")
    open_predictor(store, target)  # what can't be opened is no way out
    plan = Plan(target, "production", now.version if now else None, "rollback", why, identify(store.folder))
    return carry_out(store, plan)


def champions(store: Store, model: int) -> list[int]:
    """The champions that a rollback would walk along, the present one last.

    A rollback takes the ones above its target away, so that two rollbacks go two steps and never to and fro.
    """
    stack: list[int] = []
    for number, how, _, after in store.query(queries.IN_PRODUCTION, (model,)):
        if after != "production":
            continue
        if how == "rollback" and number in stack:
            del stack[stack.index(number) + 1 :]
        else:
            stack = [one for one in stack if one != number] + [number]
    return stack


def _before(store: Store, name: str, model: int, now: Version | None) -> Version:
    stack = champions(store, model)
    if now is not None and stack and stack[-1] == now.version:
        stack.pop()
    if not stack:
        what = f"no version of {name!r} was in production" + (f" before {now.ref}" if now else "")
        raise Refused(what, fix=f"%stages {quoted(name)}")
    if store.query(queries.IN_TRASH, (model, stack[-1])):
        ref = f"{name}/{stack[-1]}"
        fix = f"%restore {quoted(ref)}" + (f", or --to {stack[-2]}" if len(stack) > 1 else "")
        raise Refused(f"the champion before, {ref}, is in the trash", fix=fix)
    return resolve_version(store, f"{name}/{stack[-1]}")


def _named(store: Store, name: str, model: int, to: str) -> Version:
    number = str(to).strip().removeprefix(f"{name}/")
    if not number.isdecimal():
        raise InvalidInput(f"{brief(to)} is no version of {name!r}", expected="its number, like 3")
    version = resolve_version(store, f"{name}/{number}")
    was = {row[0] for row in store.query(queries.IN_PRODUCTION, (model,))}
    if version.version not in was:
        raise Refused(
            f"{version.ref} never was in production: a rollback goes back",
            fix=f"%stage {quoted(version.ref)} production --reason …",
        )
    return version
