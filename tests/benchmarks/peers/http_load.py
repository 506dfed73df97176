"""Requests over HTTP/1.1 on connections that stay open, each sent when the answer before it came.

One loop over plain sockets, the same for every server: `python http_load.py HOST PORT PATH BODY SECONDS CONNECTIONS`.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen


class Connection:
    """One client: the answer that it waits for, and since when."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.send()

    def send(self) -> None:
        self.buffer, self.size = b"", 0
        self.sent = time.perf_counter()
        self.socket.sendall(self.request)

    def receive(self) -> int | None:
        """Read what is there; the status when the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.buffer += part
        if not self.size:
            self.size = whole_size(self.buffer)
        chunked = self.size < 0 and self.buffer.endswith(b"0\r\n\r\n")
        return int(self.buffer[9:12]) if chunked or 0 < self.size <= len(self.buffer) else None


def whole_size(buffer: bytes) -> int:
    """Bytes of head and body; 0 while the head is not whole, -1 when the body comes in chunks."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    lower = buffer[:head].lower()
    at = lower.find(b"content-length:")
    return -1 if at < 0 else head + 4 + int(lower[at + 15 :].split(b"\r\n", 1)[0])


def drive(host: str, port: int, path: str, body: bytes, during: float, connections: int) -> dict[str, Any]:
    """Answers per second, latency in seconds and how many answers were not 200."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        one = Connection(host, port, request)
        selector.register(one.socket, selectors.EVENT_READ, one)
    taken: list[float] = []
    refused = 0
    start = time.perf_counter()
    while time.perf_counter() - start < during:
        for key, _ in selector.select(1.0):
            one = key.data
            status = one.receive()
            if status is not None:
                taken.append(time.perf_counter() - one.sent)
                refused += status != 200
                one.send()
    return {**summary(taken, time.perf_counter() - start), "refused": refused}


def summary(taken: list[float], during: float) -> dict[str, float]:
    ordered = sorted(taken) or [float("inf")]
    at = {"p50": 0.5, "p99": 0.99}
    return {"per_s": len(taken) / during} | {name: ordered[int(part * len(ordered))] for name, part in at.items()}


def apart(url: str, body: bytes, folder: Path, during: float = 5.0, connections: int = 8) -> dict[str, Any]:
    """Drive a server from a process of its own, after half a second that is not counted."""
    host, _, port = url.split("/")[2].partition(":")
    (folder / "body.json").write_bytes(body)
    command = [sys.executable, __file__, host, port, "/" + url.split("/", 3)[3], str(folder / "body.json")]
    for length in (0.5, during):
        done = subprocess.run([*command, str(length), str(connections)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ask(url: str, body: bytes | None = None) -> bytes:
    """One request, as any client would send it."""
    with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=60) as answer:
        return bytes(answer.read())


def answer_when_up(url: str, body: bytes, limit: float = 60.0) -> bytes:
    """The first answer of a server that is starting."""
    end = time.perf_counter() + limit
    while True:
        try:
            return ask(url, body)
        except OSError:  # HTTPError too: a server may listen before its model is loaded
            if time.perf_counter() > end:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    address, number, where, file, lasting, many = sys.argv[1:]
    measured = drive(address, int(number), where, Path(file).read_bytes(), float(lasting), int(many))
    sys.stdout.write(json.dumps(measured))
