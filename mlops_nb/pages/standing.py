"""How good a version is and what is next, as every page says it; what serves it is known here, above the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlops_nb.pages import markup
from mlops_nb.show.page import escape
from mlops_nb.show.words import number

if TYPE_CHECKING:
    from mlops_nb.registry.standing import Standing
    from mlops_nb.serving.model import Deployment

REACHED = {True: ("✓ reached", "good"), False: ("✕ not reached", "bad"), None: ("? can't be said yet", "warn")}


def score(found: Standing) -> tuple[str, str]:
    """The success metric held against its target, and what that rests on: two lines of HTML.

    Both are empty when the version was not evaluated.
    """
    one = found.score
    if one is None:
        return "", ""
    said = f"{escape(one.name)} <strong>{escape('undefined' if one.value is None else number(one.value))}</strong>"
    if found.success is not None and found.success.metric == one.name:
        way = "≥" if found.success.higher_is_better else "≤"
        said += f", target {way} {number(found.success.target)} {markup.sign(*REACHED[found.reached])}"
    parts = [f"{one.n:,} rows"]
    parts += [f"95 % interval {number(one.low)} to {number(one.high)}"] if None not in (one.low, one.high) else []
    if found.baseline is not None:
        name, simple = found.baseline
        parts.append(f"a {escape(name)} baseline scores {number(simple)}")
    return said, ", ".join(parts)


def next_step(found: Standing, serving: Iterable[tuple[Deployment, str]]) -> tuple[str, str]:
    """What to do next with a version, and what to type for it; ('', '') when nothing is to be done.

    Args:
        found: Where the version stands.
        serving: The deployments of its model, each with its status.
    """
    if found.next or found.version.stage != "production":
        return found.next, found.cell
    if not any(status == "ready" and deployment.version == found.version.ref for deployment, status in serving):
        return "It is in production, and nothing serves it.", f"%deploy {markup.word(found.version.model)}"
    return "", ""


def step(sentence: str, cell: str, before: str = "") -> str:
    """A step as a line of HTML: `before` (HTML), the sentence, and a button that copies the cell."""
    if not sentence:
        return ""
    return f"<span>{before}{escape(sentence)}</span>{markup.copier(f'Copy: {cell}', cell)}"
