"""What the room of framing returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mlops_nb.registry.framing.blocks import BLOCKS
from mlops_nb.results import Result

if TYPE_CHECKING:
    from mlops_nb.registry.framing.form import CanvasForm

Answer = Literal["yes", "no", "insufficient"]


@dataclass(frozen=True, slots=True)
class Success:
    """What counts as success: a metric, the value it has to reach, and which way is better.

    Attributes:
        signed: Whether 0 is best and both signs are worse: its absolute value is held against the target.
    """

    metric: str
    target: float
    higher_is_better: bool
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Costs:
    """What right and wrong decisions cost and bring, each in `unit`; None: nobody said."""

    false_positive: float | None = None
    false_negative: float | None = None
    true_positive: float | None = None
    true_negative: float | None = None
    per_error: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about the design: what there was to choose from, what was chosen, why, and the runs that show it."""

    title: str
    options: tuple[str, ...]
    choice: str
    reason: str
    runs: tuple[str, ...]
    actor: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Check:
    """One question of feasibility, answered from the store."""

    name: str
    answer: Answer
    says: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision of a canvas changed. Times are microseconds UTC.

    Attributes:
        fields: The fields that changed, each with what it said before and what it says since; '' for nothing.
        decisions: Titles of the decisions that were added.
    """

    revision: int
    actor: str
    verified: str
    saved_us: int
    fields: tuple[tuple[str, str, str], ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Canvas(Result):
    """The framing of a model, as a revision. Times are microseconds UTC.

    Attributes:
        model: The model's name.
        fields: What was filled in, by the names of `framing.blocks`.
        filled: Blocks that say something, of ten.
        revision: 0: nothing was saved yet.
        success: The success metric and its target, when both are known.
        design: Decisions, the newest first.
        feasibility: Data, labels, baseline and owner, as the store has them now.
        note: What is to be said besides.
        digest: BLAKE3 of the document.
    """

    model: str
    fields: Mapping[str, Any]
    filled: int
    revision: int
    actor: str
    verified: str
    saved_us: int | None
    success: Success | None
    design: tuple[Decision, ...]
    feasibility: tuple[Check, ...]
    note: str = ""
    digest: str = field(default="", compare=False)

    @property
    def feasible(self) -> Answer:
        """`no` when one check says no, else `insufficient` when one can't say, else `yes`."""
        answers = {one.answer for one in self.feasibility}
        return "no" if "no" in answers else "insufficient" if "insufficient" in answers or not answers else "yes"

    @property
    def blocks(self) -> dict[str, str]:
        """Each block's text; '' where there is none."""
        return {one.name: str(self.fields.get(one.name, "")) for one in BLOCKS}

    def form(self) -> CanvasForm:
        """A form to fill it in, in a notebook; what is saved goes through `canvas`."""
        from mlops_nb.registry.framing.form import CanvasForm

        return CanvasForm(self)
