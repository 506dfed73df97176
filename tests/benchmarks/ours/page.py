"""The page of runs among 100,000: until rows are seen, until it answers clicks, a filter; visitors and their memory."""

from __future__ import annotations

import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

import psutil

import mlops_nb as ml
from tests.benchmarks.peers.browser import chromium, seen_after
from tests.benchmarks.peers.measure import say
from tests.benchmarks.search import RUNS, fill_runs

OURS: dict[str, Any] = {"who": "mlops_nb", "package": "mlops_nb", "items": RUNS}
READY = ":root[data-ready=true]"
VISITORS = 10


def memory(pid: int) -> float:
    """Megabytes that the server holds and shares with nobody."""
    return float(psutil.Process(pid).memory_full_info().uss / 1e6)


def filtered(browser: Any, url: str, times: int = 5) -> float:
    """Seconds from Enter until the rows of another filter are there."""
    page = browser.new_context().new_page()
    page.goto(url)
    page.wait_for_selector(READY, state="attached")
    field = page.locator("input[data-complete=where]")
    taken = []
    for number in range(times):
        field.fill(f"metrics.auc > 0.8 and params.depth = {number + 2}")
        start = time.perf_counter()
        field.press("Enter")
        page.wait_for_function(f"location.search.includes('depth+%3D+{number + 2}')")
        taken.append(time.perf_counter() - start)
    page.context.close()
    return statistics.median(taken)


def crowd(browser: Any, url: str, count: int) -> tuple[float, list[Any]]:
    """Seconds until so many who come at once all have a page that answers, and their pages."""
    pages = [browser.new_context().new_page() for _ in range(count)]
    start = time.perf_counter()
    for page in pages:
        page.goto(url, wait_until="commit")
    for page in pages:
        page.wait_for_selector(READY, state="attached", timeout=60_000)
    return time.perf_counter() - start, pages


def main() -> None:
    store = ml.store(Path("bench"))
    store.write(lambda _: None)
    with sqlite3.connect(store.path) as connection:
        fill_runs(connection)
    connection.close()
    server = ml.dashboard("runs")
    url = f"{server.url}?where=metrics.auc+%3E+0.8+and+params.model+%3D+%27hgb%27&sort=-metrics.auc"
    with chromium() as browser:
        (seen, ready), size = seen_after(browser, url, "td", f"{READY} >> visible=true")
        say("page", seen, note=f"{size / 1000:.1f} MB", **OURS)
        say("page_ready", ready, **OURS)
        say("page_filter", filtered(browser, url), **OURS)
        before = memory(server.pid)
        _, first = crowd(browser, url, 1)
        one = memory(server.pid)
        taken, others = crowd(browser, url, VISITORS)
        ten = memory(server.pid)
        say("visitor", max(one - before, (ten - one) / VISITORS), note=f"server {before:.0f} MB without", **OURS)
        say("ten_visitors", taken, **OURS)
        for page in first + others:
            page.context.close()
    server.stop()


if __name__ == "__main__":
    main()
