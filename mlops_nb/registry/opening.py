"""From a version back to its model: bytes by digest, types by trust, and one line that names the version when not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import skops_files
from mlops_nb.errors import Corrupt, NotFound, Refused

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store


def read_version(store: Store, version: Version) -> bytes:
    """The verified file of a version.

    Raises:
        NotFound: The file is gone.
        Corrupt: The file was altered.
    """
    fix = f"put artifact {version.artifact[:12]} back from a backup, or register the model again"
    try:
        return store.artifacts.get(version.artifact)
    except NotFound:
        raise NotFound(f"the file of {version.ref} is missing", fix=fix) from None
    except Corrupt:
        what = f"the file of {version.ref} is damaged: its bytes are not those that were registered"
        raise Corrupt(what, fix=fix) from None


def vouched(store: Store, version: Version, trust: Sequence[str]) -> tuple[str, ...]:
    """The types that may be loaded: the caller's, and the registrant's where the store belongs to this user."""
    own = store.exists and store.path.stat().st_uid == os.getuid()
    return (*trust, *version.trusted) if own else tuple(trust)


def open_version(store: Store, version: Version, trust: Sequence[str] = ()) -> Any:
    """The model of a version.

    Raises:
        NotFound: The file is gone.
        Corrupt: The file was altered.
        Refused: It holds types that nobody here vouched for, or needs code that is not here.
    """
    data = read_version(store, version)
    try:
        return skops_files.load(data, vouched(store, version, trust))
    except (Refused, Corrupt) as error:
        raise type(error)(
            f"{version.ref}: {error.what}", expected=error.expected, nearest=error.nearest, fix=error.fix
        ) from error
