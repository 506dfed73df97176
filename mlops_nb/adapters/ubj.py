"""Universal Binary JSON, as XGBoost writes it, as plain values: what is looked at before XGBoost may read it.

The format: ubjson.org, draft 12. Numbers are big-endian; arrays of numbers come as NumPy arrays, without a copy.
"""

from __future__ import annotations

import struct
from typing import Any

# Marker → NumPy's type, and the format of `struct` for one value of it.
_NUMBERS = {
    "i": (">i1", ">b"),
    "U": (">u1", ">B"),
    "I": (">i2", ">h"),
    "l": (">i4", ">i"),
    "L": (">i8", ">q"),
    "d": (">f4", ">f"),
    "D": (">f8", ">d"),
}
_WORDS = {"T": True, "F": False, "Z": None}


def read(data: bytes) -> dict[str, Any]:
    """The object in `data`.

    Raises:
        ValueError: Anything else than one whole object in which no key stands twice.
    """
    reader = _Reader(data)
    try:
        if reader.mark() != "{":
            raise ValueError("no object")
        found = reader.mapping()
    except (IndexError, KeyError, RecursionError, struct.error) as error:
        raise ValueError(f"no UBJSON at byte {reader.at}: {type(error).__name__}") from error
    if reader.at != len(data):
        raise ValueError("something follows the object")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def mark(self) -> str:
        self.at += 1
        return chr(self.data[self.at - 1])

    def number(self, mark: str) -> Any:
        layout = _NUMBERS[mark][1]
        (value,) = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return value

    def length(self) -> int:
        value = self.number(self.mark())
        if not isinstance(value, int) or not 0 <= value <= len(self.data) - self.at:
            raise ValueError("a length that the file does not have")
        return value

    def text(self) -> str:
        size = self.length()
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def value(self, mark: str) -> Any:
        if mark in _NUMBERS:
            return self.number(mark)
        if mark in _WORDS:
            return _WORDS[mark]
        if mark == "S":
            return self.text()
        if mark == "{":
            return self.mapping()
        if mark == "[":
            return self.array()
        raise ValueError(f"no such mark: {mark!r}")

    def mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while chr(self.data[self.at]) != "}":
            key = self.text()
            if key in found:  # which of the two another reader takes is not known
                raise ValueError(f"the key {key[:40]!r} stands twice")
            found[key] = self.value(self.mark())
        self.at += 1
        return found

    def array(self) -> Any:
        following = chr(self.data[self.at])
        if following == "$":
            self.at += 1
            return self.typed(self.mark())
        if following == "#":
            self.at += 1
            return [self.value(self.mark()) for _ in range(self.length())]
        items: list[Any] = []
        while (mark := self.mark()) != "]":
            items.append(self.value(mark))
        return items

    def typed(self, mark: str) -> Any:
        import numpy as np

        if self.mark() != "#":
            raise ValueError("a typed array without its length")
        dtype, count = np.dtype(_NUMBERS[mark][0]), self.length()
        found = np.frombuffer(self.data, dtype, count, self.at)
        self.at += found.nbytes
        return found
