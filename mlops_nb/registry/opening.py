"""From a version back to its model: bytes by digest, types by trust, and one line that names the version when not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import model_files
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
    return (*trust, *version.trusted) if _own(store) else tuple(trust)


def refuse_pickle(store: Store, version: Version, allow_pickle: bool = False) -> None:
    """Raise when a version is a pickle that nobody here said yes to: registering it in one's own store was a yes.

    Raises:
        Refused: It is one in a store of somebody else.
    """
    if version.pickled and not allow_pickle and not _own(store):
        raise Refused(
            f"{version.ref} is a pickle in a store of somebody else: loading it can run any code",
            expected="an explicit yes",
            fix=f'ml.load("{version.ref}", allow_pickle=True), if you trust whoever made it',
        )


def _own(store: Store) -> bool:
    return bool(store.exists and store.path.stat().st_uid == os.getuid())


def open_version(store: Store, version: Version, trust: Sequence[str] = (), allow_pickle: bool = False) -> Any:
    """The model of a version.

    Raises:
        NotFound: The file is gone.
        Corrupt: The file was altered.
        Refused: It holds types that nobody here vouched for, is a pickle that nobody here said yes to, or needs code
            that is not here.
    """
    data = read_version(store, version)
    refuse_pickle(store, version, allow_pickle)
    try:
        # A pickle is opened when the version's own row says that it is one.
        return model_files.load(data, version.format, vouched(store, version, trust), allow_pickle=version.pickled)
    except (Refused, Corrupt) as error:
        raise type(error)(
            f"{version.ref}: {error.what}", expected=error.expected, nearest=error.nearest, fix=error.fix
        ) from error
