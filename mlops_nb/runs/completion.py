"""What completes references to runs, experiments and datasets, and the words of a filter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlops_nb.runs.query import keys
from mlops_nb.runs.untrack import captured

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_FIELDS = (
    "experiment",
    "status",
    "started",
    "wall",
    "dataset",
    "note",
    "actor",
    "notebook",
    "commit",
    "id",
    "parent",
)
_SPACES = ("metrics", "params", "tags", "values")
_LIMIT = 50


def run_references(store: Store, prefix: str) -> list[str]:
    """`last`, `best:METRIC`, and the beginnings of the newest ids."""
    if prefix.startswith("best:"):
        return [f"best:{name}" for name in keys(store, "metrics", prefix[5:], _LIMIT)]
    recent = [
        ulid[:10]
        for (ulid,) in store.query(
            "SELECT ulid FROM run WHERE trashed_us IS NULL ORDER BY started_us DESC, id DESC LIMIT ?",
            (_LIMIT,),
        )
    ]
    return [word for word in ("last", "best:", *recent) if word.lower().startswith(prefix.lower())]


def experiments(store: Store, prefix: str) -> list[str]:
    """Names of experiments."""
    return _names(store, "experiment", prefix)


def datasets(store: Store, prefix: str) -> list[str]:
    """Names of datasets."""
    return _names(store, "dataset", prefix)


def _names(store: Store, table: str, prefix: str) -> list[str]:
    rows = store.query(f"SELECT name FROM {table} WHERE trashed_us IS NULL ORDER BY id DESC LIMIT 1000")
    return [name for (name,) in rows if name.lower().startswith(prefix.lower())][:_LIMIT]


def where(store: Store, prefix: str) -> list[str]:
    """The last word of a filter: fields, `metrics.KEY`, …"""
    head, word = re.match(r"(.*?)([\w./-]*)$", prefix, re.DOTALL).groups()  # type: ignore[union-attr]
    return [head + candidate for candidate in _field(store, word)]


def sort(store: Store, prefix: str) -> list[str]:
    """What runs can be sorted by, `-` in front kept."""
    minus = "-" if prefix.startswith("-") else ""
    return [minus + candidate for candidate in _field(store, prefix.removeprefix("-"))]


def columns(store: Store, prefix: str) -> list[str]:
    """The last of the fields between commas, those before it kept."""
    head, comma, word = prefix.rpartition(",")
    return [head + comma + candidate for candidate in _field(store, word.lstrip())]


def metrics(store: Store, prefix: str) -> list[str]:
    """Names of metrics."""
    return keys(store, "metrics", prefix, _LIMIT)


def _field(store: Store, word: str) -> list[str]:
    space, dot, key = word.partition(".")
    if dot and space in _SPACES:
        return [f"{space}.{name}" for name in keys(store, space, key, _LIMIT)]
    return [field for field in (*(f"{s}." for s in _SPACES), *_FIELDS) if field.startswith(word)]


def captured_in_last(store: Store, prefix: str) -> list[str]:
    """What can be dropped from the newest run."""
    last = store.query("SELECT ulid FROM run WHERE trashed_us IS NULL ORDER BY started_us DESC, id DESC LIMIT 1")
    return [name for name in captured(store, last[0][0]) if name.startswith(prefix)] if last else []
