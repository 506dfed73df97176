"""Every page in its frame: the bar with search box and reader, the navigation with the status line, the content."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui
from markupsafe import Markup
from panel.util import edit_readonly

from mlops_nb.pages import markup
from mlops_nb.pages.frame.live import Live, asset
from mlops_nb.pages.frame.status import Status, known, status
from mlops_nb.pages.page import PageView
from mlops_nb.pages.site import PAGES, PHASES, Page
from mlops_nb.pages.threads import in_thread
from mlops_nb.pages.visit import Visit, here
from mlops_nb.show.page import escape

_SIDE = 232
_BAR = 57
# Over the pages that are of no phase but of all of them.
_WHOLE = "governance"
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
_PLAIN = {"backgroundColor": "var(--paper)", "color": "var(--ink)", "backgroundImage": "none", "boxShadow": "none"}
_FOCUS = {"outline": "2px solid var(--accent)", "outlineOffset": "-2px"}
# The look of what panel-material-ui draws: the colours are the document's variables, so both themes are there.
_THEME = {
    "palette": {"primary": {"main": "#0b5cad"}},
    "typography": {"fontFamily": _FONT},
    "components": {
        "MuiAppBar": {"styleOverrides": {"root": {**_PLAIN, "borderBottom": "1px solid var(--line)"}}},
        "MuiToolbar": {"styleOverrides": {"root": {"minHeight": f"{_BAR - 1}px !important", "margin": "0 !important"}}},
        "MuiDrawer": {"styleOverrides": {"paper": {**_PLAIN, "borderRight": "1px solid var(--line)"}}},
        "MuiIconButton": {"styleOverrides": {"root": {"&.Mui-focusVisible": _FOCUS}}},
        # `busy_indicator=None` does not reach the browser, and this one has no name that could be read out.
        "MuiLinearProgress": {"styleOverrides": {"root": {"display": "none"}}},
    },
}


class Frame:
    """The frame around one page of one visitor."""

    def __init__(self, view: PageView) -> None:
        self.view, self._known = view, known()
        self.bar = Live(view.told, html=self._bar())
        self.side = Live(view.told, html=self._side(self._known))

    def _bar(self) -> str:
        visit = self.view.visit
        with markup.linking(visit.suffix):
            search = markup.combo(
                "q",
                "",
                "Search: a run, an experiment, a model",
                kind="anything",
                hint="Go to: last, best:auc, 01K3…, an experiment, a model",
                take="submit",
            )
            brand = markup.link(f"mlops_nb<small>{escape(self._known.project)}</small>", "home", kind="brand")
            return (
                '<div class="bar"><button type="button" class="skip" data-skip>Skip to the content</button>'
                f'{brand}<form class="search" role="search" method="get" action="{markup.href("home")}" '
                f'data-do="search">{search}</form><button type="button" class="quiet" data-theme-toggle '
                f'aria-label="Light or dark">◐</button>{_reader(visit)}</div>'
            )

    def _side(self, shown: Status) -> str:
        with markup.linking(self.view.visit.suffix):
            return (
                f'<div class="side">{_navigation(self.view.page)}<div class="status" role="status">'
                f"{_status(shown, self.view.visit)}</div></div>"
            )

    async def follow(self) -> None:
        """Renew the status line."""
        self.side.html = self._side(await in_thread(status))

    def first(self) -> str:
        """The page as it is sent, before anything of it is alive."""
        made = self.view.made or {self.view.sections[0]: self._loading()}
        content = "".join(
            f'<div class="mlops page">{made[name]}</div>' for name in self.view.sections if made.get(name)
        )
        return (
            f'<header class="mlops">{self.bar.html}</header>'
            f'<nav class="mlops" aria-label="Pages">{self.side.html}</nav>'
            f"<main>{content}</main>"
        )

    def _loading(self) -> str:
        """What stands for a page whose store takes its time: already with its heading."""
        return markup.heading(escape(self.view.page.title)) + '<p class="muted" role="status">Loading…</p>'

    def page(self) -> pmui.Page:
        """The page, to be served."""
        project = self._known.project
        before = _watching_busy()
        page = pmui.Page(
            title="",
            meta_title=f"{self.view.title()} · {project} · mlops_nb",
            header=[self.bar],
            sidebar=[self.side],
            main=[self.view],
            sidebar_width=_SIDE,
            sidebar_resizable=False,
            theme_toggle=False,
            busy_indicator=None,
            theme_config=_THEME,
            template=asset("document.html"),
            raw_css=[],
        )
        # panel-material-ui 0.16 has each page watch the state of the whole process, which keeps it for ever, and
        # tells the browser of every callback, which shows nothing of it.
        with edit_readonly(page):
            page.busy = False
        for watcher in _watching_busy():
            if watcher not in before:
                pn.state.param.unwatch(watcher)
        page.param.watch(lambda event: setattr(self.view, "dark", event.new), "dark_theme")
        return page


def _watching_busy() -> list[Any]:
    return list(pn.state.param.watchers.get("busy", {}).get("value", ()))


def _navigation(here_: Page) -> str:
    """The pages by the phases of the lifecycle; a phase without a page is left out. What is of no phase and stands
    last in the table stands last here.
    """
    items, last = [], ""
    for page in sorted((page for page in PAGES if page.listed), key=_place):
        if page.phase != last or (not page.phase and _place(page)):
            items.append(f'<li class="phase">{page.phase or _WHOLE}</li>')
        last = page.phase
        items.append(f"<li>{_entry(page, here_)}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _place(page: Page) -> int:
    if page.phase:
        return 1 + PHASES.index(page.phase)
    return 1 + len(PHASES) if any(one.phase for one in PAGES[: PAGES.index(page)]) else 0


def _entry(page: Page, here_: Page) -> str:
    inside = page.slug == here_.slug or (not here_.listed and page.phase == here_.phase)
    current_ = ' aria-current="page"' if inside else ""
    return f'<a href="{markup.href(page.slug)}"{current_}>{escape(page.title)}</a>'


def _status(shown: Status, visit: Visit) -> str:
    lines = [f'<div title="{escape(shown.folder)}">store {escape(shown.project)}</div>']
    if shown.audit:
        mark = "✓" if shown.verdict == "good" else "✕"
        said = markup.link(escape(shown.audit), "audit")
        lines.append(f'<div><span class="{shown.verdict}" aria-hidden="true">{mark}</span> {said}</div>')
    lines.append(f"<div>times in {escape(visit.zone)}</div>")
    return "".join(lines)


def _reader(visit: Visit) -> str:
    if visit.person is not None:
        name = f"{escape(visit.person.name)}, {escape(visit.person.role)}"
        return f'<span class="who"><span class="word">{name} · </span><a href="logout">Sign out</a></span>'
    if not visit.can_sign_in:
        return '<span class="who">read only</span>'
    return '<span class="who"><span class="word">read only · </span><a href="login">Sign in</a></span>'


def open_page(page: Page) -> pmui.Page:
    """A page for the visitor whose session is being made."""
    visit = here()
    if visit.suffix:
        # Inside Jupyter panel-material-ui would fetch its script from a content network: it is sent along instead.
        pn.config.inline = True
    frame = Frame(page.view()(page, visit))
    made = frame.page()
    document = pn.state.curdoc
    if document is not None:
        # Panel's templates are given texts; these are HTML and CSS of ours, escaped where they were made.
        variables = {
            "first": frame.first(),
            "palette": asset("palette.css"),
            "ground": asset("ground.css"),
            "style": asset("style.css"),
        }
        document.template_variables.update({name: Markup(text) for name, text in variables.items()})  # noqa: S704
        document.template_variables["look"] = visit.look
        # The document's own title is whatever the server says for all of its pages.
        document.template_variables["named"] = made.meta.title
        document.template_variables["parts"] = 2 + frame.view.alive
    pn.state.onload(frame.view.started)
    frame.view.follow(frame.follow)
    return made
