"""Who acts: `person:ada`, `job:nightly`, `gate:…`, `service:…`. A notebook's actor is the system's word for it."""

from __future__ import annotations

import getpass
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class _Acting(NamedTuple):
    """Somebody whose name was checked, and the thread that acts for them."""

    actor: str
    verified: str
    thread: int


_acting: ContextVar[_Acting | None] = ContextVar("mlops_nb acting", default=None)


@contextmanager
def acting(name: str, verified: str) -> Iterator[None]:
    """Have what this thread does in the block done in somebody's name.

    Args:
        name: The person, `ada` or `person:ada`.
        verified: How that was checked: 'basic auth', 'oauth:github'.
    """
    token = _acting.set(_Acting(name if ":" in name else f"person:{name}", verified, threading.get_ident()))
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> str:
    """The person of `acting`, else `MLOPS_NB_ACTOR` (set for jobs and services), else the system's user."""
    now = _now()
    if now is not None:
        return now.actor
    named = os.environ.get("MLOPS_NB_ACTOR")
    if named:
        return named.encode("utf-8", "replace").decode()  # an environment may hold bytes that are no text
    try:
        return f"person:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return f"person:uid-{os.getuid()}"


def verified() -> str:
    """How the actor's name was checked; empty when it is only the system's word for it."""
    now = _now()
    return now.verified if now is not None else ""


def _now() -> _Acting | None:
    found = _acting.get()
    # Copied contexts, and free-threaded Pythons, would carry it into threads that go on after the block.
    return found if found is not None and found.thread == threading.get_ident() else None
