"""A cell in a real IPython shell, with and without `%%track`, turn by turn."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

import mlops_nb as ml
from mlops_nb.runs.capture import finishing
from tests.benchmarks.peers.flights_cells import CELLS, IMPORTS, features
from tests.benchmarks.peers.measure import seconds, tracked

OURS = {"who": "mlops_nb", "package": "mlops_nb"}
LEAST, MOST = 3, 7
# On a busy machine a round takes ten times as long.
ENOUGH_S = 20.0


def run(shell: Any, text: str) -> None:
    shell.run_cell(text).raise_error()


def saved() -> None:
    """Models, profiles and the rest are on disk."""
    finishing.wait()
    ml.store().writer.flush()


def tracked_cell(shell: Any, cell: str) -> tuple[float, float]:
    """Seconds of the tracked cell, and of that until everything is saved."""
    shell.run_line_magic("load_ext", "mlops_nb")
    start = time.perf_counter()
    run(shell, f"%%track bench\n{cell}")
    taken = time.perf_counter() - start
    saved()
    whole = time.perf_counter() - start
    shell.run_line_magic("unload_ext", "mlops_nb")
    return taken, whole


def one_round(shell: Any, cell: str, tracked_first: bool) -> tuple[float, float, float]:
    """Seconds of the cell in a bare shell, of the tracked cell, and of that until everything is saved."""
    ahead = tracked_cell(shell, cell) if tracked_first else None
    plain = seconds(lambda: run(shell, cell))
    return (plain, *(ahead or tracked_cell(shell, cell)))


def several_rounds(shell: Any, cell: str) -> list[tuple[float, float, float]]:
    one_round(shell, cell, False)
    end = time.perf_counter() + ENOUGH_S
    rounds: list[tuple[float, float, float]] = []
    while len(rounds) < LEAST or (len(rounds) < MOST and time.perf_counter() < end):
        rounds.append(one_round(shell, cell, len(rounds) % 2 == 1))
    return rounds


def check(job: str) -> None:
    """A cell that was not recorded would be quick."""
    card = ml.show("last")
    if not (card.metrics and card.run.datasets and card.artifacts):
        raise SystemExit(f"{job}: metrics, data or model are missing in the run")


def main() -> None:
    shell = InteractiveShell.instance()
    shell.user_ns.update(features())
    run(shell, IMPORTS)
    for job, cell in CELLS.items():
        rounds = several_rounds(shell, cell)
        check(job)
        plain, taken, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
        tracked(job, plain, taken, **OURS)
        tracked(f"{job}_saved", plain, whole, **OURS)
        sys.stdout.write(f"{job}: {rounds}\n")


if __name__ == "__main__":
    main()
