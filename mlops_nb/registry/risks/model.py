"""What the room of risks returns, and the table of levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlops_nb.registry import documents
from mlops_nb.results import Result
from mlops_nb.store import artifacts

Level = Literal["low", "medium", "high"]
LIKELIHOODS = ("rare", "possible", "likely")
SEVERITIES = ("minor", "moderate", "major", "severe")
LEVELS: tuple[Level, ...] = ("low", "medium", "high")
# A level for each likelihood (row) and severity (column).
TABLE: dict[str, tuple[Level, Level, Level, Level]] = {
    "rare": ("low", "low", "medium", "medium"),
    "possible": ("low", "medium", "high", "high"),
    "likely": ("medium", "high", "high", "high"),
}


def level(likelihood: str, severity: str) -> Level:
    """The level of a hazard before anything is done about it.

    Examples:
        >>> level("possible", "moderate")
        'medium'
    """
    return TABLE[likelihood][SEVERITIES.index(severity)]


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something that may go wrong.

    Attributes:
        text: What.
        likelihood: One of `LIKELIHOODS`.
        severity: One of `SEVERITIES`.
        level: By the table, before anything is done about it.
        mitigation: What is done about it.
        residual: The level that remains; without a word of it, the level itself.
        carried: The number of the version that it was carried over from; 0: it was named for this version.
    """

    text: str
    likelihood: str
    severity: str
    level: Level
    mitigation: str
    residual: Level
    carried: int = 0

    @property
    def digest(self) -> str:
        """What it says, wherever it came from, in one word: `risk(…, seen=…)` holds it against what it says now."""
        return digest_of((self,))


def digest_of(hazards: Sequence[Hazard]) -> str:
    """BLAKE3 of each hazard's words and levels, wherever it came from: what an acceptance is bound to."""
    rows = [[one.text, one.likelihood, one.severity, one.mitigation, one.residual] for one in hazards]
    return artifacts.digest(documents.canonical(rows).encode())


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That a person whose name was checked accepts the hazards as they stand."""

    actor: str
    verified: str
    reason: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision of a version's hazards changed. Times are microseconds UTC.

    Attributes:
        added: Hazards that were named, by their words.
        changed: Hazards of which something else was said.
        removed: Hazards that were taken away.
        accepted: Whether it is an acceptance of the hazards as they stood.
    """

    revision: int
    actor: str
    verified: str
    saved_us: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """An expected amount per 1,000 decisions, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What errors are expected to cost per 1,000 decisions, at the shares that the evaluation found.

    Attributes:
        cost: Of errors; None where it can't be said.
        net: Gains of right decisions minus that; None where not both gains are known.
        unit: Of both.
        method: How the intervals were made.
        rows: Rows of the evaluation.
        evaluation: Its ULID.
        why: Why it can't be said; empty where it can.
        rule: What errors would cost by always giving the same answer, the cheaper of two; None where it can't be said.
        answer: That answer.
    """

    cost: Amount | None
    net: Amount | None = None
    unit: str = ""
    method: str = ""
    rows: int = 0
    evaluation: str = field(default="", compare=False)
    why: str = ""
    rule: Amount | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Risk(Result):
    """The hazards of a version, who accepted them, and what errors cost.

    Attributes:
        model: The model's name.
        version: The version's number.
        hazards: In the order in which they were named.
        accepted: By whom; None: by nobody, or the hazards changed since.
        void: Whether they were accepted and changed since.
        expected: What errors cost.
        revision: 0: nothing was saved for this version.
        stage: Where the version stands, with the `mark` that must show wherever it shows.
        digest: BLAKE3 of the document.
    """

    model: str
    version: int
    hazards: tuple[Hazard, ...]
    accepted: Acceptance | None
    void: bool
    expected: Expected
    revision: int
    stage: str = "none"
    mark: str = ""
    digest: str = field(default="", compare=False)

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def open(self) -> bool:
        """Whether the version is still to be used, or in use, and nobody accepts its risk."""
        return self.accepted is None and self.stage != "archived"

    @property
    def seen(self) -> str:
        """The hazards as they stand, in one word: `risk(…, accept=True, seen=…)` accepts these and no others."""
        return digest_of(self.hazards)

    @property
    def residual(self) -> Level | None:
        """The highest level that remains; None where no hazard was named."""
        return max((one.residual for one in self.hazards), key=LEVELS.index, default=None)
