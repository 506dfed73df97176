"""How a verb's argument is described, once, in its signature: `Annotated[str, Arg("what it is", kind="run")]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arg:
    """Help, short flag and completion kind of one argument of a verb.

    A parameter without a default is positional on every face; one with a default is a flag, unless `positional`.

    Args:
        help: One line, shown by `%name?`, `--help` and the README.
        kind: What completes it: a kind of `references.py` ('run', 'model' …), 'expression', 'file', or a
            tuple of the allowed words.
        short: A one-letter flag ('w' for `-w`).
        positional: Positional although it has a default.
        metavar: The word that stands for it in the usage line.
        flag: What the flag is called, when that is not the parameter's name ('set' for `--set`).
        python_only: No flag of a magic or a shell: a password would stay in histories and lists of processes.
    """

    help: str
    kind: str | tuple[str, ...] = ""
    short: str = ""
    positional: bool = False
    metavar: str = ""
    flag: str = ""
    python_only: bool = False
