"""Who acts: `person:ada`, `job:nightly`, `gate:…`, `service:…`. A notebook's actor is the system's word for it."""

from __future__ import annotations

import getpass
import os


def actor() -> str:
    """The actor of this process: `MLOPS_NB_ACTOR` (set for jobs and services), else the system's user."""
    named = os.environ.get("MLOPS_NB_ACTOR")
    if named:
        return named.encode("utf-8", "replace").decode()  # an environment may hold bytes that are no text
    try:
        return f"person:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return f"person:uid-{os.getuid()}"
