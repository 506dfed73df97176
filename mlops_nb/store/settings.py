"""Settings: flag, then `MLOPS_NB_*`, then `mlops.toml` of the project, then the user's file, then default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mlops_nb.errors import InvalidInput, brief, nearest
from mlops_nb.store.location import find

DEFAULTS: Mapping[str, tuple[str, str]] = {
    "experiment": ("default", "experiment of a run that names none"),
    "model_limit_mb": ("200", "models above this size are saved only on register"),
    "trash_days": ("30", "how long trashed things can be restored before `db gc` removes them"),
    "gate_limit_s": ("60", "how long a gate may take, seconds; after that it keeps closed"),
    "deadline_s": ("60", "how long a deployment's model may take to answer a request, seconds"),
    "queue": ("1024", "requests that may wait for a deployment's model; more are sent away for a second"),
    "spare": ("1", "keep one process warm, so that a deployment answers sooner"),
}


class Setting(NamedTuple):
    """One setting: its value, where that came from, and what it is for."""

    name: str
    value: str
    origin: str
    help: str


def setting(name: str) -> str:
    """The value of a setting."""
    return explain(name).value


def whole(name: str) -> int:
    """The value of a setting that is a number.

    Raises:
        InvalidInput: It is not a whole number.
    """
    found = explain(name)
    try:
        return int(found.value)
    except ValueError:
        raise InvalidInput(
            f"the setting {name} is {brief(found.value)} ({found.origin})", expected="a whole number"
        ) from None


def explain(name: str) -> Setting:
    """A setting with its origin.

    Raises:
        InvalidInput: There is no such setting, or a settings file can't be read.
    """
    if name not in DEFAULTS:
        raise InvalidInput(
            f"there is no setting {name!r}", expected=", ".join(DEFAULTS), nearest=nearest(name, DEFAULTS)
        )
    default, text = DEFAULTS[name]
    variable = f"MLOPS_NB_{name.upper()}"
    if variable in os.environ:
        return Setting(name, os.environ[variable], variable, text)
    for path in files():
        found = _read(path)
        if name in found:
            return Setting(name, str(found[name]), str(path), text)
    return Setting(name, default, "default", text)


def files() -> tuple[Path, ...]:
    """The settings files that are looked at, the project's first."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return find().parent / "mlops.toml", home / "mlops_nb" / "mlops.toml"


def _read(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"the settings file {path} can't be read: {error}", expected="TOML") from None
