"""Pieces of HTML that all pages share. What comes from users and data is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from mlops_nb.show import stages
from mlops_nb.show.page import escape

# What addresses end with where Jupyter serves the scripts; and whether links lead nowhere, in a file that was saved.
_suffix: ContextVar[str] = ContextVar("mlops_nb_suffix", default="")
_still: ContextVar[bool] = ContextVar("mlops_nb_still", default=False)


@contextmanager
def linking(suffix: str, *, still: bool = False) -> Iterator[None]:
    """Inside the block, addresses end so; `still`: the HTML is for a file, without links and controls."""
    tokens = _suffix.set(suffix), _still.set(still)
    try:
        yield
    finally:
        _suffix.reset(tokens[0])
        _still.reset(tokens[1])


def still() -> bool:
    """Whether the HTML is for a file that was saved: nothing in it can be clicked."""
    return _still.get()


def href(address: str) -> str:
    """An address as the server at hand knows it, ready for an attribute."""
    slug, mark, query = address.partition("?")
    return escape(f"{slug}{_suffix.get()}{mark}{query}")


def link(text: str, address: str, *, here: bool = False, kind: str = "", title: str = "") -> str:
    """A link to another page; `here`: to another state of this one, without loading it anew.

    Args:
        text: HTML.
        address: Relative, as `run?run=01K3…`.
        here: Whether the page stays.
        kind: The class of the look.
        title: What it leads to, when the text does not say it.
    """
    look = f' class="{kind}"' if kind else ""
    if still():
        return f"<span{look}>{text}</span>"
    more = (" data-go" if here else "") + (f' title="{escape(title)}"' if title else "")
    return f'<a href="{href(address)}"{look}{more}>{text}</a>'


def button(text: str, do: str, *, kind: str = "", title: str = "", **fields: str) -> str:
    """A button that has Python do something: `do` names it, `fields` are its words."""
    if still():
        return ""
    said = "".join(f' data-{name}="{escape(value)}"' for name, value in fields.items())
    more = (f' class="{kind}"' if kind else "") + (f' title="{escape(title)}"' if title else "")
    return f'<button type="button" data-do="{escape(do)}"{said}{more}>{escape(text)}</button>'


def menu(text: str, inside: str, key: str) -> str:
    """A button that opens to what `inside` says, a form mostly; `key` tells it from the others of its page."""
    if still():
        return ""
    return f'<details class="menu" data-key="{key}"><summary>{escape(text)}</summary><div>{inside}</div></details>'


def copier(text: str, words: str) -> str:
    """A button that copies `words`."""
    return "" if still() else f'<button type="button" data-copy="{escape(words)}">{escape(text)}</button>'


def word(text: str) -> str:
    """A text as one word of a magic's line, quoted where it must be."""
    if re.fullmatch(r"[\w.~:@/-]+", text):
        return text
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def sign(mark: str, kind: str) -> str:
    """A sign and its word, like `● finished`; only the sign is coloured."""
    symbol, _, word = mark.partition(" ")
    return f'<span aria-hidden="true" class="{kind}">{escape(symbol)}</span> {escape(word)}'


def stage(stage: str, mark: str = "") -> str:
    """A stage with its sign, and `ungated` or `overridden` where that must be said; nothing for `none`."""
    shown = (
        sign(f"{stages.SIGNS[stage]} {stage}", stages.KINDS[stage]) if stage in stages.SIGNS and stage != "none" else ""
    )
    return f"{shown} {marked(mark)}".strip()


def marked(mark: str) -> str:
    """`▲ ungated`, `▲ overridden`; nothing where nothing must be said."""
    return sign(stages.mark_text(mark), "warn") if mark else ""


def tile(name: str, value: str, more: str = "", *, small: bool = False) -> str:
    """One number that matters; `value` and `more` are HTML."""
    look = "value small" if small else "value"
    below = f'<div class="more">{more}</div>' if more else ""
    return (
        f'<div class="tile"><div class="name" title="{escape(name)}">{escape(name)}</div>'
        f'<div class="{look}">{value}</div>{below}</div>'
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, one pair a line; values are HTML, empty ones are left out."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in pairs if value)
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def table(head: str, rows: Iterable[str], caption: str) -> str:
    """A table in a box that scrolls by keyboard too; head cells and rows are HTML."""
    return (
        f'<div class="scroll busyable" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="list"><caption class="hidden">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def trouble(sentence: str) -> str:
    """A refusal or an error, with its way out."""
    return f'<div class="trouble" role="alert" data-key="trouble">{escape(sentence)}</div>' if sentence else ""


def combo(name: str, value: str, label: str, *, kind: str, hint: str, wrong: bool = False, take: str = "") -> str:
    """A text field that Python completes.

    Args:
        name: Of the field.
        value: What it holds.
        label: What it is for, read out and not shown.
        kind: What completes it, as `Arg(kind=…)` says it.
        hint: What stands in it while it is empty.
        wrong: Whether what it holds can't be understood.
        take: 'submit' when choosing a candidate is all there is to do.
    """
    more = (' aria-invalid="true"' if wrong else "") + (f' data-take="{take}"' if take else "")
    return (
        f'<span class="combo"><input type="text" name="{name}" value="{escape(value)}" placeholder="{escape(hint)}" '
        f'aria-label="{escape(label)}" role="combobox" aria-expanded="false" aria-autocomplete="list" '
        f'aria-controls="list-{name}" autocomplete="off" spellcheck="false" data-complete="{kind}"{more}>'
        f'<ul id="list-{name}" role="listbox" aria-label="{escape(label)}" data-own hidden></ul></span>'
    )


def hidden(fields: Mapping[str, str]) -> str:
    """The fields of a form that are carried along."""
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
        if value
    )


def heading(title: str, lead: str = "", *, cell: str = "", csv: bool = False, above: str = "", tools: str = "") -> str:
    """The head of a page: its title, a sentence, and what every page offers: the cell, CSV and HTML.

    Args:
        title: HTML.
        lead: HTML; the sentence that says what matters.
        cell: What one would type in a notebook to get the same.
        csv: Whether there is a table to save.
        above: HTML over the title.
        tools: Further buttons.
    """
    said = '<span data-said role="status" aria-live="polite" data-own></span>'
    offered = [
        tools,
        copier("Copy as cell", cell) if cell else "",
        button("CSV", "csv", title="Save everything that matches as CSV") if csv else "",
        button("HTML", "html", title="Save this page as one HTML file"),
    ]
    tooled = "" if still() else f'<div class="tools">{said}{"".join(offered)}</div>'
    words = f'<p class="lead">{lead}</p>' if lead else ""
    return f'<div class="head"><div>{above}<h1 tabindex="-1">{title}</h1>{words}</div>{tooled}</div>'
