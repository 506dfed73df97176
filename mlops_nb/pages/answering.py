"""What the browser says, and what a page does about it. What makes no sense is dropped: anybody can send it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import panel as pn

from mlops_nb.errors import MlopsError
from mlops_nb.pages.searching import places
from mlops_nb.pages.signing_in import current_person, how
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.pages.threads import in_thread
from mlops_nb.pages.visit import zone_named
from mlops_nb.references import complete
from mlops_nb.store.actor import acting
from mlops_nb.store.people.entries import require
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.pages.frame.live import Live
    from mlops_nb.pages.page import PageView

Answer = Callable[["PageView", "Live", Mapping[str, Any]], Awaitable[None]]
_LONGEST, _CANDIDATES = 2_000, 30


def answer(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    """Have the message answered in the session, one after the other."""
    for name, handle in _ANSWERS.items():
        if name in message:
            pn.state.execute(partial(handle, view, live, message), schedule=True)


async def _hello(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    """The page stands: the reader's zone and look."""
    zone = zone_named(str(message["hello"]))
    view.dark = bool(message.get("dark"))
    if zone != view.visit.zone:
        view.visit = replace(view.visit, zone=zone)
        if view.found is not None and not view.reads_in_zone:
            view.put(view.found, view.rendered(view.found, ""))
        else:
            await view.load()
        await view.tell_followers()


async def _back(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    """The reader went back or forward: the browser has the address already."""
    await view.go(str(message["back"]), write=False)


async def _go(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    slug, _, query = str(message["go"]).partition("?")
    slug = slug.removesuffix(view.visit.suffix)
    if slug == view.page.slug:
        await view.go(query)
    elif slug in BY_SLUG:
        live.tell(leave=str(message["go"]))
    live.tell(idle=True)


async def _pick(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    changed = view.picked(str(message["pick"])[:64], bool(message.get("on")))
    if changed is not None:
        view.address = changed
        await view.load()
        view.write_address()
    live.tell(idle=True)


async def _complete(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    text = str(message.get("text", ""))[:_LONGEST]
    try:
        options = await in_thread(complete, current(), str(message["complete"]), text)
    except MlopsError:  # a store that is sick now says so in the page itself
        options = []
    said = {"asked": message.get("asked"), "name": message.get("name"), "text": text}
    live.tell(complete={**said, "options": options[:_CANDIDATES]})


async def _do(view: PageView, live: Live, message: Mapping[str, Any]) -> None:
    given = message.get("fields")
    fields = {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    name = str(message["do"])
    if name == "search":
        await _search(view, live, fields.get("q", ""))
    elif name in view.acts():
        await _act(view, live, view.acts()[name], fields)
    else:
        try:
            await view.give(live, name, fields)
        except MlopsError as error:
            await view.say(error.line())
    live.tell(idle=True)


async def _act(view: PageView, live: Live, act: Callable[[Mapping[str, str]], str], fields: Mapping[str, str]) -> None:
    """Change something as the person who is signed in now, which is later than when the page was opened."""
    signed_in, verified = current_person(), how()

    def done() -> str:
        person = require(signed_in, "write")
        with acting(f"person:{person.name}", verified=verified):
            return act(fields)

    try:
        said = await in_thread(done)
    except MlopsError as error:
        await view.say(error.line())
        return
    await view.say("")
    live.tell(said=said)


async def _search(view: PageView, live: Live, text: str) -> None:
    """Go where the reference leads; a refusal, or several things of one name, are said above the page."""
    try:
        found = await in_thread(places, current(), text)
    except MlopsError as error:
        await view.say(error.line())
        return
    if len(found) == 1:
        slug, _, query = found[0][2].partition("?")
        live.tell(leave=f"{slug}{view.visit.suffix}?{query}")
    else:
        kinds = " and ".join(kind for kind, _, _ in found)
        await view.say(f"{text} is the name of a {kinds}: which one?", found)


_ANSWERS: dict[str, Answer] = {
    "hello": _hello,
    "go": _go,
    "back": _back,
    "pick": _pick,
    "complete": _complete,
    "do": _do,
}
