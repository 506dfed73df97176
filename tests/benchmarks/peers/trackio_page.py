"""Trackio's page with 5 runs: until the first of them is seen."""

from __future__ import annotations

import trackio
from browser import chromium, seen_after
from measure import say

RUNS = 5

for i in range(RUNS):
    trackio.init(project="page", name=f"run-number-{i}")
    for step in range(50):
        trackio.log({"loss": 1 / (step + 1 + i)}, step=step)
    trackio.finish()

shown = trackio.show(project="page", open_browser=False, block_thread=False)
url = next(part for part in shown if isinstance(part, str) and part.startswith("http://127.0.0.1"))
with chromium() as browser:
    (seen,), size = seen_after(browser, url, "text=run-number-0", times=3)
say("page", seen, items=RUNS, note=f"{size / 1000:.1f} MB", who="Trackio", package="trackio")
