"""Models by cloudpickle: any object, and any code when it is loaded. Only for who said yes to exactly that."""

from __future__ import annotations

from typing import Any

from mlops_nb.errors import Corrupt, Refused, brief

FORMAT = "cloudpickle/1"
# Before the pickle, so that nothing that opens pickles opens one of these by mistake.
HEADER = b"\x93mlops_nb.cloudpkl/1"
_PROTOCOL = 5


def dump(model: object) -> bytes:
    """A model as bytes of format `cloudpickle/1`: its classes by name, those of a notebook with their code.

    Equal models give equal bytes where cloudpickle does; code of a notebook is another one in each process.

    Raises:
        Refused: It holds what can't be pickled.
    """
    import cloudpickle

    try:
        return HEADER + bytes(cloudpickle.dumps(model, protocol=_PROTOCOL))
    except Exception as error:
        # Any object may be anywhere inside a model; pickling it raises what its parts raise.
        raise Refused(
            f"{type(model).__name__} can't be saved with cloudpickle either: {brief(str(error), 200)}",
            expected="a model without open files, locks or threads",
        ) from error


def load(data: bytes) -> Any:
    """The model in a file that `dump` wrote. Runs whatever code it holds: who calls this has asked.

    Raises:
        Refused: Code that is not here, or that fails here.
        Corrupt: A damaged file.
    """
    import pickle

    if not data.startswith(HEADER):
        raise Corrupt("the model file is damaged: it is no file of cloudpickle", fix="register the model again")
    try:
        return pickle.loads(memoryview(data)[len(HEADER) :])  # noqa: S301 (the one place, behind an explicit yes)
    except (ImportError, AttributeError) as error:
        raise Refused(
            f"the model needs code that is not here: {brief(str(error), 200)}",
            fix="install or import the package it came from",
        ) from error
    except (EOFError, pickle.UnpicklingError) as error:
        raise Corrupt(
            f"the model file is damaged: {type(error).__name__}: {brief(str(error), 120)}",
            fix="register the model again",
        ) from error
    except Warning:  # somebody made errors of warnings: then it is theirs to see
        raise
    except Exception as error:
        raise Refused(
            f"the model could not be loaded: {type(error).__name__}: {brief(str(error), 200)}",
            fix="the versions of its libraries that it was made with",
        ) from error
