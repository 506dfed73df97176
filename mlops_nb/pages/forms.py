"""Forms in which somebody writes for a while: what they typed stays until Python takes the form away.

Such a form is left alone by what the page reads anew (`data-own`), whoever saves meanwhile; another `key` is another,
new form. It sleeps in the page as it was first sent, for nothing would keep what is typed there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_nb.pages import markup
from mlops_nb.show.page import escape


def kept(do: str, key: str, inside: str, **hidden: str) -> str:
    """The form; `inside` is HTML, `hidden` are words that go with it.

    Args:
        do: What Python does with it.
        key: Tells the form from others, also from itself after it was saved; buttons elsewhere name it by this.
        inside: Its fields.
        hidden: What the form began with, to be sent along: the revision, the digest that was looked at.
    """
    if markup.still():
        return ""
    return (
        f'<form id="{escape(key)}" data-do="{do}" data-key="{escape(key)}" data-own>'
        f'<fieldset class="plain" disabled data-wakes>{markup.hidden(hidden)}{inside}</fieldset></form>'
    )


def send(text: str, key: str = "", *, name: str = "", value: str = "", kind: str = "main") -> str:
    """A button that sends the form of a key, or the one that it stands in; with a word of its own, if it has one."""
    to = f' form="{escape(key)}"' if key else ""
    word = f' name="{name}" value="{escape(value)}"' if name else ""
    return f'<button type="submit"{to}{word} class="{kind}" disabled data-wakes>{escape(text)}</button>'


def line(name: str, title: str, value: str = "", *, asks: str = "", number: bool = False, needed: bool = False) -> str:
    """A field of one line."""
    more = (' inputmode="decimal"' if number else "") + (" required" if needed else "")
    return _labelled(
        name, title, asks, f'<input type="text" {_named(name, asks)} value="{escape(value)}" autocomplete="off"{more}>'
    )


def area(name: str, title: str, value: str = "", *, asks: str = "", rows: int = 4, needed: bool = False) -> str:
    """A field of several lines."""
    more = " required" if needed else ""
    # A browser takes away one line break that a field begins with.
    begun = "\n" if value.startswith("\n") else ""
    return _labelled(
        name, title, asks, f'<textarea {_named(name, asks)} rows="{rows}"{more}>{begun}{escape(value)}</textarea>'
    )


def choice(
    name: str, title: str, options: Iterable[str] | Mapping[str, str], value: str = "", *, asks: str = ""
) -> str:
    """A field that takes one of some words; a mapping says how each is shown."""
    shown = options if isinstance(options, Mapping) else {one: one for one in options}
    made = "".join(
        f'<option value="{escape(one)}"{" selected" if one == value else ""}>{escape(said)}</option>'
        for one, said in shown.items()
    )
    return _labelled(name, title, asks, f"<select {_named(name, asks)}>{made}</select>")


def _named(name: str, asks: str) -> str:
    described = f' aria-describedby="asks-{name}"' if asks else ""
    return f'id="field-{name}" name="{name}"{described}'


def _labelled(name: str, title: str, asks: str, control: str) -> str:
    hint = f'<div class="asks" id="asks-{name}">{escape(asks)}</div>' if asks else ""
    return f'<div class="field"><label for="field-{name}">{escape(title)}</label>{hint}{control}</div>'
