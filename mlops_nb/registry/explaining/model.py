"""What the room of explanations returns, and the shape in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_nb.results import Result

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse the metric gets when values are dealt out anew among the rows (permutation importance).

    Attributes:
        features: The inputs whose values were dealt out: one, or several together, each row's kept together.
        drop: By how much, the mean of all repeats, in the metric's own units; above 0 the model is worse without.
        low: Lower end of the 95 % interval of that mean over repeats; `high` the upper one. Other rows would vary more.
    """

    features: tuple[str, ...]
    drop: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Correlated:
    """Inputs that go together: the model can take from one what it loses with another, so that each looks unimportant.

    Attributes:
        strength: Of the strongest pair among them, 0 to 1.
        measure: Of what: `Spearman` (of numbers, without its sign) or `Cramér's V`.
        together: Their importance when all of them are dealt out at once.
    """

    strength: float
    measure: str
    together: Importance


@dataclass(frozen=True, slots=True)
class ShapMean:
    """The mean size of one input's SHAP values."""

    feature: str
    value: float


@dataclass(frozen=True, slots=True)
class ShapValues:
    """Mean |SHAP| of each input, the largest first; none, and why, where it can't be said exactly.

    Attributes:
        means: One an input.
        rows: Rows they are of.
        unit: Of the values: 'probability', 'log-odds' or 'target'.
        why: Why there are none, and the way out.
    """

    means: tuple[ShapMean, ...] = ()
    rows: int = 0
    unit: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """What was found, as it is kept: plain JSON, format 1.

    Attributes:
        evaluation: The digest of the evaluation on whose rows it rests.
        metric: What was measured, and `higher_is_better` which way it goes.
        score: Its value on these rows as they are.
        rows: Rows used, of the `of` that were evaluated.
        repeats: How often each input was dealt out.
        seed: Of that.
        importances: One an input, the largest drop first.
        correlated: Groups of inputs that go together.
        uncompared: Inputs of which that could not be said: too many different texts.
        shap: Beside it, where the model allows.
    """

    evaluation: str
    metric: str
    higher_is_better: bool
    score: float
    rows: int
    of: int
    repeats: int
    seed: int
    importances: tuple[Importance, ...]
    correlated: tuple[Correlated, ...] = ()
    uncompared: tuple[str, ...] = ()
    shap: ShapValues = ShapValues()
    format: int = FORMAT


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Result):
    """Which inputs a version rests on, by one of its evaluations. Times are microseconds UTC.

    Attributes:
        id: Its ULID.
        model: The model's name.
        version: The version's number.
        dataset: The fingerprint of the evaluated data.
        evaluation: The ULID of the evaluation.
        findings: What was found.
        digest: BLAKE3 of the findings and the dataset: what audit rows name.
        verified: How the actor's name was checked; empty when it is the system's word.
        existed: Whether the same explanation was on record already.
    """

    id: str
    model: str
    version: int
    dataset: str
    evaluation: str
    findings: Explained
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
    def importances(self) -> tuple[Importance, ...]:
        """One an input, the largest drop first."""
        return self.findings.importances

    @property
    def shap(self) -> ShapValues:
        """Mean |SHAP| of each input, or why there is none."""
        return self.findings.shap
