"""Tab completion of magics, within 50 ms or not at all."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from mlops_nb.verbs import BY_MAGIC

_LINE = re.compile(r"^\s*(?:\w+\s*=\s*)?%%?(?P<words>.+)$")
_NAME = re.compile(r"[A-Za-z_][\w.]*$")
_SECONDS = 0.05


class Matcher:
    """An IPython matcher (version 2): context in, candidates out."""

    matcher_api_version = 2
    matcher_identifier = "mlops_nb"
    matcher_priority = 1000.0

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.__name__ = self.__qualname__ = "mlops_nb"

    def __call__(self, context: Any) -> dict[str, Any]:
        """Candidates for the word before the cursor, if the line is one of our magics."""
        from IPython.core.completer import SimpleCompletion

        found, typed = self._within_limit(context.line_with_cursor[: context.cursor_position])
        # IPython replaces its own idea of the token, which may be shorter than the word: `best:au` → `au`.
        token = context.token
        cut = len(typed) - len(token) if typed.endswith(token) else 0
        shown = [SimpleCompletion(word[cut:], type="mlops_nb") for word in found]
        return {"completions": shown, "suppress": bool(shown)}

    def _within_limit(self, line: str) -> tuple[list[str], str]:
        outcome: list[tuple[list[str], str]] = []
        worker = threading.Thread(target=lambda: outcome.append(_complete(line, self._python)), daemon=True)
        worker.start()
        worker.join(_SECONDS)
        return outcome[0] if outcome else ([], "")

    def _python(self, typed: str) -> list[str]:
        """Candidates for a Python expression, as IPython completes one elsewhere."""
        found = _NAME.search(typed)
        if found is None:
            return []
        completer, name = self.shell.Completer, found[0]
        matches = completer.attr_matches(name) if "." in name else completer.global_matches(name)
        return [typed[: found.start()] + match for match in matches]


def _complete(line: str, python: Callable[[str], list[str]]) -> tuple[list[str], str]:
    from mlops_nb.errors import MlopsError
    from mlops_nb.faces.complete import candidates

    found = _LINE.match(line)
    if found is None:
        return [], ""
    text = found["words"]
    spoken = max((s for s in BY_MAGIC if text.startswith(s + " ")), key=len, default="")
    first, space, typed = text.partition(" ")
    further = [s.removeprefix(f"{first} ") for s in BY_MAGIC if space and s.startswith(f"{first} ")]
    words = [word for word in further if word.startswith(typed)]
    if not spoken:
        return words, typed
    try:
        found_words, last = candidates(BY_MAGIC[spoken], text[len(spoken) + 1 :], python)
        return ([*words, *found_words] if last == typed else found_words), last
    except MlopsError:
        return [], ""
