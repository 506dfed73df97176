"""A magic's line as words: quotes are respected, and a Python expression may stand last, as it was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mlops_nb.errors import InvalidInput
from mlops_nb.faces import commands
from mlops_nb.verbs import Verb

_WORD = re.compile(r"""\s*((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"'])+)""")
_PART = re.compile(r""""((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^"']+)""")


class Word(NamedTuple):
    """A word of a line: its text without quotes, and where it stands."""

    text: str
    start: int
    end: int


def words(line: str) -> list[Word]:
    """The words of a line.

    Raises:
        InvalidInput: A quote is not closed.
    """
    found, at = [], 0
    while line[at:].strip():
        match = _WORD.match(line, at)
        if match is None:
            raise InvalidInput("a quote is not closed", expected=f"a closing {line[at:].strip()[0]}")
        found.append(Word(_unquoted(match[1]), match.start(1), match.end(1)))
        at = match.end(1)
    return found


def _unquoted(word: str) -> str:
    return "".join(
        re.sub(r"\\([\"'\\])", r"\1", double or single) if double or single or not bare else bare
        for double, single, bare in _PART.findall(word)
    )


def parse(verb: Verb, line: str, evaluate: Callable[[str], Any]) -> dict[str, Any]:
    """The values of a verb's arguments from a magic's line.

    Args:
        verb: Which verb.
        line: What was typed after its name.
        evaluate: Gives the value of a Python expression (or the text itself, when that is a reference).

    Raises:
        InvalidInput: A word is wrong, missing or too many; a quote is not closed.
    """
    known = commands.arguments(verb)
    last = next((a for a in known if a.positional and (a.expression or a.rest)), None)
    if last is None:
        return commands.parse(verb, [word.text for word in words(line)])
    before = sum(1 for a in known if a.positional and a is not last)
    plain, text = _split(line, known, before)
    if last.rest and len(_lenient_words(text)) == 1:
        text = words(text)[0].text
    # Behind `--` nothing is a flag: an expression may begin with a minus.
    values = commands.parse(verb, [*plain, *(["--", text] if text else [])])
    for argument in known:
        if argument.expression and argument.name in values:
            values[argument.name] = evaluate(values[argument.name])
    for argument in known:
        if argument.arg.kind == "column" and not argument.many and argument.name in values:
            columns = next((getattr(values.get(a.name), "columns", ()) for a in known if a.expression), ())
            values[argument.name] = _column(values[argument.name], columns, evaluate)
    return values


def _column(text: str, columns: Iterable[Any], evaluate: Callable[[str], Any]) -> Any:
    """The name of a column, or else a variable's values."""
    if any(text == str(one) for one in columns):
        return text
    try:
        value = evaluate(text)
    except InvalidInput:
        return text
    # `max` and `type` are names of columns as well.
    return value if hasattr(value, "__len__") and not callable(value) else text


def _split(line: str, known: tuple[commands.Argument, ...], before: int) -> tuple[list[str], str]:
    """The flags and the first positional words, and the rest of the line as it was typed: the expression."""
    takes_value = {flag: a.type is not bool for a in known if not a.positional for flag in (a.flag, f"-{a.arg.short}")}
    plain: list[str] = []
    spans: list[tuple[int, int]] = []
    found = _lenient_words(line)
    i = positionals = 0
    while i < len(found):
        word = found[i]
        name = word.text.partition("=")[0]
        if name in takes_value or word.text in ("--help",):
            plain.append(word.text)
            if takes_value.get(name) and "=" not in word.text and i + 1 < len(found):
                i += 1
                plain.append(found[i].text)
        elif positionals < before:
            positionals += 1
            plain.append(word.text)
        else:
            spans.append((word.start, word.end))
        i += 1
    return plain, line[spans[0][0] : spans[-1][1]] if spans else ""


def _lenient_words(line: str) -> list[Word]:
    """Words of a line whose end is Python: a lone quote there is Python's business."""
    try:
        return words(line)
    except InvalidInput:
        return [Word(m[0], m.start(), m.end()) for m in re.finditer(r"\S+", line)]
