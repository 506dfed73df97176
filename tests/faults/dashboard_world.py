"""A real dashboard in a process of its own, and visitors who speak HTTP and web sockets to it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from pathlib import Path

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from mlops_nb.store.people import changing
from mlops_nb.store.people.entries import Entry
from mlops_nb.store.people.passwords import hashed
from mlops_nb.store.store import open_store

PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD)


def populate(folder: Path) -> None:
    """Ada may edit, Vic looks, Otto signs in by OAuth only."""
    store = open_store(folder)
    for name, entry in {
        "ada": Entry("editor", HASH),
        "vic": Entry("viewer", HASH),
        "otto": Entry("approver"),
        "otto@example.org": Entry("editor"),
    }.items():
        changing.put(store, name, lambda _, entry=entry: entry)


def visitor(url: str, **more: object) -> httpx.Client:
    """A browser of sorts: keeps cookies, follows no redirect by itself."""
    return httpx.Client(base_url=re.match(r"http://[^/]+", url)[0], timeout=20, trust_env=False, **more)  # type: ignore[index,arg-type]


def sign_in(client: httpx.Client, name: str = "ada", password: str = PASSWORD, then: str = "/home") -> httpx.Response:
    """Fill in the form and send it."""
    form = client.get("/login", params={"next": then}).text
    hidden = re.search(r'name="_xsrf" value="([^"]+)"', form)
    data = {"username": name, "password": password, "next": then, "_xsrf": hidden[1] if hidden else ""}
    return client.post("/login", data=data)


def reader(client: httpx.Client, path: str = "/home") -> str:
    """Whom a page takes the visitor for: 'ada, editor', or '' for nobody."""
    page = client.get(path)
    assert page.status_code == 200, page.text[:300]
    found = re.search(r"(\w[\w@. ]*, (?:viewer|editor|approver))", page.text)
    return found[1] if found else ""


def token(page: str) -> str:
    """The token that a page opens its web socket with."""
    return re.search(r'"token":"([^"]+)"', page.replace("&quot;", '"'))[1]  # type: ignore[index]


def greet(url: str, page_token: str, origin: str, cookies: dict[str, str] | None = None) -> str:
    """Open the web socket of a page and ask for all it shows; 'None' when it closes at once."""

    async def speak() -> str:
        request = HTTPRequest(url.replace("http", "ws", 1) + "/ws", headers=_headers(origin, cookies))
        connection = await websocket_connect(request, subprotocols=["bokeh", page_token])
        said = [await asyncio.wait_for(connection.read_message(), 20)]
        if said[0] is not None:
            for part in ({"msgid": "1", "msgtype": "PULL-DOC-REQ"}, {}, {}):
                await connection.write_message(json.dumps(part))
            while not any(isinstance(part, str) and "PULL-DOC-REPLY" in part for part in said[:-2]):
                said.append(await asyncio.wait_for(connection.read_message(), 20))
        connection.close()
        message = said[-1]
        while message is not None:
            message = await asyncio.wait_for(connection.read_message(), 20)
        return "".join(str(part) for part in said)

    return asyncio.run(speak())


def refusal(url: str, page_token: str, origin: str) -> int:
    """The status that a web socket is refused with; 101 when it is not."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": f"bokeh, {page_token}",
    }
    with visitor(url) as client, client.stream("GET", f"{url}/ws", headers=upgrade | _headers(origin, None)) as answer:
        return answer.status_code


def _headers(origin: str, cookies: dict[str, str] | None) -> dict[str, str]:
    cookie = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
    return {"Origin": origin} | cookie


def raw(url: str, path: str) -> str:
    """What the server answers to a path that no client of HTTP would send as it is; '' when it hangs up."""
    host, port = re.match(r"http://([\d.]+):(\d+)", url).groups()  # type: ignore[union-attr]
    with socket.create_connection((host, int(port)), 20) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        try:
            connection.sendall(request.encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except (ConnectionResetError, BrokenPipeError):
            return ""
