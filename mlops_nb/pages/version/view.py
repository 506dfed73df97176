"""One version: where it stands, on what evidence, what is next, and who may let it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.pages import markup
from mlops_nb.pages.address import Address
from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.threads import in_thread
from mlops_nb.pages.version import acting, content, deciding, evidence
from mlops_nb.registry.gates.approving import Author, approvals_of, author_of, why_not
from mlops_nb.registry.gates.model import Approval, GateCheck, Policy
from mlops_nb.registry.gates.policies import policy_of
from mlops_nb.registry.gates.reading import last_check
from mlops_nb.registry.model import Version
from mlops_nb.registry.paging import Moved, gate_check, moves_page, newest_version
from mlops_nb.registry.resolving import champion_of, resolve_version
from mlops_nb.registry.stages.moving import GUARDED
from mlops_nb.registry.standing import GOAL, Standing, standing
from mlops_nb.serving.model import Deployment
from mlops_nb.store.store import Store, current

_MOVES = 20


@dataclass(frozen=True, slots=True)
class VersionAddress(Address):
    """Which version, and what of it.

    Attributes:
        version: A reference: `NAME/3`, `NAME@production`, `NAME@ALIAS`; empty: the one registered last.
        stage: Before which stage the gates stand that are shown.
        part: Which part is shown; see `evidence.PARTS`.
        check: An earlier run of the gates, by its ULID.
        evaluation: An earlier evaluation, by its ULID.
    """

    slug: ClassVar[str] = "version"
    version: str = ""
    stage: str = GOAL
    part: str = ""
    check: str = ""
    evaluation: str = ""


@dataclass(frozen=True, slots=True)
class VersionFound:
    """What the page shows.

    Attributes:
        ready: The version, how good it is, what is next.
        check: What the gates before the stage of the address said: in the run that the address names, else the last.
        policy: The gates that stand there now; None: none.
        guarded: Whether gates stand before production.
        approvals: The last word of each person about entering it.
        author: Who registered it.
        why_not: Why the reader may not decide; empty when they may.
        champion: The version in production; None: nobody.
        was_champion: Whether it was in production before, and is not now.
        moves: Its moves, the newest first.
        serving: The deployments of the version, each with its status.
        part: What the part of the address shows.
    """

    ready: Standing
    check: GateCheck | None
    policy: Policy | None
    guarded: bool
    approvals: tuple[Approval, ...]
    author: Author
    why_not: str
    champion: Version | None
    was_champion: bool
    moves: tuple[Moved, ...]
    serving: tuple[tuple[Deployment, str], ...]
    part: Any

    @property
    def version(self) -> Version:
        """Which."""
        return self.ready.version


class VersionView(PageView):
    """The page of one version."""

    place = VersionAddress
    sections = ("top", "part")
    address: VersionAddress

    def read(self, address: VersionAddress) -> VersionFound | None:
        """What is on record of the version; no gate is asked and nothing is measured.

        Raises:
            NotFound: No such version, check or evaluation.
            InvalidInput: No such stage or part.
        """
        if address.stage not in GUARDED:
            raise InvalidInput(f"no gates stand before {address.stage[:40]!r}", expected=" or ".join(GUARDED))
        if address.part not in evidence.PARTS:
            raise InvalidInput(f"there is no part {address.part[:40]!r}", expected=", ".join(evidence.PARTS)[2:])
        store = current()
        if not (ref := address.version or newest_version(store)):
            return None
        version = resolve_version(store, ref)
        person = self.visit.person
        champion = champion_of(store, version.model)
        moves = moves_page(store, version.model_id, number=version.version, limit=_MOVES)
        was = any(one.move.after == GOAL and not one.move.alias for one in moves)
        return VersionFound(
            ready=standing(store, version),
            check=_check(store, version, address),
            policy=policy_of(store, version, address.stage),
            guarded=policy_of(store, version, GOAL) is not None,
            approvals=tuple(approvals_of(store, version, address.stage)),
            author=author_of(store, version),
            why_not=why_not(store, version, address.stage, person.name) if person else "nobody is signed in",
            champion=champion,
            was_champion=was and version.stage != GOAL,
            moves=moves,
            serving=tuple((d, d.status) for d in ml.deployments() if d.version == version.ref),
            part=evidence.read(store, version, address.part, address.evaluation),
        )

    def html(self, found: VersionFound | None) -> Html:
        """The sentence and the tiles, then the part that was asked for."""
        if found is None:
            return {"top": content.missing(bool(self.refusal))}
        top = content.top(self.address, found, self.cell(), self.visit, may_write=self.may_write)
        if self.address.part:
            return {"top": top, "part": evidence.html(self.address.part, found, may_write=self.may_write)}
        decide = deciding.form(self.address, found, self.visit)
        return {"top": top, "part": content.gates(self.address, found, decide, may_write=self.may_write)}

    def cell(self) -> str:
        """`%card NAME/V`, which says all that is known; `%evaluations` and `%risk` for those parts."""
        if self.found is None:
            return "%models"
        verb = {"evaluation": "evaluations", "risk": "risk"}.get(self.address.part, "card")
        return f"%{verb} {markup.word(self.found.version.ref)}"

    def title(self) -> str:
        """The version's reference."""
        return self.found.version.ref if self.found else "Version"

    def table(self) -> Any:
        """What each gate said, else the metrics, else what the version is."""
        if self.found is None:
            raise InvalidInput("there is no version to save")
        return content.frame(self.address, self.found)

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Approve or reject, ask the gates, move, pin, go back, say words of the card."""
        return acting.acts(self.found.version) if self.found is not None else {}

    async def give(self, live: Live, what: str, fields: Mapping[str, str]) -> None:
        """Also the model card, as one HTML file or as Markdown."""
        if what not in ("card-html", "card-md") or self.found is None:
            await super().give(live, what, fields)
            return
        version = self.found.version
        card = await in_thread(lambda: ml.card(version.ref))
        name = f"card-{version.model}-{version.version}".replace(" ", "-")
        if what == "card-html":
            live.save(f"{name}.html", "text/html", await in_thread(card.document))
        else:
            live.save(f"{name}.md", "text/markdown", await in_thread(card.markdown))


def _check(store: Store, version: Version, address: VersionAddress) -> GateCheck | None:
    if not address.check:
        return last_check(store, version, address.stage)
    found = gate_check(store, address.check)
    if found is None or (found.ref, found.stage) != (version.ref, address.stage):
        raise NotFound(f"no gates were asked as {address.check[:40]!r} for {version.ref} before {address.stage}")
    return found
