"""One version behind the name of its deployment: bytes of a request to bytes of an answer, the model in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import InvalidInput
from mlops_nb.serving import protocol

if TYPE_CHECKING:
    from mlops_nb.registry.predictor import Predictor
    from mlops_nb.serving.batching import Found

BODY_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the model takes it.

    Attributes:
        cast: What the predictor's `cast` made of it, `rows` of it.
        rows: See `cast`.
        outputs: The outputs to give.
        answer: Writes the body of the answer from the outputs by name.
    """

    cast: Any
    rows: int
    outputs: tuple[str, ...]
    answer: Callable[[Found], bytes]


class Service:
    """One version under the name of its deployment.

    Args:
        name: The deployment's name: the model's name in the protocol.
        version: The version's number.
        predictor: Answers.
        limit: The longest body, bytes.
        platform: What kind of file the model is, as the protocol names it: library and format.
    """

    def __init__(
        self, name: str, version: int, predictor: Predictor, limit: int = BODY_LIMIT, platform: str = "sklearn_skops"
    ) -> None:
        self.name, self.version, self.predictor, self.limit = name, str(version), predictor, limit
        self.platform = platform
        self._all = tuple(predictor.wanted(()))
        self._said = {"model_name": self.name, "model_version": self.version}

    def metadata(self) -> dict[str, Any]:
        """The model's metadata: what it takes and gives."""
        public = ("name", "datatype", "shape")
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": self.platform,
            "inputs": [{key: one[key] for key in public} for one in self.predictor.inputs],
            "outputs": [_public_output(one) for one in self.predictor.outputs],
        }

    def infer(self, body: bytes) -> Question:
        """The question in the body of `infer`.

        Raises:
            InvalidInput: The body is not what this version takes.
        """
        request = protocol.infer_request(body)
        outputs = tuple(self.predictor.wanted([one.name for one in request.outputs])) if request.outputs else self._all
        cast = self.predictor.cast(protocol.inputs_of(request, self.predictor.named))
        said = self._said if request.id is None else {**self._said, "id": request.id}

        def answer(found: Found) -> bytes:
            return protocol.encode({**said, "outputs": [protocol.output(name, array) for name, array in found.items()]})

        return Question(cast, len(cast), outputs, answer)

    def rows(self, body: bytes) -> Question:
        """The question in the body of `/predict`; its answer has each output as one value a row.

        Raises:
            InvalidInput: The body is not what this version takes.
        """
        rows = protocol.rows_request(body).rows
        if not rows:
            raise InvalidInput("there are no rows", expected="at least one")
        cast = self.predictor.cast(protocol.columns_of(rows) if self.predictor.named else rows)

        def answer(found: Found) -> bytes:
            return protocol.encode({**self._said, **{name: array.tolist() for name, array in found.items()}})

        return Question(cast, len(rows), self._all, answer)

    def invocation(self, body: bytes) -> Question:
        """The question in the body of `/invocations`; its answer has the first output, as `predictions`.

        Raises:
            InvalidInput: The body is not what this version takes.
        """
        cast = self.predictor.cast(protocol.invocation(body))
        first = self._all[0]

        def answer(found: Found) -> bytes:
            return protocol.encode({"predictions": found[first].tolist()})

        return Question(cast, len(cast), (first,), answer)


def _public_output(one: dict[str, Any]) -> dict[str, Any]:
    public = {key: one[key] for key in ("name", "datatype", "shape")}
    return {**public, "parameters": {"classes": one["classes"]}} if "classes" in one else public
