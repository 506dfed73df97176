"""Registry: which model is in production since when, what waits for whom, and what is next."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.pages.address import Address
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.registry import content
from mlops_nb.registry.gates.model import Waiting
from mlops_nb.registry.paging import SHOWS, ModelRow, models_page
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.standing import Standing, standing
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store, current

if TYPE_CHECKING:
    from mlops_nb.pages.visit import Visit

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class RegistryAddress(Address):
    """Which models.

    Attributes:
        find: What stands in the name.
        show: 'production', 'marked' (ungated or overridden), 'waiting'; empty: all.
        after: How many are on the pages before.
        limit: Rows a page.
    """

    slug: ClassVar[str] = "registry"
    find: str = ""
    show: str = ""
    after: int = 0
    limit: int = 25


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model, its champion, its newest version, and the one whose next step is told; None: there is none."""

    row: ModelRow
    champion: Standing | None
    newest: Standing | None
    candidate: Standing | None


@dataclass(frozen=True, slots=True)
class RegistryFound:
    """What the page shows.

    Attributes:
        models: One page of them; `matching` are there in all.
        total: Models in the store, `produced` of them in production, `marked` with something let in past the gates.
        waiting: Decisions that wait for a person, those of the reader first.
    """

    models: tuple[ModelFacts, ...]
    matching: int
    total: int
    produced: int
    marked: int
    waiting: tuple[Waiting, ...]


def reading_as(visit: Visit) -> AbstractContextManager[None]:
    """Inside the block, whoever is signed in is who asks; nobody is whose process the server is."""
    if visit.person is None:
        return acting("guest:", "")
    return acting(f"person:{visit.person.name}", visit.how)


class RegistryView(PageView):
    """The page of all models."""

    place = RegistryAddress
    address: RegistryAddress

    def read(self, address: RegistryAddress) -> RegistryFound:
        """One page of models from the store, and what waits.

        Raises:
            InvalidInput: The address narrows by what there is not.
        """
        if address.show not in SHOWS:
            raise InvalidInput(f"show in the address is {address.show[:40]!r}", expected=", ".join(SHOWS[1:]))
        if not 1 <= address.limit <= MOST_ROWS or not 0 <= address.after < 10**9:
            raise InvalidInput("the page in the address can't be", expected=f"1 to {MOST_ROWS} rows, from 0 on")
        store = current()
        with reading_as(self.visit):
            waiting = sorted(ml.review(all=True) if store.exists else (), key=lambda one: not one.mine)
        names = list(dict.fromkeys(one.model for one in waiting))[:500]
        rows, matching = models_page(
            store, address.find, address.show, names, limit=address.limit, offset=address.after
        )
        found = tuple(_facts(store, row) for row in rows)
        total, produced, marked = (_count(store, show) for show in ("", "production", "marked"))
        return RegistryFound(found, matching, total, produced, marked, tuple(waiting))

    def html(self, found: RegistryFound | None) -> Html:
        """What waits, the filter, the table."""
        return {"body": content.body(self.address, found, self.cell(), self.visit.person)}

    def cell(self) -> str:
        """`%models`."""
        return "%models"

    def table(self) -> Any:
        """All models."""
        return ml.models().df


def _count(store: Store, show: str) -> int:
    return models_page(store, "", show, (), limit=0, offset=0)[1]


def _facts(store: Store, row: ModelRow) -> ModelFacts:
    def of(number: int | None) -> Standing | None:
        return standing(store, resolve_version(store, f"{row.name}/{number}")) if number else None

    champion = of(row.production)
    newest = champion if row.latest == row.production else of(row.latest)
    candidate = newest
    if row.staging and row.latest != row.staging[0]:
        candidate = of(row.staging[0])
    return ModelFacts(row, champion, newest, candidate)
