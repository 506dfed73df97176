"""HTML made here, kept in step in the browser; what is clicked there comes back as words. See `live.js`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

_PART = 400_000


@cache
def asset(name: str) -> str:
    """The text of a file of this folder."""
    return (resources.files("mlops_nb.pages.frame") / name).read_text("utf-8")


class Live(JSComponent):
    """A part of a page.

    Args:
        html: What it shows. Everything from users and data in it is escaped already.
        look: The class of the outermost element: 'page' for content.
        greets: Whether it tells the reader's zone and theme once it stands; one part of a page does.
        told: Called with each message from the browser.
    """

    html = param.String(default="")
    look = param.String(default="")
    greets = param.Boolean(default=False)

    _esm = asset("live.js")
    _stylesheets: ClassVar[list[str]] = [asset("style.css")]

    def __init__(self, told: Callable[[Live, Mapping[str, Any]], None], **params: Any) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._told = told

    def _handle_msg(self, data: Any) -> None:
        if isinstance(data, Mapping):
            self._told(self, data)

    def tell(self, **message: Any) -> None:
        """Send a message to the browser: `said=` a sentence, `leave=` an address, `complete=` candidates."""
        self._send_msg(message)

    def save(self, name: str, kind: str, content: str) -> None:
        """Have the browser save a file."""
        for start in range(0, len(content), _PART):
            self.tell(part=content[start : start + _PART])
        self.tell(save={"name": name, "type": kind, "said": f"{name} was saved"})

    def save_bytes(self, name: str, content: bytes) -> None:
        """Have the browser save bytes."""
        self.tell(bytes=base64.b64encode(content).decode("ascii"))
        self.tell(save={"name": name, "type": "application/octet-stream", "said": f"{name} was saved"})
