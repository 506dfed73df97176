"""The verb of this room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.fairness.model import Fairness


def fairness(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    *,
    by: Annotated[Sequence[str], Arg("a column of groups; without one, what is on record", short="b")] = (),
    within: Annotated[float, Arg("largest difference of two groups; of errors, as a share of the mean error")] = 0.05,
    ratio: Annotated[float, Arg("least ratio of two groups; 0.8 is the four-fifths rule, a convention")] = 0.8,
    least: Annotated[int, Arg("rows below which a group can't be judged")] = 30,
    share: Annotated[float, Arg("of all rows, below which a group is named and not judged")] = 0.0,
) -> Fairness:
    """Compare how a version treats groups of rows, by its newest evaluation, with a verdict for each measure.

    Of two classes: selection rate, true and false positive rate and accuracy of each group; demographic parity ratio
    and difference, equalized odds difference. Of more classes: accuracy. Of a regression: mean absolute error and mean
    error. Values are fairlearn's. Intervals hold for all pairs of groups at once: a measure passes with its whole
    interval, fails when none of it is good, and is insufficient between. A group of few rows is insufficient, never
    fair. Which measure matters is yours to say: where groups differ in truth, no useful model satisfies all.

    The column is one that the evaluation was sliced by; else one of the model's inputs, and then only the rows that
    the evaluation kept are looked at. Many numbers are cut at their quartiles. Of more than 50 groups the largest are.

    Args:
        ref: Which version.
        by: Columns; each is looked at by itself.
        within: Threshold of differences. A regression's mean errors may differ by this share of all rows' mean
            absolute error.
        ratio: Threshold of ratios.
        least: At least 10.
        share: 0: every group is judged; the EEOC's guidelines leave out groups below 0.02.

    Returns:
        What was found; the same one again comes back with `existed`.

    Raises:
        NotFound: No such version or column, it was not evaluated, or nothing is on record.
        InvalidInput: A threshold that makes no sense, or more than 1,000 groups.
        MissingExtra: fairlearn is not installed.
    """
    from mlops_nb.registry.fairness.model import Judging
    from mlops_nb.registry.fairness.reading import recorded
    from mlops_nb.registry.fairness.recording import measure_version
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    version = resolve_version(store, ref)
    columns = list(dict.fromkeys(map(str, (by,) if isinstance(by, str) else by)))
    if not columns:
        return recorded(store, version)
    return measure_version(store, version, columns, Judging(ratio, within, least, share))
