"""The process of a dashboard: gets its order on a pipe, serves, and ends when the pipe or whoever made it does."""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

from mlops_nb.errors import MlopsError
from mlops_nb.pages.settings import PORT, Settings
from mlops_nb.store.store import choose, close_all

_PORTS = 50
_GRACE_S = 1.0


def main() -> int:
    """Serve as told until told to end; returns the exit code."""
    parent = os.getppid()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    told = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not told:
        return 0
    choose(told.pop("folder"))
    settings = Settings(**(told | {"origins": tuple(told["origins"])}))
    try:
        server, port = _listening(settings)
    except MlopsError as error:
        _say({"error": error.what, "fix": error.fix})
        return error.exit_code
    loop = server.io_loop
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.add_callback_from_signal(loop.stop))
    threading.Thread(target=_end_with, args=(parent, loop), daemon=True).start()
    loop.add_callback(_say, {"port": port})
    server.start()
    loop.start()
    close_all()
    # Threads that still read the store would be waited for; nothing of theirs is worth that.
    sys.stderr.flush()
    os._exit(0)


def _listening(settings: Settings) -> tuple[Any, int]:
    from mlops_nb.pages.server import build

    for port in [settings.port] if settings.port else range(PORT, PORT + _PORTS):
        try:
            _try(settings.host, port)
            return build(settings, port), port
        except OSError as error:
            if error.errno == errno.EADDRINUSE and not settings.port:
                continue
            raise _refusal(error, settings, port) from None
    raise MlopsError(f"the ports {PORT} to {PORT + _PORTS - 1} are all taken", fix="--port NUMBER")


def _try(host: str, port: int) -> None:
    """Whether the port is free, before a server is built for it."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)


def _refusal(error: OSError, settings: Settings, port: int) -> MlopsError:
    if error.errno == errno.EADDRINUSE:
        return MlopsError(
            f"port {port} on {settings.host} is taken", fix="another --port, or none: then a free one is found"
        )
    if error.errno == errno.EACCES:
        return MlopsError(f"port {port} is only for the system's administrator", fix="a port from 1024 on")
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return MlopsError(f"{settings.host} is no address of this machine", fix="--host 127.0.0.1 or --host 0.0.0.0")
    return MlopsError(f"the dashboard can't listen on {settings.host}:{port}: {error.strerror or error}")


def _say(answer: dict[str, Any]) -> None:
    """Tell whoever started us, and from then on print to the log."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os.dup2(2, 1)


def _end_with(parent: int, loop: Any) -> None:
    """End when the pipe closes, or when the parent is another: a copy of the pipe may live in a fork of it."""
    while os.getppid() == parent:
        if select.select([0], [], [], 1.0)[0] and not os.read(0, 1):
            break
    loop.add_callback(loop.stop)
    time.sleep(_GRACE_S)
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
