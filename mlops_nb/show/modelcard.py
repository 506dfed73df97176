"""Model cards: in a cell, and as one file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from mlops_nb.show import page
from mlops_nb.show.table import aligned
from mlops_nb.show.words import cut

if TYPE_CHECKING:
    from mlops_nb.registry.cards.model import ModelCard, Word

_STYLE = (
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;background:Canvas;color:CanvasText;"
    "font-family:system-ui,sans-serif;line-height:1.45;overflow-wrap:anywhere}h1{font-size:1.5rem;margin:0 0 .5rem}"
)


def view(value: ModelCard) -> CardView:
    """One card."""
    return CardView(value)


class CardView:
    """A card: scores, what people say, what the machine knows."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    def _scores(self) -> list[tuple[str, str]]:
        known, facts = self.card.machine
        said, needed = self.card.human
        missing = f"; missing: {', '.join(self.card.missing)}" if self.card.missing else ""
        return [
            ("stage", " ".join(one for one in (self.card.stage, self.card.mark) if one)),
            ("known", f"{known} of {facts} by the machine"),
            ("said", f"{said} of {needed} by people{missing}"),
        ]

    def _note(self, word: Word) -> str:
        if word.carried:
            return f"carried over from {self.card.model}/{word.carried}"
        return "from the canvas" if word.origin else ""

    def text(self) -> str:
        """As text."""
        lines = [f"card of {self.card.ref}", *_lines(self._scores()), ""]
        lines += _lines([(one.title, self._said(one)) for one in self.card.words if one.text or one.needed])
        for section, facts in groupby(self.card.facts, key=lambda one: one.section):
            shown = [(one.name, cut(one.value, 120) or f"not known; try: {one.fix}") for one in facts]
            lines += ["", section, *_lines(shown)]
        return "\n".join(lines)

    def _said(self, word: Word) -> str:
        if not word.text:
            return f"not said: {word.asks}"
        note = self._note(word)
        return f"{cut(word.text, 120)}{f' ({note})' if note else ''}"

    def html(self) -> str:
        """As HTML."""
        title = f"<div>{page.strong(f'card of {self.card.ref}')}</div>"
        return page.frame(title, *self.body())

    def body(self) -> Iterator[str]:
        """Everything under the title, as HTML."""
        yield page.facts((name, page.escape(value)) for name, value in self._scores())
        yield page.heading("What people say")
        yield page.facts((one.title, self._word(one)) for one in self.card.words if one.text or one.needed)
        for section, facts in groupby(self.card.facts, key=lambda one: one.section):
            yield page.heading(section)
            yield page.facts((one.name, page.escape(one.value) or _unknown(one.fix)) for one in facts)

    def _word(self, word: Word) -> str:
        if not word.text:
            return page.sign("? not said", "warn") + " " + page.muted(word.asks)
        note = self._note(word)
        said = page.escape(word.text).replace("\n", "<br>")
        return f"{said} {page.muted(f'({note})')}" if note else said


def _unknown(fix: str) -> str:
    return page.sign("? not known", "warn") + (f" {page.muted('try')} {page.mono(fix)}" if fix else "")


def _lines(pairs: list[tuple[str, str]]) -> list[str]:
    return ["  " + line for line in aligned(["", ""], pairs, [False, False])[1:]]


def document(card: ModelCard) -> str:
    """A card as one HTML document: no script, nothing is fetched, light or dark as the reader's system is."""
    name = page.escape(f"Model card: {card.ref}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>'
    shown = page.frame(*CardView(card).body())
    scheme = '<meta name="color-scheme" content="light dark">'
    body = f"<main><h1>{name}</h1>{shown}</main>"
    return (
        f'<!doctype html><html lang="en"><head>{head}{scheme}<style>{_STYLE}</style></head><body>{body}</body></html>'
    )
