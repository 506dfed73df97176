"""The code behind a run: git commit, branch and dirty diff; first-party modules by digest."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.runs import recording
from mlops_nb.store.artifacts import digest
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.runs.active_run import ActiveRun

_SECONDS = 10
_DIFF_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Git:
    """The state of the repository around the notebook; empty strings outside of one."""

    commit: str = ""
    branch: str = ""
    diff: str = ""


def git_state(folder: Path) -> Git:
    """Commit, branch and the diff of tracked files against the commit, masked and cut at 1 MB."""
    # Looking for the folder is a hundred times faster than asking git whether there is one.
    inside = "GIT_DIR" in os.environ or any((parent / ".git").exists() for parent in (folder, *folder.parents))
    if not inside or shutil.which("git") is None:
        return Git()
    commit, _, branch = _git(folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD").partition("\n")
    if not commit:
        return Git()
    # A notebook's own outputs would drown the diff, and its cells are kept anyway.
    diff = _git(folder, "diff", "--no-ext-diff", "--no-color", "HEAD", "--", ".", ":(exclude)*.ipynb")
    return Git(commit, branch, mask(diff[:_DIFF_LIMIT]))


def _git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            timeout=_SECONDS,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip("\n") if done.returncode == 0 else ""


def first_party(folder: Path) -> dict[str, str]:
    """Imported modules whose files lie outside of the installation: name → digest of the file."""
    found: dict[str, str] = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py") or name.partition(".")[0] == "mlops_nb":
            continue
        if _is_first_party(file, str(folder)):
            try:
                found[name] = digest(Path(file).read_bytes())
            except OSError:
                found[name] = "gone"
    return found


@functools.lru_cache(maxsize=20_000)
def _is_first_party(file: str, folder: str) -> bool:
    path = Path(file).resolve()
    if path.is_relative_to(folder) and "site-packages" not in path.parts:
        return True
    return not any(path.is_relative_to(installed) for installed in _installation())


@functools.cache
def _installation() -> tuple[Path, ...]:
    return tuple(Path(p).resolve() for p in {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix})


def put_code(run: ActiveRun, folder: Path, git: Git) -> None:
    """Write the state of the repository and the first-party modules."""
    modules = json.dumps(first_party(folder.resolve()))

    def put(connection: sqlite3.Connection) -> None:
        kept = recording.put_text(connection, git.diff) if git.diff else None
        listed = recording.put_text(connection, modules)
        connection.execute(
            "UPDATE run SET commit_id = ?, branch = ?, diff = ?, modules = ? WHERE id = ?",
            (git.commit or None, git.branch or None, kept, listed, run.row),
        )

    run.record(put)
