"""The verbs of this room: make a version of a model, give it back, list what there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.model import Model, Version
    from mlops_nb.results import Results

# What a deployment needs and takes two seconds to import: a process that has it may wait since `register`.
_SLOW = ("skops.io", "sklearn.pipeline", "uvicorn", "uvloop", "httptools", "starlette.applications", "pandas")


def register(
    name: Annotated[str, Arg("the model's name", kind="model")],
    model: Annotated[Any, Arg("a fitted model, or the run that saved one", kind="expression")],
    *,
    trust: Annotated[Sequence[str], Arg("a type in the model that you vouch for (module.Class)", short="t")] = (),
    note: Annotated[str, Arg("why this version exists")] = "",
    example: Annotated[Any, Arg("rows that the model takes, for its signature", kind="expression")] = None,
    variable: Annotated[str | None, Arg("which model of the run, when it saved several")] = None,
    allow_pickle: Annotated[
        bool, Arg("save with cloudpickle what skops can't: it can run any code when loaded")
    ] = False,
) -> Version:
    """Make a new version of a model: saved through skops, with its signature, example, run, data and code.

    Models of XGBoost and LightGBM that stand alone are saved in the formats of their libraries.

    A fitted model that a tracked cell saved is found again by its bytes, with its run. The same model of the same
    run is not registered twice: the version that is there comes back, with `existed`.

    Args:
        name: The model's name; a new one makes a new model.
        model: A fitted estimator, a `Run`, or a reference to a run (`last`, `best:auc`, an id).
        trust: Names of types outside scikit-learn that the model holds and that may be loaded.
        note: Why this version exists.
        example: Rows as in `fit`; without them, or a run, only column names are known.
        variable: The model's variable, when the run saved several.
        allow_pickle: Whether what skops can't save, or holds types that are not named, goes by cloudpickle. Such a
            file can run any code when it is loaded, and is marked wherever the version shows.

    Returns:
        The version, numbered 1, 2, 3 … without gaps.

    Raises:
        InvalidInput: Not a valid name, not fitted, nothing that predicts, or a run with several models.
        NotFound: No such run, or one without a model.
        Refused: The model holds types that are not trusted, or can't be saved.
    """
    from mlops_nb.registry.registering import add, from_object, from_run
    from mlops_nb.services.spare import prepare
    from mlops_nb.store import names
    from mlops_nb.store.store import current

    store = current()
    names.name(name, "model")
    run = _run(model)
    types = _types(trust)
    if run is None:
        candidate = from_object(store, model, example, types, allow_pickle)
    else:
        candidate = from_run(store, run, variable)
    version = add(store, name, candidate, types, note, allow_pickle)
    prepare(store.folder, _SLOW)
    return version


def _run(model: Any) -> str | None:
    if isinstance(model, str):
        return model
    from mlops_nb.runs.model import Run, RunCard

    if isinstance(model, RunCard):
        return model.run.id
    return model.id if isinstance(model, Run) else None


def _types(trust: Sequence[str]) -> tuple[str, ...]:
    return (trust,) if isinstance(trust, str) else tuple(trust)


def load(
    ref: Annotated[str, Arg("the version, NAME or NAME/NUMBER", kind="version")],
    *,
    trust: Annotated[Sequence[str], Arg("a type in the model that you vouch for (module.Class)", short="t")] = (),
    allow_pickle: Annotated[bool, Arg("open a pickle, which can run any code", python_only=True)] = False,
) -> Any:
    """The model of a version, as it was fitted. Its file is checked against its digest first.

    Types that the registrant vouched for are trusted in a store whose files are yours, for registering was an explicit
    yes to exactly these bytes; in somebody else's store, name them again. The same holds for a version that was saved
    with `--allow-pickle`: in somebody else's store it is opened with `allow_pickle=True` only.

    Raises:
        NotFound: No such version, or its file is gone.
        Corrupt: Its file was altered.
        Refused: It holds types that nobody here vouched for, or is a pickle in a store that is not yours.
    """
    from mlops_nb.registry.opening import open_version
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    return open_version(store, resolve_version(store, ref), _types(trust), allow_pickle)


def models() -> Results[Model]:
    """All models, the one with the newest version first."""
    from mlops_nb.registry.resolving import all_models
    from mlops_nb.results import Results
    from mlops_nb.store.store import current

    found = all_models(current())
    return Results(found, total=len(found), note="" if found else "no model yet: %register NAME MODEL")


def versions(
    name: Annotated[str, Arg("the model", kind="model")],
) -> Results[Version]:
    """The versions of a model, newest first.

    Raises:
        NotFound: No such model.
    """
    from mlops_nb.registry.resolving import versions_of
    from mlops_nb.results import Results
    from mlops_nb.store.store import current

    found = versions_of(current(), name)
    return Results(found, total=len(found))
