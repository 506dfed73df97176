"""The verbs of framing: fill in a canvas, look at it, decide about the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.framing.form import CanvasForm
    from mlops_nb.registry.framing.model import Canvas
    from mlops_nb.results import Results

_MODEL = Arg("the model; it may have no version yet", kind="model")


def canvas(
    name: Annotated[str, _MODEL],
    *,
    fields: Annotated[
        Mapping[str, Any] | None,
        Arg("a field and what it says: owner=Ada; nothing behind = empties it", kind="canvas field", flag="set"),
    ] = None,
    revision: Annotated[
        int | None, Arg("the revision that was looked at: what somebody saved since is not saved over")
    ] = None,
    form: Annotated[bool, Arg("a form to fill it in, in a notebook")] = False,
) -> Canvas | CanvasForm:
    """Show the canvas of a model, or fill in fields of it: what is predicted for whom, and what an error costs.

    The ten blocks of the Machine Learning Canvas v1.1 by OWNML (ownml.co), CC BY-SA 4.0: `prediction_task`,
    `decisions`, `value_proposition`, `data_collection`, `data_sources`, `impact_simulation`, `making_predictions`,
    `building_models`, `features`, `monitoring`. And the framing: `task`, `success_metric`, `success_target`,
    `data_needs`, `cost_false_positive`, `cost_false_negative`, `gain_true_positive`, `gain_true_negative`,
    `cost_per_error` (of a regression), `unit`, `owner`, `contact`.

    Args:
        name: Which model. With fields, one that is not there yet is made.
        fields: What to save; the other fields stay.
        revision: The revision that `fields` were made from, 0 for none. Saving is refused when one of them was saved
            by somebody since; other fields may have changed.
        form: Give back a form instead.

    Returns:
        The canvas, with the answers of the store to whether it can be done.

    Raises:
        InvalidInput: No such field or revision, a number that is none, a metric that is none of the task, or too long
            a text.
        Refused: The model is in the trash, or somebody else saved the same fields meanwhile.
    """
    from mlops_nb.registry.framing.reading import canvas_of
    from mlops_nb.registry.framing.saving import fill
    from mlops_nb.store.store import current

    found = fill(current(), name, fields, revision) if fields else canvas_of(current(), name)
    return found.form() if form else found


def canvases(
    *,
    limit: Annotated[int, Arg("how many", short="n")] = 50,
    after: Annotated[str, Arg("where the page before ended (.next_page)")] = "",
) -> Results[Canvas]:
    """List the canvases of all models, the one that was saved last first, then the models that have none.

    Raises:
        InvalidInput: The limit or the cursor is none.
    """
    from mlops_nb.registry.framing.listing import listed
    from mlops_nb.store.store import current

    return listed(current(), limit, after)


def decide(
    name: Annotated[str, _MODEL],
    title: Annotated[str, Arg("what is decided, in quotes")],
    *,
    option: Annotated[Sequence[str], Arg("something that could be chosen; two or more")] = (),
    choice: Annotated[str, Arg("which of them was chosen")] = "",
    reason: Annotated[str, Arg("why, for whoever asks later")] = "",
    run: Annotated[Sequence[str], Arg("a run that shows it", kind="run")] = (),
) -> Canvas:
    """Put a design decision on record in a model's canvas: the options, the choice, why, and the runs behind it.

    Raises:
        InvalidInput: Fewer than two options, a choice that is none of them, or no reason.
        NotFound: No such run.
        Refused: The model is in the trash, or somebody else saved its canvas at the same moment.
    """
    from mlops_nb.registry.framing.saving import decide as decide_design
    from mlops_nb.store.store import current

    options = (option,) if isinstance(option, str) else tuple(option)
    runs = (run,) if isinstance(run, str) else tuple(run)
    return decide_design(current(), name, title, options, choice, reason, runs)
