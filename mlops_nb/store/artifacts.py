"""Bytes named by their BLAKE3 digest: written to a temporary name, fsynced, renamed, checked at every read."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from mlops_nb.errors import Corrupt, InvalidInput, NotFound, brief
from mlops_nb.store import durable
from mlops_nb.store.sickness import explain, in_plain_words

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest(data: bytes) -> str:
    """The name of these bytes: BLAKE3, 64 hexadecimal digits."""
    from blake3 import blake3

    return blake3(data).hexdigest()


class Artifacts:
    """A folder of immutable files; the name of each is the digest of its bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the bytes named `name` lie, whether they do or not.

        Raises:
            InvalidInput: `name` is not a digest; nothing else ever becomes a path.
        """
        if not _DIGEST.fullmatch(name):
            raise InvalidInput(f"{brief(name)} is not an artifact digest", expected="64 hexadecimal digits")
        return self.folder / name[:2] / name[2:]

    def put(self, data: bytes) -> str:
        """Keep `data` and return its digest. Writing the same bytes twice costs one look.

        Raises:
            StoreError: The disk is full or can't be written; no partial file is left under the digest.
        """
        name = digest(data)
        target = self.path(name)
        with in_plain_words(self.folder):
            if self._is_there(target, len(data)):
                return name
            target.parent.mkdir(parents=True, exist_ok=True)
            durable.replace(target, data)
        return name

    @staticmethod
    def _is_there(target: Path, size: int) -> bool:
        try:
            if target.stat().st_size != size:
                return False
            # Young again: `gc` must not take for unused what somebody puts just now.
            os.utime(target)
        except FileNotFoundError:
            return False
        return True

    def get(self, name: str) -> bytes:
        """The bytes named `name`, verified.

        Raises:
            NotFound: The file is gone.
            Corrupt: The bytes are not those that were written.
        """
        target = self.path(name)
        try:
            data = target.read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"artifact {name[:12]} is missing from {self.folder}",
                fix="put its file back from a backup; mlops-nb db check lists all that are missing",
            ) from None
        except OSError as error:
            raise explain(error, target) from error
        if digest(data) != name:
            raise Corrupt(
                f"artifact {name[:12]} is damaged: its bytes are not those that were written",
                fix="put its file back from a backup; mlops-nb db check lists all that are damaged",
            )
        return data

    def names(self) -> list[str]:
        """The digests of all files here, sorted."""
        if not self.folder.is_dir():
            return []
        found = (entry.parent.name + entry.name for entry in self.folder.glob("??/*"))
        return sorted(name for name in found if _DIGEST.fullmatch(name))

    def age_s(self, name: str) -> float:
        """Seconds since the bytes named `name` were put, the last time."""
        return time.time() - self.path(name).stat().st_mtime

    def remove(self, name: str, unless_younger_s: float) -> int:
        """Delete the bytes named `name`; returns how many bytes that freed.

        Args:
            name: Their digest.
            unless_younger_s: Leave them when they were put again within so many seconds.
        """
        target = self.path(name)
        # Out of the way first: who puts the same bytes from here on writes them anew, and who put them just before
        # has made them young.
        aside = target.with_name(f".old-{target.name}")
        try:
            target.rename(aside)
        except FileNotFoundError:
            return 0
        stat = aside.stat()
        if time.time() - stat.st_mtime < unless_younger_s:
            aside.replace(target)
            return 0
        aside.unlink()
        return stat.st_size
