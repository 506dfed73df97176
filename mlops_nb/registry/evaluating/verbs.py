"""The verbs of this room: score a version on data, list what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.results import Results


def evaluate(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    data: Annotated[Any, Arg("a frame with the truth in it, (X, y), or a Parquet or CSV file", kind="expression")],
    *,
    target: Annotated[Any, Arg("the column that holds the truth, or its values", kind="column", short="t")] = None,
    slices: Annotated[Sequence[str], Arg("a column by which to look at groups as well", short="s")] = (),
    baseline: Annotated[str, Arg("the simple answer to compare with", kind=("dummy", "linear"))] = "dummy",
    sample: Annotated[int, Arg("rows to keep for explanations and latency; 0: none")] = 2000,
) -> Evaluation:
    """Score a version on data it has not seen: metrics with intervals, groups, calibration, a baseline.

    Predicted by the core that serves the version. The result is bound to the data's fingerprint and kept with every
    row's prediction; gates, cards and comparisons read only this. Intervals are 95 % BCa bootstrap intervals (Efron
    1987), resampled by row: rows that belong together make them too narrow.

    Args:
        ref: Which version.
        data: The rows. Columns that the model does not take may be there.
        target: The truth; by default the one column that is no input.
        slices: Columns of groups; numbers with many values are cut at their quartiles.
        baseline: `dummy` knows only how often each answer is right; `linear` is a linear model of the same inputs,
            fitted in five folds of this data. The dummy is always scored.
        sample: At most so many rows of the inputs are kept.

    Returns:
        The evaluation; the same one again comes back with `existed`.

    Raises:
        NotFound: No such version or file.
        InvalidInput: Data that the model does not take, no truth, missing truth, or no such column.
        Refused: The version can't be opened here.
    """
    from mlops_nb.registry.evaluating.recording import evaluate_version
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    columns = (slices,) if isinstance(slices, str) else slices
    version = resolve_version(store, ref)
    return evaluate_version(store, version, data, target, [str(one) for one in columns], baseline, sample)


def evaluations(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
) -> Results[Evaluation]:
    """The evaluations of a version, newest first.

    Raises:
        NotFound: No such version.
    """
    from mlops_nb.registry.evaluating.reading import evaluations_of
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.results import Results
    from mlops_nb.store.store import current

    store = current()
    version = resolve_version(store, ref)
    found = evaluations_of(store, version)
    return Results(found, total=len(found), note="" if found else f"not evaluated yet: %evaluate {version.ref} DATA")
