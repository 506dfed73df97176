"""What the room of gates returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlops_nb.results import Result

Verdict = Literal["pass", "fail", "insufficient"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a policy: `metric roc_auc >= 0.75` is name `metric`, words `roc_auc`, options `at_least=0.75`."""

    name: str
    words: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a gate says. `pass` opens; `fail` and `insufficient` (it can't be said) keep closed.

    Attributes:
        verdict: One of the three.
        says: Why, as part of a sentence.
        value: What was found, and `threshold` what it was held against.
        low: Lower end of the value's 95 % interval, `high` its upper end.
        n: Rows, or people, that it rests on.
        dataset: The fingerprint of the data.
        evidence: What was read: an evaluation's ULID.
        digest: Its digest.
        fix: The way out.
    """

    verdict: Verdict
    says: str
    value: float | None = None
    threshold: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    dataset: str = ""
    evidence: str = ""
    digest: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class GateResult(Result):
    """One gate's answer, as `Judged`, with the gate as the policy has it and the microseconds it took."""

    gate: str
    verdict: Verdict
    says: str
    value: float | None
    threshold: float | None
    n: int | None
    low: float | None
    high: float | None
    dataset: str
    evidence: str
    digest: str
    took_us: int
    fix: str = field(default="", compare=False)

    @property
    def may_be_overridden(self) -> bool:
        """Whether a person may let a version in against it: not where there is nothing that could be let in."""
        return self.gate.partition(" ")[0] != "load"


@dataclass(frozen=True, slots=True, repr=False)
class GateCheck(Result):
    """All gates before a stage, asked once for one version. Times are microseconds UTC.

    Attributes:
        id: Its ULID.
        model: The model's name.
        version: The version's number.
        stage: The stage they stand before.
        policy: The revision of the policy; None: there is none, and only what every version must pass was asked.
        champion: The number that was in production; None: nobody.
        verdict: `fail` when one fails, else `insufficient` when one can't say, else `pass`.
        results: One a gate, in the policy's order.
        digest: BLAKE3 of the results.
    """

    id: str
    model: str
    version: int
    stage: str
    policy: int | None
    champion: int | None
    verdict: Verdict
    results: tuple[GateResult, ...]
    digest: str
    actor: str
    verified: str
    at_us: int

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def closed(self) -> tuple[GateResult, ...]:
        """The gates that do not pass, those that fail first."""
        return tuple(
            sorted((one for one in self.results if one.verdict != "pass"), key=lambda one: one.verdict != "fail")
        )

    @property
    def exit_code(self) -> int:
        """4 unless all pass."""
        return 0 if self.verdict == "pass" else 4

    def summary(self, some: Sequence[GateResult] | None = None) -> str:
        """Why it is closed, in one line: at most three gates."""
        told = list(some or self.closed)
        shown = "; ".join(f"{one.gate}: {one.says}" for one in told[:3])
        more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
        counts = f"{len(self.closed)} of {len(self.results)} gates"
        return f"{counts} {'does' if len(self.closed) == 1 else 'do'} not pass ({shown}{more})"

    def fix(self) -> str:
        """The first way out that a closed gate knows."""
        return next((one.fix for one in self.closed if one.fix), f"%gates run {self.ref} {self.stage}")


@dataclass(frozen=True, slots=True, repr=False)
class Policy(Result):
    """The gates before a stage of a model, as a revision. Times are microseconds UTC."""

    model: str
    stage: str
    revision: int
    gates: tuple[str, ...]
    digest: str
    actor: str
    verified: str
    created_us: int
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class Approval(Result):
    """Somebody's recorded yes or no to a version entering a stage. Times are microseconds UTC."""

    model: str
    version: int
    stage: str
    verdict: Literal["approve", "reject"]
    reason: str
    actor: str
    verified: str
    at_us: int
    evaluation: str | None = None

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True, slots=True, repr=False)
class Waiting(Result):
    """A decision that waits for a person: the version, the stage it wants to enter, and what the other gates say.

    Attributes:
        model: The model's name.
        version: The version's number.
        stage: Where to.
        says: What the approval gate said when it was asked last.
        others: What the other gates said together.
        author: Who registered the version.
        asked_by: Who asked for the stage, and `asked_us` when.
        mine: Whether whoever asks now may decide it; `why` says why not.
    """

    model: str
    version: int
    stage: str
    says: str
    others: Verdict
    author: str
    asked_by: str
    asked_us: int
    mine: bool
    why: str = ""

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"
