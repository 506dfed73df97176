"""Why somebody did something: kept under a digest, so that it can be erased while the audit log stays whole.

The digest is BLAKE3 over a random salt and the text. The salt goes with the text when it is erased: what was short
could be guessed from a digest of the text alone.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput
from mlops_nb.store import artifacts
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

LONGEST = 10_000
ERASED = "(erased)"
# Line breaks and tabs may stand in it; what changes a terminal or the direction of a text may not.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ADD = "INSERT INTO reason(digest, salt, body) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING"
_MOST = 500


class Reason(str):
    """A reason as it is kept: a text, and the salt that its digest covers.

    Each has a salt of its own, so that the same words twice are two, and are erased one by one; one that is handed on
    (to a row and to the audit log) stays one.
    """

    __slots__ = ("salt",)
    salt: str

    def __new__(cls, text: str) -> Reason:
        """`text` with a new salt."""
        made = super().__new__(cls, text)
        made.salt = secrets.token_hex(16)
        return made

    @property
    def digest(self) -> str:
        """Its name."""
        return digest(self.salt, self)


def checked(text: str, needed: bool) -> Reason:
    """A reason as it may be kept: trimmed, one kind of line break, secrets masked.

    Args:
        text: What somebody typed.
        needed: Whether there must be one.

    Raises:
        InvalidInput: It is missing, too long (says how long), or holds control characters.
    """
    if isinstance(text, Reason) and (text or not needed):
        return text
    if not isinstance(text, str):
        raise InvalidInput(f"the reason is a {type(text).__name__}", expected="a text")
    said = text.strip().replace("\r\n", "\n")
    if needed and not said:
        raise InvalidInput("a reason is needed", expected="a sentence that says why", fix='--reason "…"')
    if len(said) > LONGEST:
        raise InvalidInput(f"the reason has {len(said):,} characters", expected=f"at most {LONGEST:,}")
    found = _CONTROL.search(said)
    if found:
        raise InvalidInput(
            f"the reason has a control character (U+{ord(found[0]):04X}) at place {found.start() + 1:,}",
            expected="a text of words and line breaks",
        )
    return Reason(mask(said))


def of_error(error: BaseException) -> Reason:
    """What went wrong as a reason: whatever an exception says, it may be kept."""
    said = _CONTROL.sub(" ", str(error)).strip() or type(error).__name__
    return checked(said[:LONGEST], needed=True)


def keep(connection: sqlite3.Connection, reason: str) -> str:
    """Keep what `checked` gave inside the caller's transaction; returns its digest. The same one twice is kept once."""
    kept = reason if isinstance(reason, Reason) else Reason(reason)
    connection.execute(_ADD, (kept.digest, kept.salt, str(kept)))
    return kept.digest


def digest(salt: str, body: str) -> str:
    """The name of a reason."""
    return artifacts.digest(f"{salt}{body}".encode())


def texts(store: Store, digests: Iterable[str]) -> dict[str, str]:
    """The reasons by their digests; '(erased)' where one was erased, '' for an empty digest."""
    wanted = list(dict.fromkeys(digests))
    found = dict.fromkeys(wanted, ERASED) | ({"": ""} if "" in wanted else {})
    for start in range(0, len(wanted), _MOST):
        some = wanted[start : start + _MOST]
        marks = ", ".join("?" * len(some))
        found |= store.query(f"SELECT digest, body FROM reason WHERE digest IN ({marks})", some)
    return found
