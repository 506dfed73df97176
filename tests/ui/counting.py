"""The dashboard's server, which says how many sessions it holds when a line comes in.

`python -m tests.ui.counting FOLDER PORT`.
"""

from __future__ import annotations

import json
import sys
import threading

from mlops_nb.pages.server import build
from mlops_nb.pages.settings import Settings
from mlops_nb.pages.site import PAGES
from mlops_nb.store.store import choose


def main(folder: str, port: str) -> None:
    choose(folder)
    server = build(Settings(port=int(port)), int(port))

    def count() -> None:
        found = {page.slug: len(server.get_sessions(f"/{page.slug}")) for page in PAGES}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()

    def asked() -> None:
        for _ in sys.stdin:
            server.io_loop.add_callback(count)
        server.io_loop.add_callback(server.io_loop.stop)

    threading.Thread(target=asked, daemon=True).start()
    server.start()
    server.io_loop.add_callback(count)
    server.io_loop.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
