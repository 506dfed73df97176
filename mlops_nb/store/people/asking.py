"""Asking for a new password: twice at a terminal or in a notebook, else from the environment."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import suppress

from mlops_nb.errors import InvalidInput
from mlops_nb.store.people.passwords import LONGEST, SHORTEST

VARIABLE = "MLOPS_NB_PASSWORD"


def new_password(name: str) -> str:
    """A password that somebody typed twice, or that the environment holds.

    Raises:
        InvalidInput: Nobody can be asked and the environment holds none, or the two differ.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return _asked(name)
    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE]
    # A kernel puts a function of its own in the place of getpass, which asks in the notebook.
    if getattr(getpass.getpass, "__module__", "getpass") != "getpass":
        with suppress(NotImplementedError):  # this front end can't ask: nbclient, a scheduled job
            return _asked(name)
    raise InvalidInput(
        f"nobody can be asked for a password for {name} here",
        expected=f"a terminal, or the password in {VARIABLE}",
        fix=f'--no-password when OAuth signs in, or in Python ml.people.add("{name}", password=…)',
    )


def _asked(name: str) -> str:
    first = suits(getpass.getpass(f"Password for {name} (at least {SHORTEST} characters): "))
    if getpass.getpass("The same again: ") != first:
        raise InvalidInput("the two passwords differ; nothing was changed")
    return first


def suits(password: str) -> str:
    """The password itself, if it may be one.

    Raises:
        InvalidInput: It is too short or too long. The message does not repeat it.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"the password has {len(password):,} characters", expected=f"at least {SHORTEST} and at most {LONGEST:,}"
        )
    return password
