"""Where the store is: found the way git finds a repository."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = ".mlops"


def find(start: Path | None = None) -> Path:
    """The `.mlops` folder to use: `MLOPS_NB_STORE`, else the nearest at or above `start`, else `start/.mlops`.

    Args:
        start: The notebook's folder; the current directory by default.
    """
    named = os.environ.get("MLOPS_NB_STORE")
    if named:
        return Path(named).expanduser().absolute()
    try:
        here = (start or Path.cwd()).absolute()
    except FileNotFoundError:  # the current directory was deleted under us
        here = Path.home()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    return here / FOLDER
