"""What people write into documents, by the rules for every text that is kept."""

from __future__ import annotations

from mlops_nb.errors import InvalidInput
from mlops_nb.store import reasons


def worded(text: object, what: str) -> str:
    """A text as it may be kept: trimmed, secrets masked.

    Args:
        text: What somebody typed.
        what: How to call it in a refusal: 'decisions'.

    Raises:
        InvalidInput: Longer than 10,000 characters, or with control characters.
    """
    try:
        return str(reasons.checked(str(text), needed=False))
    except InvalidInput as error:
        raise InvalidInput(error.what.replace("the reason", what, 1), expected=error.expected) from None


def titled(text: object, what: str) -> str:
    """The same for what stands in one line and has to be there.

    Raises:
        InvalidInput: Nothing, more than 200 characters, or control characters.
    """
    said = " ".join(worded(text, what).split())
    if not said:
        raise InvalidInput(f"{what} is empty", expected="some words")
    if len(said) > LONGEST_TITLE:
        raise InvalidInput(f"{what} has {len(said):,} characters", expected=f"at most {LONGEST_TITLE}")
    return said


LONGEST_TITLE = 200
