"""What the room of models returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_nb.adapters.model_files import is_pickle
from mlops_nb.results import Result


def mark_of(stage: str, how: str) -> str:
    """What must show wherever a version shows that was let into a stage in this way; empty for nothing."""
    return how if stage in ("staging", "production") and how in ("ungated", "overridden") else ""


@dataclass(frozen=True, slots=True, repr=False)
class Version(Result):
    """One immutable trained model, `name/3`. Times are microseconds UTC.

    Attributes:
        model: The model's name.
        version: Its number, 1, 2, 3 …
        run: The ULID of the run that trained it, or None.
        artifact: The digest of its file, of `bytes` bytes and format `format`.
        estimator: The class, and the steps of a pipeline.
        signature: Inputs and outputs in the words of the Open Inference Protocol (`adapters/signatures.py`).
        example: The digest of the input example, or None.
        trusted: Types that the registrant vouched for.
        framework: Library versions it was saved with.
        datasets: Fingerprints of the data that its run trained on.
        existed: Whether `register` found the same model of the same run already registered.
        verified: How the registrant's name was checked; empty when it is the system's word.
        stage: `none`, `staging`, `production` or `archived`, since `since_us`.
        how: How it came into its stage: `gated`, `ungated`, `overridden`, `rollback`, `replaced`, `free`.
        aliases: Movable names that point to it now.
        mark: What must show wherever the version shows: `ungated` (no policy judged it) or `overridden`; else empty.
            A rollback does not wash it off.
    """

    model: str
    version: int
    run: str | None
    artifact: str
    bytes: int
    format: str
    estimator: str
    signature: Mapping[str, Any]
    example: str | None
    trusted: tuple[str, ...]
    framework: Mapping[str, str]
    note: str
    actor: str
    created_us: int
    datasets: tuple[str, ...] = ()
    existed: bool = False
    verified: str = ""
    stage: str = "none"
    how: str = ""
    since_us: int | None = None
    aliases: tuple[str, ...] = ()
    mark: str = ""
    model_id: int = field(default=0, compare=False)

    @property
    def ref(self) -> str:
        """How to name it: `flights-delay/3`."""
        return f"{self.model}/{self.version}"

    @property
    def node(self) -> str:
        """Its name among edges and holds, which a rename leaves alone: `version:7/3`."""
        return f"version:{self.model_id}/{self.version}"

    @property
    def pickled(self) -> bool:
        """Whether loading it runs code that is in its file."""
        return is_pickle(self.format)

    @property
    def created(self) -> datetime:
        """When it was registered, UTC."""
        return datetime.fromtimestamp(self.created_us / 1e6, UTC)


@dataclass(frozen=True, slots=True, repr=False)
class Model(Result):
    """A named line of versions: how many there are, the newest, and the one in production (0: none)."""

    name: str
    versions: int
    latest: int
    estimator: str
    run: str | None
    bytes: int
    created_us: int
    latest_us: int
    production: int = 0
    production_us: int | None = None
    mark: str = ""
