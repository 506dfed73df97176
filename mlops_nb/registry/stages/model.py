"""What the room of stages returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.results import Result

if TYPE_CHECKING:
    from mlops_nb.registry.gates.model import GateCheck


@dataclass(frozen=True, slots=True, repr=False)
class Transition(Result):
    """One move of a version from stage to stage, or of an alias from version to version. Times are microseconds UTC.

    Attributes:
        model: The model's name.
        version: The number of the version that moved, or that the alias points to now.
        alias: The alias that moved; empty for a stage.
        before: The stage it left; for an alias the number it left, or empty.
        after: The stage it entered; for an alias the number it has now, or empty when it was taken away.
        how: `gated`, `ungated` (no policy judged it), `overridden`, `rollback`, `replaced` (archived because another
            came in), `free` (nothing guards this move).
        reason: Why, in the words of who did it; '(erased)' when they were erased.
        verified: How the actor's name was checked; empty when it is the system's word.
        checked: The gate check that let it in.
        replaced: The version that left production because of it; 0: none.
        check: What the gates said, when this is the answer to `stage`.
    """

    model: str
    version: int
    alias: str
    before: str
    after: str
    how: str
    reason: str
    actor: str
    verified: str
    at_us: int
    checked: str | None = None
    replaced: int = 0
    check: GateCheck | None = None

    @property
    def ref(self) -> str:
        """The version that moved: `flights-delay/3`."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True, slots=True, repr=False)
class Standing(Result):
    """Where one version stood at a moment: its stage since when, how it came there, and the aliases it had.

    `mark` is `ungated` or `overridden` where that must be said, as in `Version`.
    """

    model: str
    version: int
    stage: str
    since_us: int | None
    how: str
    actor: str
    verified: str
    reason: str
    aliases: tuple[str, ...] = ()
    mark: str = ""

    @property
    def ref(self) -> str:
        """`flights-delay/3`."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True, slots=True, repr=False)
class Stages(Result):
    """Where the versions of a model stood at a moment, and every move until then, newest first.

    Attributes:
        model: The model's name.
        at_us: The moment, microseconds UTC; None: now.
        standings: One a version, newest first.
        history: The moves, newest first.
    """

    model: str
    at_us: int | None
    standings: tuple[Standing, ...]
    history: tuple[Transition, ...]

    @property
    def production(self) -> Standing | None:
        """The champion at that moment."""
        return next((one for one in self.standings if one.stage == "production"), None)

    @property
    def df(self) -> Any:
        """The moves as a pandas DataFrame."""
        import pandas as pd

        from mlops_nb.show import plain

        rows: list[Any] = [plain(one) for one in self.history]
        return pd.DataFrame(rows)
