"""A real kernel for tests: cells go in, what a front end would see comes out."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

# What was left to be saved is saved: silent code has no events, and so no barrier.
_SETTLED = """
if 'mlops_nb.runs.capture.finishing' in __import__('sys').modules:
    __import__('sys').modules['mlops_nb.runs.capture.finishing'].wait()
"""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Ran:
    """What came of a cell. `outputs`: (type, text) in order, without the line of a tracked cell."""

    status: str
    outputs: list[tuple[str, str]] = field(default_factory=list)
    line: str = ""
    ename: str = ""
    content: dict[str, Any] = field(default_factory=dict)

    def text(self, kind: str = "") -> str:
        return "".join(text for found, text in self.outputs if not kind or found == kind)


class Kernel:
    """One ipykernel in a folder, with a store of its own there."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            cwd=str(folder), env={**os.environ, "MLOPS_NB_STORE": str(folder / ".mlops"), "MLOPS_NB_SPARE": "0", **env}
        )
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, **options: Any) -> Ran:
        return self.collect(self.send(code, **options))

    def send(self, code: str, cell_id: str | None = None, stop_on_error: bool = False) -> str:
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
                   "stop_on_error": stop_on_error}  # fmt: skip
        message = self.client.session.msg("execute_request", content)
        if cell_id:
            message["metadata"]["cellId"] = cell_id
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def collect(self, message: str, timeout: float = 120) -> Ran:
        ran = Ran("unknown")
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = self.client.get_iopub_msg(timeout=timeout)
            if found["parent_header"].get("msg_id") != message:
                continue
            kind, content = found["msg_type"], found["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            self._add(ran, kind, content)
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == message:
                ran.status, ran.content = reply["content"]["status"], reply["content"]
                ran.ename = reply["content"].get("ename", "")
                return ran

    def _add(self, ran: Ran, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            if ran.outputs and ran.outputs[-1][0] == content["name"]:
                ran.outputs[-1] = (content["name"], ran.outputs[-1][1] + content["text"])
            else:
                ran.outputs.append((content["name"], content["text"]))
        elif kind in ("display_data", "execute_result"):
            text = content["data"].get("text/plain", "")
            if kind == "display_data" and text.startswith(("●", "✕", "◍", "○")):
                ran.line = text
            else:
                ran.outputs.append((kind, text))
        elif kind == "error":
            ran.outputs.append((kind, _ANSI.sub("", "\n".join(content["traceback"]))))

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel, which must have a repr that reads back."""
        import ast

        content = self.client.execute_interactive(
            _SETTLED, silent=True, store_history=False, user_expressions={"v": expression}, timeout=60
        )["content"]
        found = content["user_expressions"]["v"]
        assert found["status"] == "ok", found
        return ast.literal_eval(found["data"]["text/plain"])

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
