"""What a tracked cell prints and displays, seen on its way: identity and order of the outputs stay what they were."""

from __future__ import annotations

import base64
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

_LIMIT = 64_000
_FIGURES = 50


class Outputs:
    """Listens from its making until `close`."""

    def __init__(self, shell: Any) -> None:
        self.figures: list[bytes] = []
        self._chunks: deque[str] = deque()
        self._length = 0
        self._publisher = shell.display_pub if hasattr(shell.display_pub, "register_hook") else None
        if self._publisher is not None:
            self._publisher.register_hook(self._displayed)
        self._unhook: Callable[[], None] | None = None
        self._listen(sys.stdout)

    def _listen(self, stream: Any) -> None:
        write = stream.write

        def heard(text: str) -> Any:
            self._printed(text)
            return write(text)

        before = getattr(stream, "__dict__", {}).get("write")
        try:
            # On the object itself: whoever holds `sys.stdout` still holds the same one.
            stream.write = heard
        except AttributeError:  # a terminal's stream takes no attributes
            return

        def unhook() -> None:
            if stream.__dict__.get("write") is not heard:
                return  # somebody else listens too, and goes on
            if before is None:
                del stream.write
            else:
                stream.write = before

        self._unhook = unhook

    def _printed(self, text: str) -> None:
        self._chunks.append(text)
        self._length += len(text)
        while self._length > 2 * _LIMIT and len(self._chunks) > 1:
            self._length -= len(self._chunks.popleft())

    def _displayed(self, message: Any) -> Any:
        if message.get("header", {}).get("msg_type") == "display_data" or message.get("msg_type") == "display_data":
            picture = message["content"]["data"].get("image/png")
            if picture is not None and len(self.figures) < _FIGURES:
                self.figures.append(picture if isinstance(picture, bytes) else base64.b64decode(picture))
        return message

    def stdout(self) -> str:
        """The end of what was printed."""
        return "".join(self._chunks)[-_LIMIT:]

    def close(self) -> None:
        """Stop listening."""
        if self._publisher is not None:
            self._publisher.unregister_hook(self._displayed)
        if self._unhook is not None:
            self._unhook()
