"""Documents that people write, revision by revision, and lists of them, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlencode

from mlops_nb.pages import markup
from mlops_nb.pages.registry import cells
from mlops_nb.show.page import escape
from mlops_nb.show.words import when

if TYPE_CHECKING:
    from mlops_nb.pages.address import Address


class Revision(Protocol):
    """What every change of a document says of itself."""

    @property
    def revision(self) -> int:
        """Its number, from 1 on."""

    @property
    def saved_us(self) -> int:
        """When it was saved, microseconds UTC."""

    @property
    def actor(self) -> str:
        """By whom."""

    @property
    def verified(self) -> str:
        """How that was checked."""


R = TypeVar("R", bound=Revision)


def history(changes: Sequence[R], about: str, changed: Callable[[R], str]) -> str:
    """Who changed what, the newest first; empty when nothing was saved yet.

    Args:
        changes: The newest revisions.
        about: Of what, as the audit page is asked.
        changed: The HTML that says what a revision changed.
    """
    if not changes:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("revision", "when", "who", "what changed"))
    rows = (
        f"<tr><td>{one.revision}</td><td>{escape(when(one.saved_us))}</td>"
        f"<td>{cells.who(one.actor, one.verified)}</td><td class=wrap>{changed(one)}</td></tr>"
        for one in changes
    )
    audit = markup.link("In the audit log", f"audit?{urlencode({'about': about})}")
    older = changes[-1].revision - 1
    more = f"{older:,} older revision{'s are' if older != 1 else ' is'} in the store. " if older else ""
    return (
        f'<h2>Who changed what</h2><div class="log">{markup.table(head, rows, "Revisions")}</div><p>{more}{audit}</p>'
    )


def pager(address: Address, after: Any, following: Any) -> str:
    """Links to the first and the next page of a list.

    Args:
        address: Of the page, whose field `after` says where it begins.
        after: Where it begins now; empty at the first page.
        following: Where the next page begins; empty at the last.
    """
    if markup.still():
        return ""
    links = [markup.link("First page", address.slug, here=True)] if after else []
    links += [markup.link("Next page", address.link(after=following), here=True)] if following else []
    return f'<div class="pager">{" ".join(links)}</div>' if links else ""
