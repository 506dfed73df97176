"""What a store says about itself."""

from __future__ import annotations

import importlib.util
import platform
import sqlite3
from pathlib import Path

from mlops_nb import __version__
from mlops_nb.errors import MlopsError
from mlops_nb.store import database, sickness
from mlops_nb.store.model import Doctor, StoreFacts
from mlops_nb.store.store import Store

_EXTRAS = {"serve": "uvicorn", "lab": "jupyterlab", "dashboards": "panel"}


def facts(store: Store) -> StoreFacts:
    """Where it is and what is in it."""
    project = store.query("SELECT name FROM project")
    return StoreFacts(
        folder=str(store.folder),
        project=project[0][0] if project else store.folder.parent.name,
        format=store.query("PRAGMA user_version")[0][0],
        runs=count(store, "run"),
        models=count(store, "model"),
        deployments=count(store, "deployment"),
        bytes=store.path.stat().st_size if store.exists else 0,
    )


def count(store: Store, table: str) -> int:
    """How many rows of a noun are not in the trash."""
    return int(store.query(f"SELECT count(*) FROM {table} WHERE trashed_us IS NULL")[0][0])


def greeting_line(store: Store) -> str:
    """Version, store, project, counts."""
    if not store.exists:
        return f"mlops_nb {__version__} · new store {_near(store.folder)} · put %%track on top of a cell, then %runs"
    found = facts(store)
    counted = [(found.runs, "run"), (found.models, "model"), (found.deployments, "deployment")]
    words = [f"{n:,} {name}{'' if n == 1 else 's'}" for n, name in counted]
    return f"mlops_nb {__version__} · {_near(store.folder)} · {found.project} · {' · '.join(words)}"


def _near(folder: Path) -> str:
    """The folder as seen from here, when that is shorter."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):
        return str(folder)


def examine(store: Store) -> Doctor:
    """Everything that can go wrong."""
    problems: list[str] = []
    audit = "no store yet"
    try:
        if store.exists:
            verdict = store.verify_audit()
            audit = (
                f"{verdict.rows} rows, chain {'holds' if not verdict.fault else 'broken'}, {verdict.anchored} anchored"
            )
            problems += [verdict.fault] if verdict.fault else []
    except MlopsError as error:
        problems.append(error.line())
    folder = store.folder if store.folder.is_dir() else store.folder.parent
    writable = sickness.writable(folder)
    if not writable:
        problems.append(f"{folder} can't be written; try: MLOPS_NB_STORE=another/.mlops")
    wal = writable and database.can_wal(folder)
    extras = tuple(f"{name}: {_installed(name, module)}" for name, module in _EXTRAS.items())
    return Doctor(
        __version__,
        platform.python_version(),
        str(store.folder),
        database.filesystem(folder),
        "WAL" if wal else "rollback journal",
        sqlite3.sqlite_version,
        writable,
        audit,
        extras,
        tuple(problems),
    )


def _installed(extra: str, module: str) -> str:
    return "installed" if importlib.util.find_spec(module) else f'pip install "mlops_nb[{extra}]"'
