"""What the room of evaluations returns, and the shape in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_nb.registry.evaluating.calibrating import Calibration, Confusion, Curve, Residuals
from mlops_nb.registry.evaluating.resampling import GroupScored, Scored
from mlops_nb.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sliced:
    """Metrics of the groups of one column, the biggest group first."""

    column: str
    groups: tuple[GroupScored, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a simple answer scores on the same rows.

    Attributes:
        name: `dummy` or `linear`.
        rows: Rows it was scored on: a sample where there were too many to fit it on.
        scored: Its metrics.
        gains: The model's metrics minus its, on these rows (paired bootstrap), in the metrics' own units.
    """

    name: str
    rows: int
    scored: tuple[Scored, ...]
    gains: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, as it is kept: plain JSON, format 1.

    Attributes:
        target: The name of the column that held the truth.
        task: 'binary', 'multiclass' or 'regression'.
        classes: The model's classes as text, the positive one of two last.
        rows: Rows evaluated.
        scored: Metrics with intervals.
        slices: The same by groups.
        baselines: What simple answers score.
        calibration: Where the model gives probabilities of two classes.
        roc: Points of the ROC curve, likewise.
        pr: Points of the precision-recall curve.
        confusion: Of a classification.
        residuals: Of a regression.
    """

    target: str
    task: str
    classes: tuple[str, ...]
    rows: int
    scored: tuple[Scored, ...]
    slices: tuple[Sliced, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    calibration: Calibration | None = None
    roc: Curve | None = None
    pr: Curve | None = None
    confusion: Confusion | None = None
    residuals: tuple[Residuals, ...] = ()
    format: int = FORMAT


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation(Result):
    """One version scored on one dataset. Times are microseconds UTC.

    Attributes:
        id: Its ULID.
        model: The model's name.
        version: The version's number.
        dataset: The fingerprint of the data, truth included.
        findings: What was found.
        digest: BLAKE3 of the findings, the dataset and the predictions: what gates and audit rows name.
        predictions: The digest of the artifact with one row for each row of the data.
        sample: The digest of the artifact with some of its rows, or None.
        verified: How the actor's name was checked; empty when it is the system's word.
        existed: Whether the same evaluation was on record already.
    """

    id: str
    model: str
    version: int
    dataset: str
    findings: Findings
    digest: str
    predictions: str
    sample: str | None
    actor: str
    verified: str
    created_us: int
    existed: bool = field(default=False, compare=False)

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def rows(self) -> int:
        """Rows evaluated."""
        return self.findings.rows

    @property
    def task(self) -> str:
        """'binary', 'multiclass' or 'regression'."""
        return self.findings.task

    @property
    def confusion(self) -> Confusion | None:
        """How often each class was taken for each."""
        return self.findings.confusion

    @property
    def metrics(self) -> dict[str, float | None]:
        """Each metric's value."""
        return {one.name: one.value for one in self.findings.scored}

    def scored(self, name: str) -> Scored | None:
        """One metric with its interval, by name or alias; None when this evaluation has none of that name."""
        return among(self.findings.scored, name, self.task)

    def sliced(self, column: str) -> Sliced | None:
        """The groups of a column; None when it was not sliced by it."""
        return next((one for one in self.findings.slices if one.column == column), None)

    def baseline(self, name: str) -> Baseline | None:
        """A baseline; None when it was not scored."""
        return next((one for one in self.findings.baselines if one.name == name), None)


def among(scored: Sequence[Scored], name: str, task: str) -> Scored | None:
    """The metric of a name or an alias among others."""
    from mlops_nb.registry.evaluating.metrics import metric

    wanted = metric(name, task).name
    return next((one for one in scored if one.name == wanted), None)
