"""Which names and keys are allowed. No name from a person or from data ever becomes a path."""

from __future__ import annotations

import re

from mlops_nb.errors import InvalidInput, brief

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}")
_KEY_LIMIT = 250


def name(text: object, what: str) -> str:
    """`text` trimmed, if it is a valid name of a thing (`what`: 'experiment', 'model' …).

    Raises:
        InvalidInput: Not 1 to 128 letters, digits, spaces, dots, underscores or hyphens.
    """
    trimmed = str(text).strip()
    if not _NAME.fullmatch(trimmed):
        raise InvalidInput(
            f"{brief(trimmed)} is not a valid {what} name",
            expected="1 to 128 letters, digits, spaces, '.', '_' or '-', beginning with a letter or digit",
        )
    return trimmed


def key(text: object, what: str) -> str:
    """`text`, if it is a valid key of a param, metric or tag.

    Raises:
        InvalidInput: Empty, longer than 250 characters, or with control characters.
    """
    text = str(text)
    if not text or len(text) > _KEY_LIMIT or not text.isprintable():
        raise InvalidInput(
            f"{brief(text)} is not a valid {what} key",
            expected="1 to 250 printable characters",
        )
    return text
