"""Fingerprint and profile of all flights, beside what hashes or describes a frame in the same process."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.data import fingerprint_flights, flights, profile_flights
from tests.benchmarks.peers.measure import say

# The rivals' names in data.py, and whose version stands beside them.
PACKAGES = {
    "joblib.hash": "joblib",
    "hash_pandas_object": "pandas",
    "raw BLAKE3": "blake3",
    "DuckDB SUMMARIZE": "duckdb",
    "pandas describe": "pandas",
    "Polars describe": "polars",
}


def report(job: str, found: dict[str, Any]) -> None:
    say(job, found["ours"], who="mlops_nb", package="mlops_nb")
    for name, taken in found["rivals"].items():
        say(job, taken, who=name, package=PACKAGES[name])


if __name__ == "__main__":
    frame = flights()
    report("fingerprint", fingerprint_flights(frame))
    report("profile", profile_flights(frame))
