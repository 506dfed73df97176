"""How often somebody may guess a password."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 60.0
OF_NAME, OF_ADDRESS = 5, 20
_MOST_KEYS = 10_000


class Attempts:
    """Attempts to sign in of the last minute, by name and address, and by address alone.

    A name alone is not capped: anybody could keep its owner out. Each guess costs scrypt.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def take(self, name: str, address: str) -> bool:
        """Note an attempt; False when there were too many, and then it is not looked at."""
        keys = ((name, address), ("", address))
        self._prune()
        if any(len(self._of(key)) >= most for key, most in zip(keys, (OF_NAME, OF_ADDRESS), strict=True)):
            return False
        for key in keys:
            self._of(key).append(self._clock())
        return True

    def succeeded(self, name: str, address: str) -> None:
        """The attempt was the right one: it does not count."""
        for key in ((name, address), ("", address)):
            if self._of(key):
                self._of(key).pop()

    def _of(self, key: tuple[str, str]) -> deque[float]:
        found = self._seen.setdefault(key, deque())
        while found and self._clock() - found[0] > WINDOW_S:
            found.popleft()
        return found

    def _prune(self) -> None:
        if len(self._seen) < _MOST_KEYS:
            return
        old = [key for key, times in self._seen.items() if not times or self._clock() - times[-1] > WINDOW_S]
        for key in old or list(self._seen)[: _MOST_KEYS // 2]:
            del self._seen[key]
