"""Audit: who changed what, when, why and on what evidence, and whether the log of it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import panel as pn

from mlops_nb.errors import InvalidInput
from mlops_nb.pages.address import Address
from mlops_nb.pages.audit import checking, content
from mlops_nb.pages.audit.proof import ABOVE
from mlops_nb.pages.frame.live import Live
from mlops_nb.pages.page import Html, PageView
from mlops_nb.pages.visit import zone_named
from mlops_nb.results import Results
from mlops_nb.store.audit import asking, following, reading
from mlops_nb.store.audit.model import AuditRow
from mlops_nb.store.store import Store, current

# An address anybody can write must not make a page of 10,000 rows.
MOST_ROWS = 200
_SAVED = 100_000
# Of a log of so many rows a check takes longer than anybody waits for a page.
_PATIENCE_S, _LONG = 0.4, 20_000


@dataclass(frozen=True, slots=True)
class AuditAddress(Address):
    """Which rows.

    Attributes:
        about: What they concern, as `%audit` takes it.
        kind: What kind of thing that is, when several have the name.
        by: Who did it.
        did: What was done.
        since: Not before this moment: a date, a moment, a span such as `-7d`.
        until: Not after this one; a date is the whole day.
        zone: The time zone of a moment that names none; UTC by default.
        after: Rows older than this one.
        before: Instead, the rows next above this one.
        row: The row that is opened; without `after` and `before` the page of rows is the one around it.
        limit: Rows a page.
    """

    slug: ClassVar[str] = "audit"
    about: str = ""
    kind: str = ""
    by: str = ""
    did: str = ""
    since: str = ""
    until: str = ""
    zone: str = ""
    after: str = ""
    before: str = ""
    row: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditFound:
    """What the page shows.

    Attributes:
        rows: One page of rows, newest first.
        newer: Whether there are rows above them that match.
        total: How many rows the log has.
        last: The number of its newest row.
        newest_us: When that was written, microseconds UTC.
        kinds: What kinds of things have the name that was asked for.
        actions: Everything that was ever done, to choose from.
        bounds: The moments asked for as `%audit` takes them, with their zone; empty for none.
        checked: What the last check of everything found; None before the first one is done.
        seen: What was seen of the chain since, row by row as they came.
        running: The check that is under way.
    """

    rows: Results[AuditRow]
    newer: bool
    total: int
    last: int
    newest_us: int
    kinds: tuple[str, ...]
    actions: tuple[str, ...]
    bounds: tuple[str, str]
    checked: checking.Checked | None
    seen: following.Look | None
    running: Future[checking.Checked] | None = field(compare=False)


class AuditView(PageView):
    """The page of the audit log. Nothing is changed here."""

    place = AuditAddress
    address: AuditAddress
    found: AuditFound | None
    _waits = False

    def read(self, address: AuditAddress) -> AuditFound:
        """One page of rows from the store, and what is proved of the log.

        Raises:
            NotFound: What is asked for is not known.
            InvalidInput: A moment, a cursor, the row or the number of rows can't be.
        """
        if not 1 <= address.limit <= MOST_ROWS:
            raise InvalidInput(f"{address.limit:,} rows on one page", expected=f"1 to {MOST_ROWS}", fix="CSV")
        if not 0 <= address.row < 2**62:
            raise InvalidInput(f"there is no row {address.row}", expected="1 or more")
        store = current()
        if not asking.begun(store):
            return AuditFound(
                reading.read(store, asking.Question(), 1), False, 0, 0, 0, (), (), ("", ""), None, None, None
            )
        asked = _question(store, address)
        rows = _page(store, asked, address)
        newest = reading.read(store, asking.Question(), 1)
        done, running = checking.checked(store, _PATIENCE_S if (newest.total or 0) < _LONG else 0)
        return AuditFound(
            rows=rows,
            newer=bool(len(rows)) and not reading.at_end(store, asked, rows[0].seq, newest=True),
            total=newest.total or 0,
            last=newest[0].seq if len(newest) else 0,
            newest_us=newest[0].time_us if len(newest) else 0,
            kinds=asked.kinds,
            actions=tuple(asking.actions(store)),
            bounds=content.bounds(asked, ZoneInfo(zone_named(address.zone or "UTC"))),
            checked=done,
            seen=following.seen(store),
            running=running,
        )

    def html(self, found: AuditFound | None) -> Html:
        """Whether the log holds, the filters, the rows."""
        return {"body": content.body(self.address, found, self.cell(), self.visit.zone, wrong=bool(self.refusal))}

    def cell(self) -> str:
        """`%audit …` for the same rows."""
        return content.cell(self.address, self.found)

    def table(self) -> Any:
        """All rows that match, not only those of this page of rows."""
        import pandas as pd

        store, after, rows = current(), "", list[AuditRow]()
        asked = _question(store, self.address)
        while len(rows) < _SAVED:
            found = reading.read(store, asked, reading.MOST, after)
            rows += found
            after = found.next_page
            if not after:
                break
        return pd.DataFrame([content.saved(row) for row in rows], columns=list(content.SAVED))

    def started(self) -> None:
        """Wait for a check that is under way."""
        super().started()
        self._wait()

    async def loaded(self) -> None:
        """Likewise."""
        self._wait()

    async def give(self, live: Live, what: str, fields: Mapping[str, str]) -> None:
        """Also a check of everything, now: it changes nothing, so anybody may ask for it."""
        if what == "check":
            checking.begin(current())
            await self.load()
        else:
            await super().give(live, what, fields)

    def _wait(self) -> None:
        running = self.found.running if self.found is not None else None
        if running is not None and not self._waits:
            self._waits = True

            async def ended() -> None:
                await asyncio.wait([asyncio.wrap_future(running)])
                self._waits = False
                await self.load()
                await self.tell_followers()

            pn.state.execute(ended, schedule=True)


def _question(store: Store, address: AuditAddress) -> asking.Question:
    zone = ZoneInfo(zone_named(address.zone or "UTC"))
    a = address
    return asking.question(store, a.about, a.kind, a.by, a.did, a.since, a.until, zone)


def _page(store: Store, asked: asking.Question, address: AuditAddress) -> Results[AuditRow]:
    found = reading.read(store, asked, address.limit, address.after, address.before)
    if not address.row or address.after or address.before or any(row.seq == address.row for row in found):
        return found
    return reading.read(store, asked, address.limit, str(address.row + ABOVE + 1))
