"""What the room of cards returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_nb.results import Result

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the machine knows of a version; an empty value: it should be known and is not, and `fix` helps."""

    section: str
    name: str
    value: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that a person must say.

    Attributes:
        name: Of the field.
        title: As a heading.
        asks: What is asked.
        text: What was said; empty: nothing.
        carried: The number of the version whose words these are; 0: they were said of this one.
        origin: 'canvas' where they come from the model's canvas.
        needed: Whether a complete card has it.
    """

    name: str
    title: str
    asks: str
    text: str
    carried: int = 0
    origin: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class ModelCard(Result):
    """The model card of a version: what the machine knows, and what people said, scored apart.

    Attributes:
        model: The model's name.
        version: The version's number.
        stage: Where it stands.
        mark: `ungated` or `overridden`, else empty.
        facts: What the machine knows, section by section.
        words: What people say.
        evaluation: The newest evaluation, or None.
        revision: Of the words; 0: nobody said any of this version.
        actor: Who saved them last.
        verified: How that name was checked.
        saved_us: When, microseconds UTC.
    """

    model: str
    version: int
    stage: str
    mark: str
    facts: tuple[Fact, ...]
    words: tuple[Word, ...]
    evaluation: Evaluation | None
    revision: int
    actor: str
    verified: str
    saved_us: int | None
    digest: str = field(default="", compare=False)

    @property
    def ref(self) -> str:
        """The version: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def machine(self) -> tuple[int, int]:
        """How many facts are known, and of how many."""
        return sum(bool(one.value) for one in self.facts), len(self.facts)

    @property
    def human(self) -> tuple[int, int]:
        """How many of the needed words were said of this version, and of how many. Carried over is not said."""
        needed = [one for one in self.words if one.needed]
        return sum(bool(one.text) and not one.carried for one in needed), len(needed)

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed words that nobody said of this version."""
        return tuple(one.name for one in self.words if one.needed and (not one.text or one.carried))

    def markdown(self) -> str:
        """The card as Markdown with the front matter that Hugging Face reads."""
        from mlops_nb.registry.cards.markdown import markdown

        return markdown(self)

    def document(self) -> str:
        """The card as one HTML file that needs nothing else."""
        from mlops_nb.show.modelcard import document

        return document(self)
