"""What a model is for: all canvases, and one in the arrangement that people know, with a form to fill it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.pages.address import Address
from mlops_nb.pages.canvas import content, listing, writing
from mlops_nb.pages.canvas.writing import Draft
from mlops_nb.pages.markup import word
from mlops_nb.pages.page import Html, PageView
from mlops_nb.registry.framing.blocks import BLOCKS, FIELDS, asked, typed
from mlops_nb.registry.framing.listing import counts
from mlops_nb.registry.framing.model import Canvas, Change
from mlops_nb.registry.framing.reading import changes, model_id, seen
from mlops_nb.registry.framing.saving import ChangedMeanwhile
from mlops_nb.registry.resolving import champion_of, resolve_version
from mlops_nb.registry.standing import Standing, standing
from mlops_nb.results import Results
from mlops_nb.store.store import Store, current

ROWS, CHANGES = 25, 10


@dataclass(frozen=True, slots=True)
class CanvasAddress(Address):
    """Which canvas; without a model all of them.

    Attributes:
        model: Whose.
        edit: Whether it is being filled in.
        after: Where the page of the list begins.
    """

    slug: ClassVar[str] = "canvas"
    model: str = ""
    edit: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of canvases, and how many of how many models have one."""

    page: Results[Canvas]
    models: int
    canvases: int


@dataclass(frozen=True, slots=True)
class CanvasFound:
    """One canvas.

    Attributes:
        canvas: As it stands.
        changes: What its newest revisions changed.
        judged: The champion, else the newest version; None: there is no version yet.
        known: Whether there is such a model.
    """

    canvas: Canvas
    changes: tuple[Change, ...]
    judged: Standing | None
    known: bool


class CanvasView(PageView):
    """The page of canvases."""

    place = CanvasAddress
    address: CanvasAddress
    # How often this reader saved: forms that were saved go, and new ones come.
    saves, moved, of = 0, False, ""
    draft: Draft | None = None
    last: CanvasFound | None = None

    def read(self, address: CanvasAddress) -> Listed | CanvasFound:
        """All canvases, or one with its history."""
        store = current()
        if not address.model:
            self.draft = None
            return Listed(ml.canvases(limit=ROWS, after=address.after), *counts(store))
        # Without `form` and with nothing to save, it is a canvas.
        found = cast("Canvas", ml.canvas(address.model))
        # Forms of another canvas are other forms.
        self.saves, self.of = self.saves + (found.model != self.of), found.model
        if not (address.edit and self.may_write):
            self.draft = None
        elif self.draft is None or self.draft.model != found.model:
            self.draft = Draft(found.model, found.revision, f"canvas-{self.saves}")
        known = model_id(store, found.model) is not None
        self.last = CanvasFound(found, changes(store, found.model, CHANGES), _judged(store, found.model), known)
        return self.last

    def html(self, found: Listed | CanvasFound | None) -> Html:
        """The list, the canvas, or the canvas as a form."""
        if found is None and self.may_write and self.last and self.last.canvas.model == self.address.model.strip():
            found = self.last  # a store that is locked for a moment must not take away what somebody is typing
        if found is None:
            return {"body": content.missing()}
        if isinstance(found, Listed):
            return {"body": listing.body(self.address, found, self.cell(), may_write=self.may_write)}
        if self.draft is not None:
            return {"body": writing.body(self.address, found, self.draft, self.notice)}
        key = f"decide-{self.saves}" if self.may_write else ""
        can_sign_in = self.visit.person is None and self.visit.can_sign_in
        return {"body": content.body(self.address, found, self.cell(), decide=key, can_sign_in=can_sign_in)}

    def cell(self) -> str:
        """`%canvas NAME`, `%canvases`."""
        return f"%canvas {word(self.address.model)}" if self.address.model else "%canvases"

    def title(self) -> str:
        """Whose canvas it is."""
        return f"Canvas of {self.found.canvas.model}" if isinstance(self.found, CanvasFound) else "Canvas"

    def table(self) -> Any:
        """The fields of the canvas, or all canvases."""
        import pandas as pd

        if isinstance(self.found, CanvasFound):
            fields = self.found.canvas.fields
            shown = [*BLOCKS, *asked(str(fields.get("task", "")))]
            return pd.DataFrame(
                [{"field": one.title, "says": typed(fields.get(one.name)), "asks": one.asks} for one in shown]
            )
        if self.found is None:
            raise InvalidInput("there is no canvas to save")
        return pd.DataFrame([listing.row(one) for one in _all()])

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """Save the canvas, record a decision."""
        return {"save-canvas": self._save, "decide": self._decide}

    async def loaded(self) -> None:
        """After saving, the page is that of the canvas again, and so is the browser's address."""
        if self.moved:
            self.moved = False
            self.write_address()

    def _save(self, fields: Mapping[str, str]) -> str:
        name, began = self.address.model, _number(fields.get("revision", ""))
        before = seen(current(), model_id(current(), name), began)
        given = {one.name: fields[one.name] for one in FIELDS if one.name in fields}
        changed = {key: said for key, said in given.items() if _plain(said) != _plain(typed(before.get(key)))}
        over = _number(fields["over"]) if fields.get("over") else began
        try:
            saved = cast("Canvas", ml.canvas(name, fields=changed, revision=over))
        except ChangedMeanwhile as error:
            if self.draft is not None:
                self.draft = replace(self.draft, moved=error.fields)
            raise Refused(
                error.what, fix="look at what it says now, below, and save yours over it or leave it"
            ) from None
        self.saves, self.moved = self.saves + 1, True
        self.address = replace(self.address, edit=False)
        if not changed:
            return "nothing was changed"
        meanwhile = " on top of what was saved meanwhile" if saved.revision > began + 1 else ""
        return f"saved as revision {saved.revision}{meanwhile}"

    def _decide(self, fields: Mapping[str, str]) -> str:
        options = {key: text for key, text in fields.items() if key.startswith("option") and text.strip()}
        choice = options.get(fields.get("choice", ""), "")
        if not choice:
            raise InvalidInput("no option is chosen", expected="the mark beside one that says something")
        runs = fields.get("runs", "").replace(",", " ").split()
        ml.decide(
            self.address.model,
            fields.get("title", ""),
            option=list(options.values()),
            choice=choice,
            reason=fields.get("reason", ""),
            run=runs,
        )
        self.saves += 1
        return "the decision is on record"


def _all() -> list[Canvas]:
    found: list[Canvas] = []
    after = ""
    while True:
        page = ml.canvases(limit=200, after=after)
        found, after = found + list(page), page.next_page
        if not after:
            return found


def _judged(store: Store, name: str) -> Standing | None:
    version = champion_of(store, name)
    if version is None:
        try:
            version = resolve_version(store, name)
        except NotFound:  # a canvas may come before any version
            return None
    return standing(store, version)


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput(f"{text[:20]!r} is no revision", expected="a whole number", fix="open the form again")
    return int(text)
