"""The pages of the registry, with 100 models of 3 versions, and of an audit log of 1,000,000 rows: first rows seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlops_nb as ml
from tests.benchmarks.auditing import fill_audit
from tests.benchmarks.peers.browser import chromium, seen_after
from tests.benchmarks.peers.measure import say
from tests.benchmarks.peers.small_models import MODELS, VERSIONS, small_models

OURS: dict[str, Any] = {"who": "mlops_nb", "package": "mlops_nb"}
ROWS = 1_000_000


def main() -> None:
    store = ml.store(Path("bench"))
    for name, model in small_models():
        version = ml.register(name, model)
        if version.version == VERSIONS:
            ml.stage(version.ref, "production", reason="the newest")
    server = ml.dashboard("registry")
    with chromium() as browser:
        (seen,), size = seen_after(browser, server.url, "td")
        said = f"{MODELS} models × {VERSIONS} versions; {size / 1000:.1f} MB"
        say("registry_page", seen, note=said, **OURS)
        # Not before: while a log of that length is walked along for the first time, everything is slower.
        fill_audit(store, ROWS)
        address = f"{server.url.rpartition('/')[0]}/audit"
        (seen,), size = seen_after(browser, address, "td")
        say("audit_page", seen, note=f"{ROWS:,} rows; {size / 1000:.1f} MB", **OURS)
    server.stop()


if __name__ == "__main__":
    main()
