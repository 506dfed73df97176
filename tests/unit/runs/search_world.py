"""A real database of runs, filled by hand, for the tests of the search."""

import math
import sqlite3
from pathlib import Path

import mlops_nb
from mlops_nb.services.process import this

SCHEMA = Path(mlops_nb.__file__).parent / "store" / "migrations" / "0001_ground.sql"
NOVEMBER = 1_793_491_200_000_000  # 2026-11-01T00:00Z
HOUR = 3_600_000_000
NAN, INF = math.nan, math.inf


class Store:
    """A real database, filled by hand, with the one method that the search asks for."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(SCHEMA.read_text("utf-8"))
        self.asked = 0
        self.number = 0

    def query(self, sql, params=()):
        self.asked += 1
        return self.connection.execute(sql, params).fetchall()

    def id_of(self, table, name):
        columns = "name" if table == "key" else "name, created_us"
        values = (name,) if table == "key" else (name, 0)
        marks = "?" * len(values)
        self.connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING", values
        )
        return self.connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()[0]

    def add(self, *, experiment="flights", params=(), metrics=(), tags=(), values=(), datasets=(), **columns):
        self.number += 1
        process = this()
        row = {
            "ulid": f"01K3F9A{self.number:019d}",
            "experiment": self.id_of("experiment", experiment),
            "status": "finished",
            "started_us": NOVEMBER + self.number * HOUR,
            "heartbeat_us": 0,
            "origin": "cell",
            "host": process.host,
            "pid": process.pid,
            "process_started_us": process.started_us,
            "actor": "ana",
            **columns,
        }
        marks = ", ".join("?" * len(row))
        run = self.connection.execute(f"INSERT INTO run ({', '.join(row)}) VALUES ({marks})", [*row.values()]).lastrowid
        for key, value in dict(params).items():
            number = float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None
            self._put("param", run, key, str(value), number, "typed")
        for key, value in dict(metrics).items():
            points = value if isinstance(value, list) else [value]
            real = [point for point in points if not math.isnan(point)]
            ends = (min(real), max(real)) if real else (None, None)
            self._put("metric", run, key, points[-1], kind(points[-1]), 0, *ends, len(points), "test", None, 0)
        for key, value in dict(tags).items():
            self._put("tag", run, key, value)
        for key, value in dict(values).items():
            self._put("value", run, key, value, kind(value))
        for version in datasets:
            self.connection.execute("INSERT INTO run_dataset VALUES (?, ?, 'train', 'X', 'line 5')", (run, version))
        return row["ulid"]

    def _put(self, table, run, key, *rest):
        row = (run, self.id_of("key", key), *rest)
        self.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def dataset(self, digest, name="", number=1):
        version = self.connection.execute(
            "INSERT INTO dataset_version (digest, schema_digest, rows, columns, record, created_us) "
            "VALUES (?, 's', 10, 3, '{}', 0)",
            (digest,),
        ).lastrowid
        if name:
            line = self.id_of("dataset", name)
            self.connection.execute("INSERT INTO dataset_name VALUES (?, ?, ?, 0)", (line, number, version))
        return version


def kind(value):
    return 1 if math.isnan(value) else {INF: 2, -INF: 3}.get(value, 0)


def fill(store):
    """Six runs, `a` the earliest."""
    raw, cooked = store.dataset("fp1b:3f9a00", "flights", 1), store.dataset("fp1b:77bb00", "flights", 2)
    store.add(
        note="a",
        metrics={"auc": 0.7, "val/loss": [0.9, 0.2, 0.5]},
        params={"model": "hgb", "depth": 8, "fast": True},
        tags={"team": "ops"},
        values={"n": 100.0},
        datasets=[raw],
        wall_us=2_300_000,
        commit_id="abc123",
        notebook="flights.ipynb",
    )
    store.add(
        note="b",
        metrics={"auc": 0.9},
        params={"model": "forest", "depth": 3, "fast": False},
        tags={"team": "o'ps; DROP TABLE run --"},
        datasets=[cooked],
        experiment="ships",
        wall_us=500_000,
        actor="bo",
    )
    store.add(note="c", metrics={"auc": NAN}, params={"depth": "8"}, values={"n": NAN}, status="failed")
    store.add(note="d", metrics={"auc": INF}, params={"depth": "auto"}, tags={"team": "Ops 🛫"})
    store.add(note="e", metrics={"auc": -INF}, values={"n": 5.0}, parent="01K3F9A" + "0" * 18 + "1")
    store.add(note="f 100%")
    return store
