"""What is known of functions that read a frame from a file."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from mlops_nb.adapters.patching import Change, Patches, Watcher, of_function, watched

READERS: Mapping[str, tuple[str, ...]] = {
    "pandas": (
        "read_csv",
        "read_table",
        "read_parquet",
        "read_feather",
        "read_json",
        "read_excel",
        "read_orc",
        "read_fwf",
        "read_stata",
        "read_sas",
        "read_pickle",
    ),
    "polars": ("read_csv", "read_parquet", "read_ipc", "read_json", "read_ndjson", "read_excel", "read_avro"),
    "pyarrow.parquet": ("read_table",),
    "pyarrow.feather": ("read_table", "read_feather"),
    "numpy": ("load", "loadtxt", "genfromtxt"),
}


def install(patches: Patches, watcher: Watcher) -> None:
    """Watch the readers of each library, imported already or later, until `patches.undo()`."""
    for module, names in READERS.items():
        patches.when_imported(module, lambda found, names=names: patches.apply(_changes(found, names, watcher)))  # type: ignore[misc]


@functools.cache
def _changes(module: ModuleType, names: tuple[str, ...], watcher: Watcher) -> tuple[Change, ...]:
    found: list[Change] = []
    for name in names:
        wrap = functools.partial(watched, kind="read", name=name, watcher=watcher)
        found += of_function(getattr(module, name, None), wrap)
    return tuple(found)


def local_path(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Path | None:
    """The local file that a reader was asked to read, or None (a URL, a buffer, a pattern)."""
    source = args[0] if args else next(iter(kwargs.values()), None)
    if not isinstance(source, str | os.PathLike):
        return None
    try:
        path = Path(os.fspath(source)).expanduser()
        return path.absolute() if path.is_file() else None
    except (OSError, ValueError, TypeError):
        return None
