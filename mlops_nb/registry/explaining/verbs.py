"""The verb of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.explaining.model import Explanation


def explain(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    *,
    repeats: Annotated[int, Arg("how often each input is dealt out anew")] = 10,
    rows: Annotated[int, Arg("at most so many of the rows that the evaluation kept")] = 2000,
) -> Explanation:
    """Say which inputs a version rests on, by the rows that its newest evaluation kept.

    Permutation importance: by how much the metric (the canvas' success metric where it was measured) gets worse when
    one input's values are dealt out anew among the rows, asked through the core that serves the version. The mean of
    all repeats with its 95 % interval: of these rows; other rows would vary more. Inputs that go together share their
    importance, so they are named, and dealt out together as well. It says what the model uses, not what causes what.

    Beside it the mean size of SHAP values, for trees and linear models, where shap is installed and its values can be
    summed back to the inputs exactly; else it says why not.

    Returns:
        The explanation; the same one again comes back with `existed`.

    Raises:
        NotFound: No such version, it was not evaluated, or its evaluation kept no rows.
        InvalidInput: Too many rows or repeats, or a metric that is undefined on these rows.
        Refused: The version can't be opened here.
    """
    from mlops_nb.registry.explaining.recording import explain_version
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.store.store import current

    store = current()
    return explain_version(store, resolve_version(store, ref), repeats, rows)
