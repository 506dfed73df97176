"""The one table of pages, in the order of the lifecycle. Adding a page is adding a row here and a folder beside it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    from mlops_nb.pages.page import PageView

PHASES = (
    "framing",
    "data",
    "experimentation",
    "training",
    "evaluation",
    "deployment",
    "monitoring",
    "retraining",
)


class Page(NamedTuple):
    """One page: its address, its title, its phase of the lifecycle, and the class of its view.

    `listed`: whether the navigation shows it; a page about one thing is reached from the lists.
    """

    slug: str
    title: str
    phase: str
    target: str
    listed: bool = True

    def view(self) -> type[PageView]:
        """The class of the view; its folder is imported now."""
        module, _, name = self.target.partition(":")
        found: type[PageView] = getattr(importlib.import_module(module), name)
        return found

    def app(self) -> Callable[[], Any]:
        """What a server calls for each visitor: makes the page, framed."""
        from mlops_nb.pages.frame.frame import open_page

        return lambda: open_page(self)


_PAGES = "mlops_nb.pages"

PAGES: tuple[Page, ...] = (
    Page("home", "Home", "", f"{_PAGES}.home.view:HomeView"),
    Page("canvas", "Canvas", "framing", f"{_PAGES}.canvas.view:CanvasView"),
    Page("runs", "Runs", "experimentation", f"{_PAGES}.runs.view:RunsView"),
    Page("run", "Run", "experimentation", f"{_PAGES}.run.view:RunView", listed=False),
    Page("compare", "Compare", "experimentation", f"{_PAGES}.compare.view:CompareView", listed=False),
    Page("risk", "Risk", "evaluation", f"{_PAGES}.risk.view:RiskView"),
    Page("registry", "Registry", "training", f"{_PAGES}.registry.view:RegistryView"),
    Page("model", "Model", "training", f"{_PAGES}.model_page.view:ModelView", listed=False),
    Page("version", "Version", "training", f"{_PAGES}.version.view:VersionView", listed=False),
    # The phase of none, after all others: it stands at the end.
    Page("audit", "Audit", "", f"{_PAGES}.audit.view:AuditView"),
)
BY_SLUG = {page.slug: page for page in PAGES}

# Where the search box leads: kind of thing → page and what its address says.
_PLACES: dict[str, tuple[str, str, str]] = {
    "run": ("run", "run", "{}"),
    "view": ("runs", "view", "{}"),
    "experiment": ("runs", "where", "experiment = '{}'"),
    "dataset": ("runs", "where", "dataset = '{}'"),
    "model": ("model", "model", "{}"),
    "version": ("version", "version", "{}"),
    "deployment": ("model", "model", "{}"),
}


def address_of(kind: str, name: str) -> str:
    """The address that shows a thing: relative, as `run?run=01K3…`."""
    slug, field, template = _PLACES[kind]
    return f"{slug}?{urlencode({field: template.format(name)})}"
