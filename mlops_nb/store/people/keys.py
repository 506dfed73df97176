"""Keys by which a person is known in a kernel or a shell: made here, kept as a digest, and by their owner in a file.

A key that is kept stands in the user's own folder under its digest, readable by its owner only: one folder serves all
projects, and a key says by itself whose it is.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from mlops_nb.errors import StoreError
from mlops_nb.store import artifacts, durable

SHAPE = re.compile(r"mlnb_[0-9a-f]{64}")


def new() -> str:
    """A new key: 32 random bytes, marked so that masking knows one wherever it stands."""
    return f"mlnb_{secrets.token_hex(32)}"


def digest(key: str) -> str:
    """What is kept of a key. So much chance needs neither salt nor a slow hash: nobody guesses it."""
    return artifacts.digest(str(key).strip().encode("utf-8", "replace"))


def folder() -> Path:
    """Where this user's keys are kept."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "mlops_nb" / "keys"


def keep(key: str) -> Path:
    """Keep a key for this user; returns its file.

    Raises:
        StoreError: It can't be written.
    """
    path = folder() / digest(key)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.replace(path, f"{key}\n".encode())  # mode 0600
    except OSError as error:
        raise StoreError(f"the key can't be kept in {path.parent}: {error.strerror}") from None
    return path


def is_kept(name: str) -> bool:
    """Whether this user keeps the key with this digest: the key itself, no file of that name alone."""
    if not name:
        return False
    try:
        return digest((folder() / name).read_text("ascii")) == name
    except (OSError, ValueError):
        return False


def drop(name: str) -> None:
    """Forget a kept key that is nobody's any more."""
    if name:
        with suppress(OSError):  # there is none, or the folder is not to be had: it proves nothing any more
            (folder() / name).unlink()
