"""One model: where its versions stand, or stood at a moment, who moved them, and on what evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.pages import markup
from mlops_nb.pages.address import Address
from mlops_nb.pages.model_page import content
from mlops_nb.pages.page import Html, PageView
from mlops_nb.registry.framing.model import Canvas
from mlops_nb.registry.gates.model import Policy
from mlops_nb.registry.model import Version
from mlops_nb.registry.paging import (
    NOW,
    Moved,
    aliases_at,
    champion_at,
    models_page,
    moves_page,
    standings_page,
)
from mlops_nb.registry.resolving import model_row, resolve_version
from mlops_nb.registry.stages.model import Standing
from mlops_nb.registry.stages.rolling import champions
from mlops_nb.registry.standing import Standing as Ready
from mlops_nb.registry.standing import standing
from mlops_nb.store import moments
from mlops_nb.store.store import Store, current

ROWS = 25


@dataclass(frozen=True, slots=True)
class ModelAddress(Address):
    """Which model, and when.

    Attributes:
        model: Its name; empty: the one with the newest version.
        at: A moment, ISO 8601; in the reader's zone unless it names one; empty: now.
        before: Only versions of a smaller number; 0: all.
        moves: Only moves of a smaller id; 0: all.
    """

    slug: ClassVar[str] = "model"
    model: str = ""
    at: str = ""
    before: int = 0
    moves: int = 0


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """Where a version stood, and what is known of it now; None: it is in the trash."""

    stood: Standing
    ready: Ready | None


@dataclass(frozen=True, slots=True)
class ModelFound:
    """What the page shows.

    Attributes:
        name: The model.
        at_us: The moment; None: now.
        champion: The version in production then.
        entered: The move by which it entered; None: nobody is in production.
        versions: One page of them, the newest first; `more`: the last number when there are more.
        moves: One page of them, the newest first; `earlier`: the last id when there are more.
        aliases: Which version each pointed to then.
        policies: The gates before each stage, now.
        canvas: The model's canvas, now.
        back: The version that a rollback would put back; 0: none.
    """

    name: str
    at_us: int | None
    champion: Standing | None
    entered: Moved | None
    versions: tuple[VersionFacts, ...]
    more: int
    moves: tuple[Moved, ...]
    earlier: int
    aliases: Mapping[str, int]
    policies: tuple[Policy, ...]
    canvas: Canvas | None
    back: int


class ModelView(PageView):
    """The page of one model."""

    place = ModelAddress
    address: ModelAddress

    def read(self, address: ModelAddress) -> ModelFound | None:
        """One page of versions and of moves, from the store; None when it has no model.

        Raises:
            NotFound: No such model.
            InvalidInput: Not a moment.
        """
        store = current()
        if not (name := address.model or _newest(store)):
            return None
        row, name = model_row(store, name)
        at = moments.moment(address.at, ZoneInfo(self.visit.zone)) if address.at else NOW
        stood = standings_page(store, name, row, at, before=address.before or NOW, limit=ROWS + 1)
        moved = moves_page(store, row, at, before=address.moves or NOW, limit=ROWS + 1)
        champion = champion_at(store, name, row, at)
        stack = champions(store, row) if at == NOW else []
        return ModelFound(
            name=name,
            at_us=None if at == NOW else at,
            champion=champion,
            entered=_entered(store, row, champion),
            versions=tuple(VersionFacts(one, _ready(store, one.ref)) for one in stood[:ROWS]),
            more=stood[ROWS - 1].version if len(stood) > ROWS else 0,
            moves=moved[:ROWS],
            earlier=moved[ROWS - 1].id if len(moved) > ROWS else 0,
            aliases=aliases_at(store, row, at),
            policies=tuple(ml.gates.list(name)) if at == NOW else (),
            canvas=ml.canvas(name) if at == NOW else None,  # type: ignore[arg-type]
            back=stack[-2] if champion is not None and len(stack) > 1 else 0,
        )

    def html(self, found: ModelFound | None) -> Html:
        """The sentence of the champion, versions, gates, moves, decisions."""
        if found is None:
            return {"body": content.missing(bool(self.refusal))}
        return {"body": content.body(self.address, found, self.cell(), self.visit.zone, may_write=self.may_write)}

    def cell(self) -> str:
        """`%stages NAME`, with `--at` when a moment was asked for."""
        if self.found is None:
            return "%models"
        at = f" --at {_iso(self.found.at_us, self.visit.zone)}" if self.found.at_us is not None else ""
        return f"%stages {markup.word(self.found.name)}{at}"

    def title(self) -> str:
        """The model's name."""
        return f"Model {self.found.name}" if self.found else "Model"

    def table(self) -> Any:
        """All versions, now; at a moment every move until then."""
        if self.found is None:
            raise InvalidInput("there is no model to save")
        if self.found.at_us is not None:
            return ml.stages(self.found.name, at=_iso(self.found.at_us, "UTC")).df
        return ml.versions(self.found.name).df

    @property
    def reads_in_zone(self) -> bool:
        """A moment without a zone is of the reader's."""
        return bool(self.address.at)

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Go back to the champion before."""
        return {"rollback": self._rollback}

    def _rollback(self, fields: Mapping[str, str]) -> str:
        moved = ml.rollback(self.found.name, to=fields.get("to", ""), reason=fields.get("reason", ""))
        return f"{moved.ref} is in production again"

    async def go(self, query: str, *, write: bool = True) -> None:
        """As everywhere; and a moment typed without a zone gets the reader's, so that the address means one moment."""
        with suppress(MlopsError):  # its sentence is said where the address is read, just below
            asked = ModelAddress.read(query)
            if asked.at:
                us = moments.moment(asked.at, ZoneInfo(self.visit.zone))
                query = replace(asked, at=_iso(us, self.visit.zone)).query()
        await super().go(query, write=write)


def _iso(us: int, zone: str) -> str:
    found = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return found.astimezone(ZoneInfo(zone)).isoformat()


def _newest(store: Store) -> str:
    rows, _ = models_page(store, "", "", (), limit=1, offset=0)
    return rows[0].name if rows else ""


def _entered(store: Store, model: int, champion: Standing | None) -> Moved | None:
    """The move that put the champion where it is."""
    if champion is None or champion.since_us is None:
        return None
    found = moves_page(store, model, champion.since_us, number=champion.version, limit=3)
    return next((one for one in found if not one.move.alias), None)


def _ready(store: Store, ref: str) -> Ready | None:
    version = _version(store, ref)
    return None if version is None else standing(store, version)


def _version(store: Store, ref: str) -> Version | None:
    try:
        return resolve_version(store, ref)
    except MlopsError:  # in the trash: the history still knows it
        return None
