"""Fingerprints of files and directories: the bytes themselves, whatever they mean."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from mlops_nb.data.blocks import content_digest, schema_digest
from mlops_nb.data.canonical import DIGEST_BYTES
from mlops_nb.data.model import ColumnDigest, Fingerprint
from mlops_nb.errors import InvalidInput, NotFound, brief, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20


def path_fingerprint(path: str | Path) -> Fingerprint:
    """The fingerprint of a file (the first 16 bytes of its BLAKE3) or of all files under a directory.

    Raises:
        NotFound: There is nothing at this path.
        InvalidInput: It can't be read, or is neither file nor directory.
    """
    try:
        found = Path(path)
        mode = found.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NotFound(f"no file or directory {brief(str(path))}", nearest=_near(str(path))) from error
    except OSError as error:
        raise InvalidInput(f"can't read {brief(str(path))}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        return _directory(found)
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{brief(str(path))} is neither a file nor a directory")
    made, size = _bytes_of(found)
    return Fingerprint("file", f"fp1b:{made.hex()}", size, schema_digest([]))


def _near(path: str) -> str:
    try:
        parent = Path(path).parent
        close = nearest(Path(path).name, (entry.name for entry in parent.iterdir()))
    except (OSError, ValueError):
        return ""
    return str(parent / close) if close else ""


def _bytes_of(path: Path) -> tuple[bytes, int]:
    # Not a memory map: a file that shrinks while it is read would kill the process.
    hasher, size, buffer = blake3(), 0, bytearray(CHUNK)
    view = memoryview(buffer)
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                hasher.update(view[:count])
                size += count
    except OSError as error:
        raise InvalidInput(f"can't read {brief(str(path))}: {error.strerror}") from error
    return hasher.digest(DIGEST_BYTES), size


def _directory(root: Path) -> Fingerprint:
    columns: dict[str, ColumnDigest] = {}
    partial = []
    for name, path in sorted(_walk(root)):
        if path.is_file():
            columns[name] = ColumnDigest(name, "file", "file", _bytes_of(path)[0])
        elif path.is_symlink():  # to a directory or to nothing: where it points is its content
            target = os.fsencode(path.readlink())
            columns[name] = ColumnDigest(name, "link", "link", blake3(target).digest(DIGEST_BYTES))
        else:  # a socket or a pipe
            partial.append(name)
    text = content_digest("directory", len(columns), list(columns.values()), partial, strict=False)
    return Fingerprint("directory", text, len(columns), schema_digest([]), columns, tuple(partial))


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    def refuse(error: OSError) -> None:
        raise InvalidInput(f"can't read {brief(str(error.filename))}: {error.strerror}") from error

    for folder, folders, files in os.walk(root, onerror=refuse):
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in files + linked:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            yield relative, path
