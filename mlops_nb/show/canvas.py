"""A canvas: ten blocks, the framing in numbers, decisions, and what the store says about feasibility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.registry.framing.blocks import BLOCKS, FRAMING, LINK, MENTION
from mlops_nb.show import page
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, short, when

if TYPE_CHECKING:
    from mlops_nb.registry.framing.model import Canvas, Decision

SIGNS = {"yes": ("✓ yes", "good"), "no": ("✗ no", "bad"), "insufficient": ("? insufficient", "warn")}
# Ten blocks of 10,000 characters are no thing to look at at once.
_LONG = 280
_GRID = "display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:8px;margin-top:8px"
_BOX = "border:1px solid color-mix(in srgb, currentColor 18%, transparent);border-radius:4px;padding:6px 8px"

_CHECKS = (
    Column("feasibility", lambda c: c.name),
    Column("answer", lambda c: SIGNS[c.answer][0], sign=lambda c: page.sign(*SIGNS[c.answer])),
    Column("says", lambda c: c.says, sign=lambda c: _wrapped(c.says)),
)


def _wrapped(text: str) -> str:
    return f'<span style="white-space:normal;overflow-wrap:anywhere">{page.escape(text)}</span>'


def view(value: Canvas) -> CanvasView:
    """One canvas."""
    return CanvasView(value)


def list_view(results: Any) -> TableView:
    """Canvases."""
    columns = (
        Column("model", lambda c: c.model),
        Column("blocks", lambda c: f"{c.filled}/{len(BLOCKS)}", right=True),
        Column("feasible", lambda c: SIGNS[c.feasible][0], sign=lambda c: page.sign(*SIGNS[c.feasible])),
        Column("saved", lambda c: when(c.saved_us)),
    )
    return TableView(columns, results.items, results.note)


class CanvasView:
    """A canvas; the mention of where its blocks come from stands in every form of it."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    @property
    def _head(self) -> str:
        c = self.canvas
        saved = f"revision {c.revision}, {when(c.saved_us)} by {_who(c)}" if c.revision else "not saved yet"
        return f"{c.model}: {c.filled}/{len(BLOCKS)} blocks, {saved}"

    def _framing(self) -> list[tuple[str, str]]:
        c = self.canvas
        pairs = [(one.title, _typed(c.fields[one.name])) for one in FRAMING if one.name in c.fields]
        if c.success is not None:
            pairs.append(("Success", goal(c)))
        return pairs

    def text(self) -> str:
        """As text."""
        c = self.canvas
        rows = [(name, cut(value, 200)) for name, value in self._framing()]
        rows += [(one.title, cut(c.fields.get(one.name, "–"), 200)) for one in BLOCKS]
        lines = [self._head, *([c.note] if c.note else []), *_pairs(rows)]
        for one in c.design:
            lines += ["", f"decided: {cut(one.title, 200)} → {cut(one.choice, 200)}", *_pairs(_told(one))]
        return "\n".join([*lines, "", TableView(_CHECKS, c.feasibility).text(), "", f"{MENTION}: {LINK}"])

    def html(self) -> str:
        """As HTML."""
        c = self.canvas
        title = f'<div style="margin-bottom:4px">{page.strong(self._head)}</div>'
        note = f"<div>{page.muted(c.note)}</div>" if c.note else ""
        framing = page.facts((name, _long(value)) for name, value in self._framing())
        boxes = "".join(_box(one.title, one.asks, str(c.fields.get(one.name, ""))) for one in BLOCKS)
        design = "".join(_decided(one) for one in c.design)
        decided = page.heading("Design decisions") + design if design else ""
        checks = f'<div style="margin-top:10px">{TableView(_CHECKS, c.feasibility).html()}</div>'
        link = f'<a href="{LINK}" rel="noopener" target="_blank">ownml.co</a>'
        mention = f'<div style="margin-top:6px">{page.muted(MENTION)} {link}</div>'
        return page.frame(title, note, framing, f'<div style="{_GRID}">{boxes}</div>', decided, checks, mention)


def _typed(value: Any) -> str:
    """A number as somebody typed it."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _who(one: Canvas) -> str:
    return f"{one.actor.removeprefix('person:')} ({one.verified or 'the system’s word'})"


def goal(c: Canvas) -> str:
    """What is good enough: `roc_auc ≥ 0.75`; empty where nobody said."""
    found = c.success
    if found is None:
        return ""
    named = f"|{found.metric}|" if found.signed else found.metric
    return f"{named} {'≥' if found.higher_is_better else '≤'} {_typed(found.target)}"


def _told(one: Decision) -> list[tuple[str, str]]:
    runs = ", ".join(short(run) for run in one.runs)
    by = f"{one.actor.removeprefix('person:')}, {when(one.at_us)}"
    return [("options", ", ".join(one.options)), ("why", one.reason), ("runs", runs), ("by", by)]


def _pairs(rows: list[tuple[str, str]]) -> list[str]:
    told = [(f"  {name}", cut(value, 200)) for name, value in rows if value]
    return aligned(["", ""], told, [False, False])[1:]


def _long(text: str) -> str:
    """A text with its line breaks; what is very long opens."""
    if len(text) > _LONG:
        return page.opening(page.escape(cut(text, _LONG)), _kept(text))
    return _kept(text)


def _kept(text: str) -> str:
    return f'<span style="white-space:pre-wrap;overflow-wrap:anywhere">{page.escape(text)}</span>'


def _box(title: str, asks: str, text: str) -> str:
    said = _long(text) if text else page.muted(asks)
    return f'<div style="{_BOX}">{page.strong(title)}<div style="margin-top:2px">{said}</div></div>'


def _decided(one: Decision) -> str:
    line = f"{page.strong(cut(one.title, 200))} → {page.escape(cut(one.choice, 200))}"
    return page.opening(line, page.facts((name, _long(value)) for name, value in _told(one)))
