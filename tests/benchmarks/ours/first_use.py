"""Import, `%load_ext` in a bare IPython, and the first committed write: one of them per process."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.peers.measure import say, seconds

OURS = {"who": "mlops_nb", "package": "mlops_nb"}


def imported() -> float:
    def job() -> None:
        import mlops_nb  # noqa: F401

    return seconds(job)


def loaded() -> float:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("1 + 1")
    return seconds(lambda: shell.run_line_magic("load_ext", "mlops_nb"))


def written() -> float:
    """Like the first experiment of MLflow: an experiment in a store that was not there."""
    import mlops_nb as ml

    def job() -> None:
        from mlops_nb.runs import queries

        ml.store(Path("new")).write(lambda connection: connection.execute(queries.EXPERIMENT_ADD, ("first", 0)))

    return seconds(job)


if __name__ == "__main__":
    name = sys.argv[1]
    say(name, {"import": imported, "load_ext": loaded, "new_store": written}[name](), **OURS)
