"""Where a deployment keeps its log and its facts. Its name has passed `names.name`: no slash, no leading dot."""

from __future__ import annotations

from pathlib import Path


def facts_path(folder: Path, name: str) -> Path:
    """The facts of a deployment (`services/facts.py`)."""
    return folder / "services" / f"{name}.json"


def log_path(folder: Path, name: str) -> Path:
    """What a deployment's processes wrote."""
    return folder / "logs" / f"{name}.log"
