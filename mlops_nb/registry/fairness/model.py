"""What the room of fairness returns, and the shape in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_nb.registry.gates.model import Verdict
from mlops_nb.results import Result

FORMAT = 1


@dataclass(frozen=True, slots=True)
class GroupMetric:
    """A metric of one group.

    Attributes:
        name: `selection_rate`, `true_positive_rate`, `false_positive_rate`, `accuracy`; of a regression
            `mean_absolute_error` and `mean_error` (prediction minus truth, in the target's units).
        value: Its value, None where the group has no row that it is about.
        low: Lower end of its 95 % interval, `high` the upper one; None where there are too few rows for one.
        n: Rows that it rests on: of the true positive rate only those that are positive.
        why: Why there is no interval.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The rows that share a value.

    Attributes:
        name: The value as text; '(missing)' where there is none.
        n: Rows.
        share: Of all rows, 0 to 1.
        metrics: Its metrics.
        why: Why it can't be judged at all ('12 rows, at least 30 are needed'); empty: it can be.
        left_out: Whether it is below the share of the rows from which on groups are judged.
    """

    name: str
    n: int
    share: float
    metrics: tuple[GroupMetric, ...]
    why: str = ""
    left_out: bool = False

    def metric(self, name: str) -> GroupMetric | None:
        """One of its metrics."""
        return next((one for one in self.metrics if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Measure:
    """How far groups are apart, and what that means.

    Attributes:
        name: `demographic_parity_ratio`, `equalized_odds_difference` …
        value: As fairlearn defines it, over the groups that can be judged; None where it is undefined.
        low: Lower end of its 95 % interval, `high` the upper one. It holds for all pairs of groups at once.
        n: Rows that it rests on.
        at_least: The threshold where more is better (a ratio), else None.
        at_most: The threshold where less is better (a difference), else None.
        verdict: `pass` when the whole interval is on the good side, `fail` when it is wholly on the bad one, else
            `insufficient`; also where a group can't be judged and the others don't fail.
        says: Why.
        between: The two groups that are furthest apart, the one with less first.
        unjudged: Groups that could not be judged by it.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    at_least: float | None
    at_most: float | None
    verdict: Verdict
    says: str
    between: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouped:
    """One column's groups, the biggest first, and the measures over them.

    Attributes:
        column: By which they were made.
        rows: Rows used, of the `of` evaluated ones: fewer where only a sample has the column.
        groups: At most 50.
        measures: What is judged.
        more: Groups beyond, which were not looked at.
    """

    column: str
    rows: int
    of: int
    groups: tuple[Group, ...]
    measures: tuple[Measure, ...]
    more: int = 0

    @property
    def verdict(self) -> Verdict:
        """The worst of its measures'."""
        from mlops_nb.registry.gates.running import together

        return together([one.verdict for one in self.measures])

    def measure(self, name: str) -> Measure | None:
        """One measure."""
        return next((one for one in self.measures if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Judging:
    """What groups are held against.

    Attributes:
        ratio: Least ratio of two groups; 0.8 is the four-fifths rule (EEOC Uniform Guidelines 1978): a convention.
        within: Largest difference of two groups: of rates as it is, of a regression's errors as a share of the mean
            absolute error of all rows.
        least: Rows below which a group can't be judged.
        share: Of all rows, below which a group is named and not judged; 0: every group is.
    """

    ratio: float = 0.8
    within: float = 0.05
    least: int = 30
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Parity:
    """What was found, as it is kept: plain JSON, format 1.

    Attributes:
        evaluation: The digest of the evaluation whose predictions were looked at.
        task: 'binary', 'multiclass' or 'regression'.
        positive: The class that counts as selected; of the two the second one, as in scikit-learn.
        judging: What groups were held against.
        seed: Of the intervals.
        columns: What was found by each column.
    """

    evaluation: str
    task: str
    positive: str
    judging: Judging
    seed: int
    columns: tuple[Grouped, ...]
    format: int = FORMAT


@dataclass(frozen=True, slots=True, repr=False)
class Fairness(Result):
    """How a version treats groups, by one of its evaluations. Times are microseconds UTC.

    Attributes:
        id: Its ULID.
        model: The model's name.
        version: The version's number.
        dataset: The fingerprint of the evaluated data.
        evaluation: The ULID of the evaluation.
        findings: What was found.
        digest: BLAKE3 of the findings and the dataset: what gates and audit rows name.
        verified: How the actor's name was checked; empty when it is the system's word.
        existed: Whether the same was on record already.
    """

    id: str
    model: str
    version: int
    dataset: str
    evaluation: str
    findings: Parity
    digest: str
    actor: str
    verified: str
    created_us: int
    existed: bool = field(default=False, compare=False)

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def columns(self) -> tuple[Grouped, ...]:
        """What was found by each column."""
        return self.findings.columns

    @property
    def verdict(self) -> Verdict:
        """The worst of the columns'."""
        from mlops_nb.registry.gates.running import together

        return together([one.verdict for one in self.columns])

    def by(self, column: str) -> Grouped | None:
        """What was found by one column; None when it was not looked at."""
        return next((one for one in self.columns if one.column == column), None)
