"""What the room of deployments returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from mlops_nb.results import Result


@dataclass(frozen=True, slots=True, repr=False)
class Deployment(Result):
    """A named service that serves one version. The rows are as of the call; `status` is judged when it is asked for.

    Attributes:
        name: The deployment's name, which is the model's name in the protocol.
        model: The model's name.
        number: The version's number.
        host: The address it listens on.
        port: The port it listens on.
        pid: Its keeper's process, or None.
        started_us: When that began, microseconds UTC.
        wanted: Whether it should be serving.
        created_us: When the name was first deployed, microseconds UTC.
        stage: Where its version stands: `none`, `staging`, `production` or `archived`.
        mark: `ungated` or `overridden`, when its version came into that stage so.
    """

    name: str
    model: str
    number: int
    host: str
    port: int
    pid: int | None
    started_us: int | None
    wanted: bool
    created_us: int
    folder: Path = field(compare=False)
    stage: str = "none"
    mark: str = ""

    SHOWN: ClassVar = ("version", "url", "status", "restarts")

    @property
    def version(self) -> str:
        """What it serves: `flights-delay/3`."""
        return f"{self.model}/{self.number}"

    @property
    def url(self) -> str:
        """Where it answers: `http://127.0.0.1:40123/v2/models/NAME`."""
        from urllib.parse import quote

        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v2/models/{quote(self.name)}"

    @property
    def status(self) -> str:
        """`starting`, `ready`, `down` or `stopped`: from the process and from what it answers, now."""
        from mlops_nb.serving.judging import status

        return status(self)

    @property
    def restarts(self) -> int:
        """How often its worker was started again after a crash, since it was deployed."""
        from mlops_nb.serving.judging import restarts

        return restarts(self)

    @property
    def created(self) -> datetime:
        """When the name was first deployed, UTC."""
        return datetime.fromtimestamp(self.created_us / 1e6, UTC)

    def predict(self, data: Any) -> Prediction:
        """What the service answers for `data` (see the verb `predict`)."""
        from mlops_nb.serving.asking import ask

        return ask(self, data)

    def stop(self) -> Deployment:
        """End the service; the same as the verb `undeploy`."""
        from mlops_nb.serving.deploying import take_down
        from mlops_nb.store.store import open_store

        return take_down(open_store(self.folder), self.name)


@dataclass(frozen=True, slots=True, repr=False)
class Prediction(Result):
    """What a deployment answered: one value a row in `values`, and every output by name.

    Attributes:
        deployment: Who answered.
        version: Which version did: `flights-delay/3`.
        values: The output `predict`, a value (or list) a row.
        outputs: All outputs, `predict` and for a classifier `probability` among them.
        classes: The labels of the columns of `probability`, or none.
        seconds: How long the answer took, with the way there and back.
    """

    deployment: str
    version: str
    values: tuple[Any, ...]
    outputs: Mapping[str, tuple[Any, ...]]
    classes: tuple[Any, ...]
    seconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Log(Result):
    """The last lines that a deployment's processes wrote."""

    name: str
    lines: tuple[str, ...]
