"""Which script measures which jobs, where and how often. Ours come first in each group."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One measuring script.

    Attributes:
        group: The name for `--only`.
        who: Who is measured, when the script can't say so itself.
        place: "ours", or the environment of a rival.
        script: Its file, without the ending, in `ours/` or `peers/`.
        jobs: What it measures.
        arguments: Its command line.
        times: In how many fresh processes; the median counts.
        limit_s: How long one may take.
    """

    group: str
    who: str
    place: str
    script: str
    jobs: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    times: int = 1
    limit_s: float = 120.0

    @property
    def file(self) -> str:
        """The script, seen from this folder."""
        return f"{'ours' if self.place == 'ours' else 'peers'}/{self.script}.py"


_LOG = ("log_metric", "durable_points")
_CELLS = tuple(f"{cell}{part}" for cell in ("cell_logistic", "cell_boosting") for part in ("", "_saved"))
_SERVING = ("deploy", "predict", "predict_p99")
_USE = ("import", "load_ext")
_PAGE = ("page", "page_ready", "page_filter", "visitor", "ten_visitors")
_GOVERNED = ("evaluate", "promotion")
_OURS = ("mlops_nb", "ours")
_MLFLOW = ("MLflow", "mlflow")

STEPS = (
    Step("import", *_OURS, "first_use", ("import",), ("import",), times=5),
    Step("import", *_OURS, "first_use", ("load_ext",), ("load_ext",), times=5),
    Step("import", *_OURS, "first_use", ("new_store",), ("new_store",), times=5),
    Step("import", *_MLFLOW, "first_use", (*_USE, "new_store"), ("mlflow", "MLflow"), times=3),
    Step("import", "W&B", "wandb", "first_use", _USE, ("wandb", "W&B"), times=3),
    Step("import", "Trackio", "trackio", "first_use", _USE, ("trackio", "Trackio"), times=3),
    Step("log", *_OURS, "log", ("run", *_LOG)),
    Step("log", *_MLFLOW, "mlflow_log", ("run", *_LOG)),
    Step("log", "W&B offline", "wandb", "wandb_log", _LOG),
    Step("log", "Trackio", "trackio", "trackio_log", _LOG),
    Step("search", *_OURS, "search_runs", ("search", "search_worst", "frame")),
    Step("search", *_MLFLOW, "mlflow_search", ("search", "frame"), limit_s=240),
    Step("cell", *_OURS, "cell", _CELLS, limit_s=240),
    Step("cell", "MLflow autolog", "mlflow", "mlflow_autolog", _CELLS, limit_s=300),
    Step("data", *_OURS, "flights", ("fingerprint", "profile")),
    Step("data", "MLflow digest", "mlflow", "mlflow_digest", ("fingerprint",)),
    Step("processes", *_OURS, "crowd", ("processes",), limit_s=240),
    Step("processes", *_MLFLOW, "mlflow_processes", ("processes",), limit_s=360),
    Step("page", *_OURS, "page", _PAGE, limit_s=240),
    Step("page", *_MLFLOW, "mlflow_page", ("page",), limit_s=240),
    Step("page", "Trackio", "trackio", "trackio_page", ("page",)),
    Step("governed", *_OURS, "governed", (*_GOVERNED, "audit_verify"), limit_s=240),
    Step("governed", *_MLFLOW, "mlflow_governed", _GOVERNED, limit_s=300),
    Step("governed-pages", *_OURS, "governed_pages", ("registry_page", "audit_page"), limit_s=420),
    Step("governed-pages", *_MLFLOW, "mlflow_registry", ("registry_page",), limit_s=240),
    Step("serve", *_OURS, "serve", _SERVING),
    Step("serve", "MLServer", "mlserver", "mlserver_serve", _SERVING),
    Step("serve", "mlflow models serve", "mlflow", "mlflow_serve", _SERVING),
)
GROUPS = tuple(dict.fromkeys(step.group for step in STEPS))
