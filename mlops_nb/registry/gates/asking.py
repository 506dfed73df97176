"""What a gate is given: the version that wants in, its evidence, and the champion's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store


@dataclass(frozen=True)
class Asked:
    """A version before a stage. What is costly is read when it is asked for, and once.

    Attributes:
        store: The project's store.
        version: The version that wants to enter.
        stage: The stage.
        champion: The version in production, or None.
    """

    store: Store
    version: Version
    stage: str
    champion: Version | None

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """The version's newest evaluation."""
        from mlops_nb.registry.evaluating.reading import latest_evaluation

        return latest_evaluation(self.store, self.version)

    @cached_property
    def champion_evaluation(self) -> Evaluation | None:
        """The champion's newest evaluation on the same data as `evaluation`; None when there is none."""
        from mlops_nb.registry.evaluating.reading import latest_evaluation

        if self.champion is None or self.evaluation is None:
            return None
        return latest_evaluation(self.store, self.champion, self.evaluation.dataset)

    @cached_property
    def predictions(self) -> tuple[Any, dict[str, Any]]:
        """Truth and answer of each row of `evaluation`, and the rows' groups."""
        from mlops_nb.registry.evaluating.reading import read_predictions

        assert self.evaluation is not None  # noqa: S101 (asked for by gates that have looked)
        return read_predictions(self.store, self.evaluation)

    def model(self) -> Any:
        """The model itself, opened anew: what a gate does to it touches nobody else's."""
        from mlops_nb.registry.opening import open_version

        return open_version(self.store, self.version)
