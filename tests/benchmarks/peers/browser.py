"""How long a person waits for a page: a cold Chromium, from going to the address until something is seen."""

from __future__ import annotations

import shutil
import socket
import statistics
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser of this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


def seen_after(browser: Any, url: str, *selectors: str, times: int = 5) -> tuple[list[float], int]:
    """Seconds until each selector is visible, in order, and the kilobytes that came: the medians of cold visits."""
    rounds: list[list[float]] = []
    sizes: list[int] = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        bodies: list[int] = []
        page.on("response", lambda r, bodies=bodies: bodies.append(int(r.headers.get("content-length", 0))))
        start = time.perf_counter()
        page.goto(url, wait_until="commit")
        found = []
        for selector in selectors:
            page.wait_for_selector(selector, timeout=60_000)
            found.append(time.perf_counter() - start)
        rounds.append(found)
        sizes.append(sum(bodies) // 1000)
        context.close()
    return [statistics.median(one) for one in zip(*rounds, strict=True)], int(statistics.median(sizes))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until_answers(url: str, seconds: float = 60) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            urlopen(url, timeout=5).read()
        except (URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
