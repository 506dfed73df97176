"""What the room of runs returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from mlops_nb.results import Result

if TYPE_CHECKING:
    import pandas as pd

Scalar: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True, repr=False)
class DatasetUse(Result):
    """A dataset version in a run: which, in which role, under which variable, and where in the cell."""

    digest: str
    role: str
    variable: str
    place: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True, repr=False)
class Run(Result):
    """One tracked execution, as lists show it. Times are microseconds UTC; `wall_s`, seconds.

    `defaults` names the params of estimators that were left at their default values. `best` holds the best point of
    each metric that has several and of which it is known what is better; `metrics` the last.
    """

    id: str
    experiment: str
    status: str
    started_us: int
    wall_s: float | None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[DatasetUse, ...] = ()
    note: str = ""
    parent: str | None = None
    actor: str = ""
    trashed: bool = False
    defaults: frozenset[str] = frozenset()
    best: Mapping[str, float] = field(default_factory=dict)

    @property
    def started(self) -> datetime:
        """When the run began, UTC."""
        return datetime.fromtimestamp(self.started_us / 1e6, UTC)


@dataclass(frozen=True, slots=True, repr=False)
class MetricDetail(Result):
    """A metric of one run with its provenance.

    `direction`: 1 greater is better, -1 less is better, 0 not known. `curve`: up to 24 values along the steps.
    """

    name: str
    last: float
    step: int
    least: float | None
    greatest: float | None
    points: int
    role: str | None
    provenance: str | None
    direction: int
    curve: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ParamDetail(Result):
    """A param of one run and where it came from: typed, cell, earlier cell, changed, default or logged."""

    name: str
    value: Scalar
    source: str


@dataclass(frozen=True, slots=True, repr=False)
class ArtifactUse(Result):
    """A named artifact of a run. `bytes` is its size; `detail` what its kind knows of it."""

    name: str
    kind: str
    digest: str
    bytes: int
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class RunCard(Result):
    """One run, whole: what `%show` returns and what opens under a tracked cell.

    `pictures` holds the first figures as base64 PNG, by name. `delta` is the headline metric against the run before.
    """

    run: Run
    ended_us: int | None
    error: str | None
    origin: str
    params: tuple[ParamDetail, ...]
    metrics: tuple[MetricDetail, ...]
    artifacts: tuple[ArtifactUse, ...]
    source: str
    earlier_cells: tuple[str, ...]
    stdout: str
    notebook: str | None
    cell_id: str | None
    commit: str | None
    branch: str | None
    diff: str
    environment: Mapping[str, object]
    modules: Mapping[str, str]
    files: Mapping[str, str]
    cpu_s: float | None
    peak_bytes: int | None
    rows_read: int | None
    capture_s: float | None
    problems: tuple[str, ...]
    pictures: Mapping[str, str] = field(default_factory=dict)
    delta: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class DatasetVersion(Result):
    """Content with a fingerprint, and where it was used. `profile` is its record, if it was taken."""

    digest: str
    rows: int
    columns: int
    names: tuple[str, ...]
    roles: tuple[str, ...]
    variables: tuple[str, ...]
    files: tuple[str, ...]
    partial: tuple[str, ...]
    runs: int
    last_run: str
    profiled: bool


@dataclass(frozen=True, slots=True, repr=False)
class DifferenceRow(Result):
    """One thing that differs between runs, with its value in each (None where a run has no such thing)."""

    kind: str
    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Result):
    """What differs between runs: in sentences, then value by value. What is the same is left out.

    `headline` is the metric that says which run is best, `best` the ULID of that run; both '' when nothing says it.
    """

    runs: tuple[Run, ...]
    sentences: tuple[str, ...]
    differences: tuple[DifferenceRow, ...]
    headline: str = ""
    best: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Experiment(Result):
    """A named group of runs, as a list shows it; runs in the trash count nowhere.

    `last_run` is the newest run and `last_us` when it ended or was last heard of (microseconds UTC). `metric` is the
    headline: a known direction, not on training data, the most used among the newest runs; '' when there is none.
    `best` is its best last value among finished runs, `best_run` the run that has it; `trend` are up to 30 of its
    values, those of the newest finished runs, oldest first. `running` counts only runs whose process is alive.
    """

    name: str
    runs: int
    running: int
    failed: int
    last_us: int
    last_run: str
    metric: str
    best: float | None
    best_run: str
    trend: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Curve(Result):
    """The series of one metric of one run over the steps from `first` to `last`, reduced to what a picture needs.

    Where `total` (the points in that span) is more than was asked for, each entry stands for one bucket of steps:
    `steps` and `values` are its last point, `lows` and `highs` its least and greatest value, so that no spike is lost.
    Else each entry is one point, and `lows` and `highs` are `values`.

    NaN is a gap: an entry of `values` is NaN where the bucket's last point is; `lows` and `highs` look past NaN and are
    NaN only where a bucket has no number. The infinities stay what they are.

    `direction`: 1 greater is better, -1 less is better, 0 not known.
    """

    run: str
    metric: str
    total: int
    first: int
    last: int
    steps: tuple[int, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    direction: int

    @property
    def reduced(self) -> bool:
        """Whether entries are buckets and not points."""
        return self.total > len(self.steps)

    @property
    def df(self) -> pd.DataFrame:
        """The entries as a pandas DataFrame: step, value, low, high."""
        import pandas as pd

        return pd.DataFrame({"step": self.steps, "value": self.values, "low": self.lows, "high": self.highs})


@dataclass(frozen=True, slots=True, repr=False)
class SavedView(Result):
    """A filter, an order and columns for lists of runs, under a name. Columns are `metrics.K`, `params.K`, `started` …

    `created_us` is when it was saved last (microseconds UTC), `actor` who did.
    """

    name: str
    filter: str
    sort: str
    columns: tuple[str, ...]
    actor: str
    created_us: int
