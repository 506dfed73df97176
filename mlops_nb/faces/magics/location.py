"""Which notebook a cell stands in, from what each front end says; never a guess."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def notebook_path(shell: Any, cell_id: str | None) -> str | None:
    """The notebook's path as the front end gives it, or None when it does not say."""
    named = os.environ.get("MLOPS_NB_NOTEBOOK")
    if named:
        return named
    # VS Code puts its file into the namespace, and its path into each cell id.
    from_code = shell.user_ns.get("__vsc_ipynb_file__")
    if isinstance(from_code, str):
        return from_code
    if cell_id and cell_id.startswith("vscode-notebook-cell:"):
        return unquote(urlsplit(cell_id).path)
    session = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__session__")
    if isinstance(session, str) and session.endswith(".ipynb"):
        return session
    named = os.environ.get("PAPERMILL_INPUT_PATH")
    return str(Path(named)) if named else None
