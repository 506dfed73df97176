"""Who acts: `person:ada`, `job:nightly`, `gate:…`, `service:…`, and how that was checked.

In this order: whoever signed in (`acting`), the person whose key stands in `MLOPS_NB_KEY`, `MLOPS_NB_ACTOR` (set for
jobs and services), the person whose key this user keeps (`people key --keep`), the operating system's user. A key that
is nobody's stops no recording: the name is then the system's word, and what needs a checked name says why it has none.
"""

from __future__ import annotations

import getpass
import os
import pwd
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlops_nb.errors import Refused, StoreError

KEY, NAMED = "MLOPS_NB_KEY", "MLOPS_NB_ACTOR"
BY_KEY = "key"
_PERSON = "person:"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts.

    Args:
        actor: `person:ada`, `job:nightly`.
        verified: How the name was checked: 'key', 'basic auth', 'oauth:github'; empty: it is the system's word for it.
        system: How the operating system calls the user whose process this is; empty for whoever signed in to a page.
        trouble: Why a key that is there did not count, without its end: 'the key in MLOPS_NB_KEY is nobody's …'.
    """

    actor: str
    verified: str = ""
    system: str = ""
    trouble: str = ""

    @property
    def person(self) -> str:
        """The person's name; empty for a job, a gate, a service."""
        return self.actor.removeprefix(_PERSON) if self.actor.startswith(_PERSON) else ""


class _Acting(NamedTuple):
    """Somebody whose name was checked, and the thread that acts for them."""

    who: Who
    thread: int


class _Sight(NamedTuple):
    """All that an answer depends on: while nothing of it changes, nothing is read again."""

    key: str
    named: str
    user: int
    people: object
    keys: object


_acting: ContextVar[_Acting | None] = ContextVar("mlops_nb acting", default=None)
_seen: dict[Path, tuple[_Sight, Who]] = {}


@contextmanager
def acting(name: str, verified: str, system: str = "") -> Iterator[None]:
    """Have what this thread does in the block done in somebody's name.

    Args:
        name: The person, `ada` or `person:ada`.
        verified: How that was checked: 'basic auth', 'oauth:github'.
        system: How the operating system calls them, when it is their process.
    """
    who = Who(name if ":" in name else f"{_PERSON}{name}", verified, system)
    token = _acting.set(_Acting(who, threading.get_ident()))
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def acting_by_key(folder: Path, key: str) -> Iterator[None]:
    """Have what this thread does in the block done in the name of the person whose key this is.

    Args:
        folder: The `.mlops` folder whose people are asked.
        key: As `people key` made it.

    Raises:
        Refused: It is nobody's in this project.
        StoreError: people.json is damaged.
    """
    name = _owner(folder, key)
    if not name:
        raise Refused(f"the key that was given {_nobodys(folder)}", fix="mlops-nb people key NAME makes one")
    with acting(name, BY_KEY, user()):
        yield


def identify(folder: Path) -> Who:
    """Who acts in the project whose `.mlops` folder this is. Never refuses; asked again, it costs microseconds."""
    found = _acting.get()
    # Copied contexts, and free-threaded Pythons, would carry it into threads that go on after the block.
    if found is not None and found.thread == threading.get_ident():
        return found.who
    key, named = os.environ.get(KEY, ""), os.environ.get(NAMED, "")
    people = _stamp(f"{folder}/people.json")
    keys = _stamp(_kept_in()) if people and not key and not named else None
    sight = _Sight(key, named, os.getuid(), people, keys)
    known = _seen.get(folder)
    if known is None or known[0] != sight:
        known = _seen[folder] = (sight, _look(folder, key, named, kept=keys is not None))
    return known[1]


def checked(folder: Path, what: str) -> Who:
    """Who acts, if it is a person whose name was checked.

    Args:
        folder: The `.mlops` folder.
        what: What needs it, as a sentence begins: 'an approval'.

    Raises:
        Refused: It is only the system's word, or the key that was given is nobody's.
    """
    who = identify(folder)
    if who.verified and who.person:
        return who
    why = who.trouble or f"{who.actor} is only the system's word for it"
    raise Refused(
        f"{what} needs a name that was checked, and {why}",
        fix=f"mlops-nb people key NAME and {KEY}=…, or sign in to the dashboard",
    )


def inherited() -> dict[str, str]:
    """The environment for a process that goes on by itself: it does not act for the person whose key is in this one."""
    return {name: value for name, value in os.environ.items() if name != KEY}


def user() -> str:
    """How the operating system calls the user of this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may be in no list
        pass
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid-{os.getuid()}"


def _look(folder: Path, key: str, named: str, *, kept: bool) -> Who:
    system, trouble, name = user(), "", ""
    try:
        if key:
            name = _owner(folder, key)
            trouble = "" if name else f"the key in {KEY} {_nobodys(folder)}"
        elif kept:
            name = _keeper(folder)
    except StoreError as error:
        trouble = error.what
    if name:
        return Who(f"{_PERSON}{name}", BY_KEY, system)
    # An environment may hold bytes that are no text.
    return Who(named.encode("utf-8", "replace").decode() or f"{_PERSON}{system}", "", system, trouble)


def _owner(folder: Path, key: str) -> str:
    """The person whose key this is; empty when it is nobody's."""
    from mlops_nb.store.people import entries, keys

    digest = keys.digest(key)
    return next((name for name, entry in entries.read(folder).items() if entry.key == digest), "")


def _keeper(folder: Path) -> str:
    """The one person whose key is kept in this user's folder; of two, nobody knows which of them acts."""
    from mlops_nb.store.people import entries, keys

    names = [name for name, entry in entries.read(folder).items() if keys.is_kept(entry.key)]
    return names[0] if len(names) == 1 else ""


def _nobodys(folder: Path) -> str:
    return f"is nobody's in {folder}"


def _kept_in() -> str:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 (a Path costs more than the look)
    return f"{home}/mlops_nb/keys"


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (a Path costs more than the look)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
