"""What a tracked cell prints and displays, seen on its way: identity and order of the outputs stay what they were."""

from __future__ import annotations

import base64
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

_LIMIT = 64_000
_FIGURES = 50
_KINDS = ("display_data", "execute_result")


class Outputs:
    """Listens from its making until `close`."""

    def __init__(self, shell: Any) -> None:
        self.figures: list[bytes] = []
        self._chunks: deque[str] = deque()
        self._length = 0
        # What is displayed, and what is the value of the last expression.
        found = (getattr(shell, "display_pub", None), getattr(shell, "displayhook", None))
        self._publishers: list[Any] = [publisher for publisher in found if hasattr(publisher, "register_hook")]
        for publisher in self._publishers:
            publisher.register_hook(self._displayed)
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
        try:
            kind = message.get("msg_type") or message["header"]["msg_type"]
            picture = message["content"]["data"].get("image/png") if kind in _KINDS else None
            if picture is not None and len(self.figures) < _FIGURES:
                self.figures.append(picture if isinstance(picture, bytes) else base64.b64decode(picture))
        except Exception:  # noqa: BLE001 (a picture that is none of ours is shown all the same)
            return message
        return message

    def stdout(self) -> str:
        """The end of what was printed."""
        return "".join(self._chunks)[-_LIMIT:]

    def close(self) -> None:
        """Stop listening."""
        for publisher in self._publishers:
            publisher.unregister_hook(self._displayed)
        if self._unhook is not None:
            self._unhook()
