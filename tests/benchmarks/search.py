"""Search at 100,000 runs × (5 params, 3 metrics): pages, sorted by another metric, all into a DataFrame."""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlops_nb
from mlops_nb.runs.query import keys, resolve_run, search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = 100_000
START_US = 1_780_000_000_000_000
CONJUNCTION = "metrics.auc > 0.8 and params.model = 'hgb'"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Reader:
    """The one method that the search needs, over a plain connection."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, params).fetchall()


def fill(connection: sqlite3.Connection, runs: int = RUNS) -> None:
    """Write the schema and synthetic runs."""
    folder = Path(mlops_nb.__file__).parent / "store" / "migrations"
    connection.executescript((folder / "0001_ground.sql").read_text("utf-8"))
    fill_runs(connection, runs)


def fill_runs(connection: sqlite3.Connection, runs: int = RUNS) -> None:
    """Write synthetic runs into an empty store: loss falls with auc, model is one of three, team 1 % 'ops'."""
    names = ["auc", "loss", "seconds", "model", "depth", "rate", "seed", "bins", "team"]
    connection.executemany("INSERT INTO key VALUES (?, ?)", enumerate(names, 1))
    connection.executemany("INSERT INTO experiment VALUES (?, ?, 0, NULL)", [(i, f"exp-{i}") for i in range(1, 11)])
    draw = random.Random(7)
    for start in range(1, runs + 1, 10_000):
        _fill_some(connection, range(start, min(start + 10_000, runs + 1)), draw)
    connection.commit()


def _fill_some(connection: sqlite3.Connection, ids: range, draw: random.Random) -> None:
    connection.executemany(
        "INSERT INTO run (id, ulid, experiment, status, started_us, heartbeat_us, origin, host, pid, "
        "process_started_us, actor, wall_us, note, commit_id, notebook) "
        "VALUES (?, ?, ?, 'finished', ?, 0, 'cell', 'host', 1, 0, 'ana', ?, ?, ?, 'flights.ipynb')",
        [
            (
                i,
                ulid(i),
                i % 10 + 1,
                START_US + i * 1_000_000,
                draw.randrange(10**7),
                f"note {i}",
                "ab12" * 10,
            )
            for i in ids
        ],
    )
    metrics, params, tags = [], [], []
    for i in ids:
        auc = draw.betavariate(6, 2)
        for key, value in (1, auc), (2, 1 - auc + draw.random() / 5), (3, draw.random() * 100):
            metrics.append((i, key, value, value, value))
        depth, rate, seed = draw.randrange(2, 12), draw.random(), draw.randrange(1000)
        typed = [(5, depth), (6, rate), (7, seed), (8, 255)]
        params.append((i, 4, draw.choice(("hgb", "logistic", "forest")), None))
        params.extend((i, key, str(value), value) for key, value in typed)
        tags.append((i, 9, "ops" if draw.random() < 0.01 else "research"))
    connection.executemany("INSERT INTO metric VALUES (?, ?, ?, 0, 0, ?, ?, 1, 'test', NULL, 0)", metrics)
    connection.executemany("INSERT INTO param VALUES (?, ?, ?, ?, 'typed')", params)
    connection.executemany("INSERT INTO tag VALUES (?, ?, ?)", tags)


def ulid(number: int) -> str:
    """A ULID whose order is that of the numbers."""
    value = (START_US // 1000 + number * 1000) << 80 | number
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def jobs(reader: Reader) -> dict[str, tuple[Callable[[], object], int]]:
    """Each job with how often it is measured."""
    pages = {
        "best 50 by metric, metric and param filter": (CONJUNCTION, "-metrics.auc"),
        "the same, sorted by another metric": (CONJUNCTION, "metrics.loss"),
        "the same, against the filter": (CONJUNCTION, "-metrics.loss"),
        "the same, sorted by an unrelated metric": (CONJUNCTION, "-metrics.seconds"),
        "the same, by param, then metric": (CONJUNCTION, "params.depth, -metrics.auc"),
        "best 50, a rare tag": ("tags.team = 'ops' and params.model = 'hgb'", "-metrics.auc"),
        "best 50 of one experiment": ("experiment = 'exp-3' and params.depth >= 8", "-metrics.auc"),
        "newest 50": ("", ""),
        "newest 50, metric and param filter": (CONJUNCTION, ""),
        "nothing matches": ("metrics.auc > 0.99 and metrics.loss > 0.5", "-metrics.auc"),
    }
    made: dict[str, tuple[Callable[[], object], int]] = {
        name: (lambda where=where, sort=sort: search(reader, where, sort=sort, limit=50), 9)
        for name, (where, sort) in pages.items()
    }
    made["best:auc"] = lambda: resolve_run(reader, "best:auc"), 9
    made["completion of a metric key"] = lambda: keys(reader, "metrics", "a"), 9
    made["all runs into a DataFrame"] = lambda: search(reader, limit=100_000).df, 3
    return made


def rows() -> list[dict[str, object]]:
    """Median seconds of each job, before and after ANALYZE."""
    measured: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder) / "store.db")
        fill(reader.connection)
        for state in ("no statistics", "after ANALYZE"):
            if state == "after ANALYZE":
                reader.connection.execute("ANALYZE")
            for name, (job, times) in jobs(reader).items():
                measured.append({"job": f"{name} ({state})", "runs": RUNS, "ours": _median(job, times)})
        reader.connection.close()
    return measured


def _median(job: Callable[[], object], times: int) -> float:
    job()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write(f"{row['ours'] * 1000:9.1f} ms  {row['job']}\n")
