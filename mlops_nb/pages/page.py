"""What every page does alike: read through the public API, keep its state in the address, follow, act, export.

A page adds what it reads (`read`), how that looks (`html`), and what one would type for it (`cell`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as TooSlow
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import panel as pn
import param
from panel.viewable import Viewable, Viewer

from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.pages import exporting, markup
from mlops_nb.pages.address import Address
from mlops_nb.pages.answering import answer
from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.site import Page
from mlops_nb.pages.threads import begun, in_thread
from mlops_nb.pages.visit import Visit
from mlops_nb.pages.watching import WATCH
from mlops_nb.show.page import escape
from mlops_nb.show.words import reading_in
from mlops_nb.store.store import current

LOG = logging.getLogger("mlops_nb.pages")
# So long a visitor waits for the first page before it is sent without its numbers.
_PATIENCE_S = 1.0
_LOOK_MS = 700
# What moves without the store changing: a run whose process died, a deployment that went down.
_ANEW_EVERY = 15
Html = Mapping[str, str]


class PageView(Viewer):
    """One page of one visitor.

    Class attributes:
        place: The kind of address that it has.
        sections: The names of its parts, in order; `html` makes each. `component` may put something livelier in one.
    """

    place: ClassVar[type[Address]] = Address
    sections: ClassVar[tuple[str, ...]] = ("body",)
    dark = param.Boolean(default=False, doc="Whether the reader has chosen, or the system asks for, the dark look.")

    def __init__(self, page: Page, visit: Visit) -> None:
        super().__init__()
        self.page, self.visit = page, visit
        self.refusal, self.notice = "", ""
        self.choices: tuple[tuple[str, str, str], ...] = ()
        # Panel drops what is changed between the first message and `onload`: messages wait until the page stands.
        self._standing, self._waiting = False, list[tuple[Live, Mapping[str, Any]]]()
        self._followers: list[Callable[[], Awaitable[None]]] = []
        self._seen, self._looks, self._existed = WATCH.changes, 0, current().exists
        try:
            self.address, refusal = self.place.read(visit.query), ""
        except MlopsError as error:
            self.address, refusal = self.place(), error.line()
        self.made: Html = {}
        self.found: Any = None
        self.lives = {name: Live(self.told, greets=name == self.sections[0], look="page") for name in self.sections}
        self._arrive(refusal)

    # What a page says of itself.

    def read(self, address: Any) -> Any:
        """What the page shows, from the public API. Runs in a thread of its own."""
        raise NotImplementedError

    def html(self, found: Any) -> Html:
        """The HTML of each section. `found` is None when reading was refused: why, is said above all sections."""
        raise NotImplementedError

    def cell(self) -> str:
        """What one would type in a notebook to get what the page shows."""
        return ""

    def table(self) -> Any:
        """Everything that the page lists, as a pandas DataFrame, for CSV; None when it lists nothing."""
        return None

    def title(self) -> str:
        """What the browser's tab says."""
        return self.page.title

    def component(self, name: str) -> Viewable | None:
        """Something livelier than HTML for a section; None leaves the HTML."""
        return None

    def picked(self, what: str, on: bool) -> Address | None:
        """The address after a checkbox was ticked; None when nothing is to be picked here."""
        return None

    def acts(self) -> Mapping[str, Callable[[Mapping[str, str]], str]]:
        """What can be done here, by name; each calls a verb and returns a sentence that says what was done."""
        return {}

    # What all pages do.

    def __panel__(self) -> Viewable:
        parts = [self.component(name) or self.lives[name] for name in self.sections]
        return pn.Column(*parts, sizing_mode="stretch_width", margin=0)

    @property
    def may_write(self) -> bool:
        """Whether the reader may change anything; what they may not do is not offered."""
        from mlops_nb.store.people.entries import allowed

        return allowed(self.visit.person, "write")

    @property
    def reads_in_zone(self) -> bool:
        """Whether what is read depends on the reader's zone, which is not known before the page stands."""
        return False

    @property
    def alive(self) -> int:
        """How many parts of the page are live HTML: when they all stand, the page as it was sent goes."""
        return sum(self.component(name) is None for name in self.sections)

    def started(self) -> None:
        """Follow the store from now on; called once the page stands in the browser."""
        WATCH.start()
        pn.state.add_periodic_callback(self._look, period=_LOOK_MS)
        if not self.made:
            pn.state.execute(self.load, schedule=True)
        self._standing, waiting = True, self._waiting
        for live, message in waiting:
            self.told(live, message)

    def _make(self, address: Any) -> tuple[Any, Html, str]:
        """Read and render; a refusal becomes a sentence, whatever else goes wrong a line in the log."""
        found, refusal = None, ""
        try:
            if self._existed and not current().exists:
                raise StoreError(
                    f"the store {current().folder} was here and is gone", fix="put it back: pages go on then"
                )
            # Before it is rendered: the cell to copy says what was found.
            found = self.found = self.read(address)
            self._existed = self._existed or current().exists
        except MlopsError as error:
            refusal = error.line()
        except Exception:
            LOG.exception("page %s", self.page.slug)
            refusal = "this page could not be made, which is a fault of mlops_nb; the dashboard's log has the details"
        return found, self.rendered(found, refusal), refusal

    def rendered(self, found: Any, refusal: str, *, still: bool = False) -> Html:
        """The HTML of each section as this reader sees it; `still`: for a file, without links and controls."""
        self.refusal = refusal
        with reading_in(ZoneInfo(self.visit.zone)), markup.linking(self.visit.suffix, still=still):
            made = dict(self.html(found))
            said = "" if still else "".join(markup.trouble(line) for line in (self.notice, refusal) if line)
            chosen = " · ".join(markup.link(escape(f"{kind} {name}"), to) for kind, name, to in self.choices)
            made[self.sections[0]] = said + (f"<p>{chosen}</p>" if chosen else "") + made.get(self.sections[0], "")
            return made

    async def say(self, sentence: str, choices: Sequence[tuple[str, str, str]] = ()) -> None:
        """Say something above the page until the reader goes on; `choices`: (kind, name, address) to go to."""
        self.notice, self.choices = sentence, tuple(choices)
        await self.load()

    def follow(self, follower: Callable[[], Awaitable[None]]) -> None:
        """Have somebody called after each change of the store that this page follows."""
        self._followers.append(follower)

    def _arrive(self, refusal: str) -> None:
        if refusal:
            self.put(None, self.rendered(None, refusal))
            return
        asked = begun(self._make, self.address)
        try:
            found, made, _ = asked.result(_PATIENCE_S)
        except TooSlow:
            return
        self.put(found, made)

    def put(self, found: Any, made: Html) -> None:
        """Show what was found and made."""
        self.found, self.made = found, made
        for name, live in self.lives.items():
            live.html = made.get(name, "")

    async def load(self) -> bool:
        """Read anew; returns whether reading was not refused."""
        found, made, refusal = await in_thread(self._make, self.address)
        self.put(found, made)
        await self.loaded()
        return not refusal

    async def loaded(self) -> None:
        """Called after each reading but the first, in the session: livelier sections follow here."""

    async def _look(self) -> None:
        self._looks += 1
        if self._seen == WATCH.changes and self._looks < _ANEW_EVERY:
            return
        self._seen, self._looks = WATCH.changes, 0
        await self.load()
        await self.tell_followers()

    async def tell_followers(self) -> None:
        """Have the frame follow too."""
        for follower in self._followers:
            await follower()

    @property
    def _greeter(self) -> Live:
        return self.lives[self.sections[0]]

    async def go(self, query: str, *, write: bool = True) -> None:
        """Show another address of this page; `write`: and put it into the browser's."""
        self.notice, self.choices = "", ()
        try:
            self.address = self.place.read(query)
        except MlopsError as error:
            self.put(None, self.rendered(None, error.line()))
            return
        await self.load()
        if write:
            self.write_address()

    def write_address(self) -> None:
        """Put the address that the page has into the browser's."""
        query = self.address.query()
        self._greeter.tell(address=f"?{query}" if query else "?")

    def told(self, live: Live, message: Mapping[str, Any]) -> None:
        """Take a message of the browser: what was clicked, typed, ticked. See `answering.py`."""
        if self._standing:
            answer(self, live, message)
        else:
            self._waiting.append((live, message))

    async def give(self, live: Live, what: str, fields: Mapping[str, str]) -> None:
        """Have the browser save something of this page: `csv`, `html`.

        Raises:
            MlopsError: There is nothing to save.
        """
        name = f"{self.page.slug}.{what}"
        if what == "html":
            made = self.rendered(self.found, "", still=True)
            parts = [made.get(section, "") for section in self.sections]
            live.save(name, "text/html", exporting.document(self.title(), parts, self.visit.zone))
        elif what == "csv":
            live.save(name, "text/csv", await in_thread(lambda: exporting.csv(self.table())))
