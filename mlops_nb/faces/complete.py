"""Candidates for the word at the end of a magic's line or a command line, from the verb's signature and the store."""

from __future__ import annotations

from collections.abc import Callable

from mlops_nb import references
from mlops_nb.errors import MlopsError
from mlops_nb.faces import commands
from mlops_nb.faces.lines import Word, words
from mlops_nb.store.store import current
from mlops_nb.verbs import Verb


def candidates(verb: Verb, line: str, python: Callable[[str], list[str]] = lambda _: []) -> tuple[list[str], str]:
    """Candidates for the last word of `line`, and that word as typed so far.

    Args:
        verb: Whose line it is.
        line: What was typed after its name.
        python: Completes an expression; only a notebook can.
    """
    try:
        found = words(line)
    except MlopsError:
        found = words(line + line[max(line.rfind('"'), line.rfind("'"))])
    typed = found[-1].text if found and not line[-1:].isspace() else ""
    before = found[:-1] if typed else found
    argument = _argument(verb, before)
    value = argument is not None and not argument.positional
    if typed.startswith("-") and not value:  # after `--sort`, `-metrics.auc` is no flag
        return [a.flag for a in commands.arguments(verb) if not a.positional and a.flag.startswith(typed)], typed
    if argument is None:
        return [], typed
    if argument.expression:
        return python(typed), typed
    return of_kind(argument.arg.kind, typed), typed


def _argument(verb: Verb, before: list[Word]) -> commands.Argument | None:
    """Which argument the next word belongs to."""
    known = commands.arguments(verb)
    flags = {name: a for a in known if not a.positional for name in (a.flag, f"-{a.arg.short}")}
    if before and before[-1].text in flags and flags[before[-1].text].type is not bool:
        return flags[before[-1].text]
    count, i = 0, 0
    while i < len(before):
        flag = flags.get(before[i].text)
        i += 2 if flag is not None and flag.type is not bool else 1
        count += flag is None
    positional = [a for a in known if a.positional]
    if positional and positional[-1].many:
        return positional[min(count, len(positional) - 1)]
    return positional[count] if count < len(positional) else None


def of_kind(kind: str | tuple[str, ...], typed: str) -> list[str]:
    """Candidates of one kind that begin with what was typed."""
    if isinstance(kind, tuple):
        return [word for word in kind if word.startswith(typed)]
    return references.complete(current(), kind, typed)
