"""Whether a version was judged on rows that it learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.registry.gates.model import Judged, Verdict
from mlops_nb.registry.gates.scores import reads_evaluation

if TYPE_CHECKING:
    from mlops_nb.data.row_sample import RowSample
    from mlops_nb.registry.gates.asking import Asked

_SAMPLES = """
SELECT s.rows, s.below, s.hashes, s.twins, s.sampled, d.columns
FROM row_sample s JOIN dataset_version d ON d.id = s.version JOIN run_dataset u ON u.version = d.id
JOIN run r ON r.id = u.run WHERE r.ulid = ? AND u.role = 'train' AND s.format = ? AND d.columns = ? ORDER BY d.id"""
# A false alarm once in a thousand honest evaluations: the gate is asked often.
_RARE = 1e-3


@reads_evaluation
def overlap(asked: Asked, *, at_most: float = 0.0) -> Judged:
    """No more of the evaluated rows stand in the training data than chance explains, and a share `at_most` beyond it.

    Held against the inputs that the version's run trained on, by 64 bits a row. Where training rows resemble each
    other (few columns of few values), evaluated rows resemble them as often by chance: that share is what is expected
    of rows drawn alike, and more than it, by a binomial test at 0.001, fails. Looked at are the rows that the
    evaluation kept as a sample.
    """
    from mlops_nb.data.row_sample import overlap as held_against

    rows = _rows(asked)
    if rows is None:
        return Judged("insufficient", "the evaluation kept no rows", fix=f"%evaluate {asked.version.ref} DATA")
    samples = _samples(asked, len(rows.columns))
    if not samples:
        return Judged("insufficient", "the rows that it learned from are not on record", fix="fit it in a tracked cell")
    found = [one for one in (held_against(rows, known) for known in samples) if one is not None]
    if not found:
        return Judged("insufficient", "its rows can't be compared")
    worst = max(found, key=lambda one: one.shared / one.judged if one.judged else 0.0)
    if not worst.judged:
        return Judged(
            "insufficient",
            "none of the kept rows is in the sample of the training rows",
            fix="%evaluate with more rows",
        )
    share = worst.shared / worst.judged
    beyond = share - worst.expected
    verdict: Verdict = "fail" if worst.chance < _RARE and beyond > at_most else "pass"
    says = f"{worst.shared:,} of {worst.judged:,} rows are in the training data, chance explains {worst.expected:.1%}"
    return Judged(verdict, says, share, worst.expected + at_most, worst.judged)


def _rows(asked: Asked) -> Any:
    """The evaluation's kept rows as columns."""
    from mlops_nb.adapters.frames import read
    from mlops_nb.registry.evaluating.reading import read_sample

    assert asked.evaluation is not None  # noqa: S101 (`reads_evaluation` has looked)
    table = read_sample(asked.store, asked.evaluation)[0]
    return None if table is None or not len(table) else read(table)


def _samples(asked: Asked, columns: int) -> list[RowSample]:
    import numpy as np

    from mlops_nb.data.row_sample import FORMAT, RowSample

    if asked.version.run is None:
        return []
    return [
        RowSample(rows, int(below), np.frombuffer(hashes, "<u8"), twins, sampled)
        for rows, below, hashes, twins, sampled, _ in asked.store.query(_SAMPLES, (asked.version.run, FORMAT, columns))
    ]
