"""What `make bench` measures, and the goals that it is held to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the table. Values are in seconds, in things per second (`/s`) or multiples of something (`×`).

    Attributes:
        job: Its name in the measuring scripts.
        title: What stands in the table.
        unit: "s", "/s" (more is better), "×" or "MB".
        limit: At most this, or at least this when more is better; None for no absolute goal.
        rival: Whom it is also held against; "" for nobody.
        times: How many times better than that rival it has to be.
        per_item: Whether the ratio is that per item, since the rivals had fewer.
    """

    job: str
    title: str
    unit: str = "s"
    limit: float | None = None
    rival: str = ""
    times: float = 1.0
    per_item: bool = False

    @property
    def more_is_better(self) -> bool:
        return self.unit == "/s"


GOALS = (
    Goal("import", "import"),
    Goal("load_ext", "`%load_ext` in a bare IPython", limit=0.10),
    Goal("new_store", "first committed write into a new store", limit=0.15),
    Goal("run", "a run with 5 params and 3 metrics, on disk", limit=0.001),
    Goal("log_metric", "`log_metric(step=)`, in the caller", limit=3e-6),
    Goal("durable_points", "metric points until they are on disk", "/s", limit=300_000),
    Goal("search", "best 50 runs by metric, with metric and param filter", limit=0.020),
    Goal("search_worst", "the slowest of several such conjunctions and orders", limit=0.020),
    Goal("frame", "all runs into a DataFrame", limit=2.5, per_item=True),
    Goal("cell_logistic", "tracked cell, logistic regression on 250,000 flights", "×", limit=1.10),
    Goal("cell_logistic_saved", "the same until everything is saved", "×"),
    Goal("cell_boosting", "tracked cell, gradient boosting on 250,000 flights", "×", limit=1.10),
    Goal("cell_boosting_saved", "the same until everything is saved", "×"),
    Goal("fingerprint", "fingerprint of all flights, every row", limit=0.025),
    Goal("profile", "profile of all flights", limit=0.09),
    Goal("processes", "16 processes × 25 runs × 20 points in one SQLite store", rival="MLflow", times=5),
    Goal("page", "page of runs in a cold browser: first rows seen", limit=1.6),
    Goal("page_ready", "the same until it answers a click", limit=1.6),
    Goal("page_filter", "another filter until its rows are there", limit=0.3),
    Goal("visitor", "memory of one visitor", "MB"),
    Goal("ten_visitors", "ten visitors at once, until all pages answer"),
    Goal("evaluate", "evaluate a classifier on 77,000 flights", rival="MLflow"),
    Goal("promotion", "a promotion into production, through its gates"),
    Goal("audit_verify", "`audit verify`: rows of the log, and all that must agree with them", "/s", limit=50_000),
    Goal("registry_page", "page of the registry in a cold browser: first rows seen", limit=1.6),
    Goal("audit_page", "page of a long audit log: first rows seen", limit=1.6),
    Goal("deploy", "deploy to first answer", limit=2.0),
    Goal("predict", "online predict, 1 row, 8 connections", "/s", rival="MLServer", times=4),
    Goal("predict_p99", "its 99th percentile", rival="MLServer", times=1),
)
BY_JOB = {goal.job: goal for goal in GOALS}
