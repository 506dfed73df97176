"""What may go wrong with a version, what its errors cost, and who accepts that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, Refused
from mlops_nb.pages.address import Address
from mlops_nb.pages.markup import word
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.risk import content, listing
from mlops_nb.pages.risk.writing import Draft
from mlops_nb.registry.gates.approving import author_of
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.risks.listing import counts
from mlops_nb.registry.risks.model import Change, Risk
from mlops_nb.registry.risks.reading import changes
from mlops_nb.registry.risks.saving import ChangedMeanwhile
from mlops_nb.results import Results
from mlops_nb.store.store import current

ROWS, CHANGES = 20, 10


@dataclass(frozen=True, slots=True)
class RiskAddress(Address):
    """Which version; without one, all that have risks.

    Attributes:
        version: Any reference to it.
        edit: The hazard that is being changed, by its words.
        after: Where the page of the list begins.
    """

    slug: ClassVar[str] = "risk"
    version: str = ""
    edit: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of risks; how many there are, how many of them are open, and how many of these are in production."""

    page: Results[Risk]
    versions: int
    open: int
    champions: int


@dataclass(frozen=True, slots=True)
class RiskFound:
    """One risk.

    Attributes:
        risk: As it stands.
        author: Names of who registered the version.
        changes: What its newest revisions changed.
    """

    risk: Risk
    author: frozenset[str]
    changes: tuple[Change, ...]


class RiskView(PageView):
    """The page of risks."""

    place = RiskAddress
    address: RiskAddress
    # How often this reader saved: forms that were saved go, and new ones come.
    saves, moved, of = 0, False, ""
    draft: Draft | None = None
    last: tuple[str, RiskFound] | None = None

    def read(self, address: RiskAddress) -> Listed | RiskFound:
        """All versions that have risks, or one with its history."""
        store = current()
        if not address.version:
            return Listed(ml.risks(limit=ROWS, after=address.after), *counts(store))
        found = ml.risk(address.version)
        version = resolve_version(store, found.ref)
        self._begin(found.ref)
        self._take(found)
        known = RiskFound(found, author_of(store, version).names, changes(store, version, CHANGES))
        self.last = address.version, known
        return known

    def html(self, found: Listed | RiskFound | None) -> Html:
        """The list, or the risk of one version."""
        if found is None and self.may_write and self.last and self.last[0] == self.address.version:
            found = self.last[1]  # a store that is locked for a moment must not take away what somebody is typing
        if found is None:
            return {"body": content.missing()}
        if isinstance(found, Listed):
            return {"body": listing.body(self.address, found, self.cell())}
        can_sign_in = self.visit.person is None and self.visit.can_sign_in
        who = self.visit.person.name if self.may_write and self.visit.person else ""
        key = str(self.saves) if who else ""
        body = content.body(
            self.address, found, self.cell(), key=key, who=who, draft=self.draft, can_sign_in=can_sign_in
        )
        return {"body": body}

    def cell(self) -> str:
        """`%risk NAME/V`, `%risks`."""
        return f"%risk {word(self.address.version)}" if self.address.version else "%risks"

    def title(self) -> str:
        """Whose risk it is."""
        return f"Risk of {self.found.risk.ref}" if isinstance(self.found, RiskFound) else "Risk"

    def table(self) -> Any:
        """The hazards, or all versions that have some."""
        import pandas as pd

        if isinstance(self.found, RiskFound):
            names = ("text", "likelihood", "severity", "level", "mitigation", "residual", "carried")
            rows = [{name: getattr(one, name) for name in names} for one in self.found.risk.hazards]
            return pd.DataFrame(rows, columns=list(names))
        if self.found is None:
            raise InvalidInput("there is no risk to save")
        return pd.DataFrame([listing.row(one) for one in _all()])

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Name a hazard, change or remove one, accept them as they stand."""
        return {"name-hazard": self._name, "change-hazard": self._change, "accept-risk": self._accept}

    async def loaded(self) -> None:
        """After a hazard was changed, the page is that of the risk again, and so is the browser's address."""
        if self.moved:
            self.moved = False
            self.write_address()

    def _begin(self, ref: str) -> None:
        """Forms of another version are other forms."""
        self.saves, self.of = self.saves + (ref != self.of), ref

    def _take(self, found: Risk) -> None:
        """The hazard that this reader is changing, as it was when they began."""
        wanted = self.address.edit if self.may_write else ""
        if not wanted:
            self.draft = None
        elif self.draft is None or (self.draft.ref, self.draft.hazard.text) != (found.ref, wanted):
            hazard = next((one for one in found.hazards if one.text == wanted), None)
            self.draft = Draft(found.ref, hazard, f"change-{self.saves}") if hazard is not None else None

    def _ref(self) -> str:
        """The version that the page shows."""
        if self.last is None or self.last[0] != self.address.version:
            raise InvalidInput("no version is shown here", expected="the page of one")
        return self.last[1].risk.ref

    def _name(self, fields: Mapping[str, str]) -> str:
        text, ref = fields.get("hazard", ""), self._ref()
        if not text.strip():
            raise InvalidInput("the hazard is empty", expected="what may go wrong")
        if any(one.text == " ".join(text.split()) for one in ml.risk(ref).hazards):
            raise InvalidInput("this hazard is named already", fix="change it in the table")
        ml.risk(ref, hazard=text, **_levels(fields))
        self.saves += 1
        return "the hazard was named"

    def _change(self, fields: Mapping[str, str]) -> str:
        text, ref = fields.get("hazard", ""), self._ref()
        seen = fields.get("over") or fields.get("seen", "")
        try:
            if fields.get("remove"):
                ml.risk(ref, remove=text, seen=seen)
            else:
                ml.risk(ref, hazard=text, seen=seen, **(_levels(fields) | {"residual": fields.get("residual", "")}))
        except ChangedMeanwhile as error:
            if self.draft is not None:
                self.draft = replace(self.draft, refused=True)
            raise Refused(
                error.what, fix="look at what it says now, below, and save yours over it or leave it"
            ) from None
        self.saves, self.moved = self.saves + 1, True
        self.address = replace(self.address, edit="")
        return "the hazard was removed" if fields.get("remove") else "the hazard was changed"

    def _accept(self, fields: Mapping[str, str]) -> str:
        ml.risk(self._ref(), accept=True, reason=fields.get("reason", ""), seen=fields.get("seen", ""))
        self.saves += 1
        return "the risk is accepted"


def _levels(fields: Mapping[str, str]) -> dict[str, Any]:
    """What was said of a hazard; a level that nobody chose is not said."""
    said = {name: fields.get(name, "") for name in ("likelihood", "severity", "residual")}
    return {name: value for name, value in said.items() if value} | {"mitigation": fields.get("mitigation", "")}


def _all() -> list[Risk]:
    found: list[Risk] = []
    after = ""
    while True:
        page = ml.risks(limit=100, after=after)
        found, after = found + list(page), page.next_page
        if not after:
            return found
