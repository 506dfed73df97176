"""Every refusal that a person can see: one line that says what, what was expected, and the way out."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MlopsError(Exception):
    """A refusal: what is wrong, what was expected, the nearest valid name, and the command that fixes it.

    Faces turn it into one line (`UsageError` in a notebook, exit code in a shell, status over HTTP).
    """

    exit_code = 1

    def __init__(self, what: str, *, expected: str = "", nearest: str = "", fix: str = "") -> None:
        self.what, self.expected, self.nearest, self.fix = what, expected, nearest, fix
        super().__init__(self.line())

    def line(self) -> str:
        """The refusal as one line of text, without line breaks or control characters."""
        parts = [self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.nearest:
            parts.append(f"did you mean {self.nearest!r}?")
        if self.fix:
            parts.append(f"try: {self.fix}")
        text = "; ".join(parts)
        return "".join(c if c.isprintable() else " " for c in text)


class InvalidInput(MlopsError):  # noqa: N818 (read as a sentence: "invalid input: …")
    """What was typed or passed can't be understood or is not allowed."""

    exit_code = 2


class NotFound(MlopsError):  # noqa: N818
    """No such run, model, dataset, deployment, file …"""

    exit_code = 3


class Refused(MlopsError):  # noqa: N818
    """A rule of the house says no: a gate, a hold, an untrusted file."""

    exit_code = 4


class StoreError(MlopsError):
    """The store can't be opened, read or written; nothing was half-written."""


class Corrupt(StoreError):  # noqa: N818
    """Bytes at rest are not what was written: a damaged artifact or database page."""


class MissingExtra(MlopsError):  # noqa: N818
    """An optional dependency is not installed; says the exact `pip install` line."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed",
            fix=f'pip install "mlops_nb[{extra}]"',
            expected=f"the extra [{extra}]",
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """The valid name closest to `name`, or an empty string when none is close."""
    found = difflib.get_close_matches(str(name)[:200], list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def brief(value: object, limit: int = 60) -> str:
    """A user's value, cut and quoted so that it fits in a one-line message."""
    text = repr(value) if not isinstance(value, str) else repr(value[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quoted(name: str) -> str:
    """A name as it is typed in a magic or a shell: in quotes when it holds a space."""
    return f'"{name}"' if " " in name else name
