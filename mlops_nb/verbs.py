"""The one table of verbs: literal rows from which every face is made. Adding a verb is adding a row here.

A row names a typed function; its signature (`Annotated[…, Arg(…)]`) and docstring are the only place where its
arguments are described. From it come `ml.NAME`, the magic, `mlops-nb NAME`, completion, `--json` and the README.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Access = Literal["read", "write"]
EVERYWHERE = frozenset({"api", "magic", "cli"})
IN_PYTHON = frozenset({"api"})
CELL = frozenset({"api", "cell magic"})
SHELL = frozenset({"api", "cli"})


class Verb(NamedTuple):
    """One verb. `name` may have two words ('db check'); `magic` is what stands after `%` when it is not the name."""

    name: str
    target: str
    access: Access
    group: str
    faces: frozenset[str] = EVERYWHERE
    magic: str = ""

    @property
    def spoken(self) -> str:
        """How the magic is called: `runs`, `mlops doctor`."""
        return self.magic or self.name

    def load(self) -> Callable[..., Any]:
        """The function; its room is imported now."""
        module, _, name = self.target.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function


_RUNS = "mlops_nb.runs.verbs"
_DATA = "mlops_nb.data.verbs"
_STORE = "mlops_nb.store.verbs"
_REGISTRY = "mlops_nb.registry.verbs"
_STAGES = "mlops_nb.registry.stages.verbs"
_EVALUATING = "mlops_nb.registry.evaluating.verbs"
_GATES = "mlops_nb.registry.gates.verbs"
_FRAMING = "mlops_nb.registry.framing.verbs"
_RISKS = "mlops_nb.registry.risks.verbs"
_SERVING = "mlops_nb.serving.verbs"
_PAGES = "mlops_nb.pages.verbs"
_PEOPLE = "mlops_nb.store.people.verbs"
_AUDIT = "mlops_nb.store.audit.verbs"

VERBS: tuple[Verb, ...] = (
    Verb("track", f"{_RUNS}:track", "write", "runs", CELL),
    Verb("untrack", f"{_RUNS}:untrack", "write", "runs"),
    Verb("runs", f"{_RUNS}:runs", "read", "runs"),
    Verb("experiments", f"{_RUNS}:experiments", "read", "runs"),
    Verb("views", f"{_RUNS}:views", "read", "runs"),
    Verb("view", f"{_RUNS}:view", "write", "runs"),
    Verb("compare", f"{_RUNS}:compare", "read", "runs"),
    Verb("curve", f"{_RUNS}:curve", "read", "runs"),
    Verb("show", f"{_RUNS}:show", "read", "runs"),
    Verb("note", f"{_RUNS}:note", "write", "runs"),
    Verb("log_metric", f"{_RUNS}:log_metric", "write", "runs", IN_PYTHON),
    Verb("log_metrics", f"{_RUNS}:log_metrics", "write", "runs", IN_PYTHON),
    Verb("log_params", f"{_RUNS}:log_params", "write", "runs", IN_PYTHON),
    Verb("set_tags", f"{_RUNS}:set_tags", "write", "runs", IN_PYTHON),
    Verb("log_artifact", f"{_RUNS}:log_artifact", "write", "runs", IN_PYTHON),
    Verb("log_figure", f"{_RUNS}:log_figure", "write", "runs", IN_PYTHON),
    Verb("log_table", f"{_RUNS}:log_table", "write", "runs", IN_PYTHON),
    Verb("datasets", f"{_RUNS}:datasets", "read", "data"),
    Verb("fingerprint", f"{_DATA}:fingerprint", "read", "data", IN_PYTHON),
    Verb("profile", f"{_DATA}:profile", "read", "data", IN_PYTHON),
    Verb("register", f"{_REGISTRY}:register", "write", "registry"),
    Verb("models", f"{_REGISTRY}:models", "read", "registry"),
    Verb("versions", f"{_REGISTRY}:versions", "read", "registry"),
    Verb("load", f"{_REGISTRY}:load", "read", "registry", IN_PYTHON),
    Verb("evaluate", f"{_EVALUATING}:evaluate", "write", "registry"),
    Verb("evaluations", f"{_EVALUATING}:evaluations", "read", "registry"),
    Verb("explain", "mlops_nb.registry.explaining.verbs:explain", "write", "registry"),
    Verb("fairness", "mlops_nb.registry.fairness.verbs:fairness", "write", "registry"),
    Verb("canvases", f"{_FRAMING}:canvases", "read", "registry"),
    Verb("canvas", f"{_FRAMING}:canvas", "write", "registry"),
    Verb("decide", f"{_FRAMING}:decide", "write", "registry"),
    Verb("risks", f"{_RISKS}:risks", "read", "registry"),
    Verb("risk", f"{_RISKS}:risk", "write", "registry"),
    Verb("gates define", f"{_GATES}:define", "write", "registry"),
    Verb("gates list", f"{_GATES}:list_policies", "read", "registry"),
    Verb("gates run", f"{_GATES}:run", "write", "registry"),
    Verb("gate", f"{_GATES}:gate", "read", "registry", IN_PYTHON),
    Verb("card", "mlops_nb.registry.cards.verbs:card", "write", "registry"),
    Verb("approve", f"{_GATES}:approve", "write", "registry"),
    Verb("reject", f"{_GATES}:reject", "write", "registry"),
    Verb("review", f"{_GATES}:review", "read", "registry"),
    Verb("stage", f"{_STAGES}:stage", "write", "registry"),
    Verb("stages", f"{_STAGES}:stages", "read", "registry"),
    Verb("rollback", f"{_STAGES}:rollback", "write", "registry"),
    Verb("pin", f"{_STAGES}:pin", "write", "registry"),
    Verb("deploy", f"{_SERVING}:deploy", "write", "serving"),
    Verb("undeploy", f"{_SERVING}:undeploy", "write", "serving"),
    Verb("deployments", f"{_SERVING}:deployments", "read", "serving"),
    Verb("predict", f"{_SERVING}:predict", "read", "serving"),
    Verb("logs", f"{_SERVING}:logs", "read", "serving"),
    Verb("trash", f"{_STORE}:trash", "write", "project"),
    Verb("restore", f"{_STORE}:restore", "write", "project"),
    Verb("rename", f"{_STORE}:rename", "write", "project"),
    Verb("audit", f"{_AUDIT}:audit", "read", "project"),
    Verb("audit verify", f"{_AUDIT}:audit_verify", "read", "project"),
    Verb("audit export", f"{_AUDIT}:audit_export", "read", "project"),
    Verb("sql", f"{_STORE}:sql", "read", "project"),
    Verb("connect", f"{_STORE}:connect", "read", "project", magic="mlops connect"),
    Verb("doctor", f"{_STORE}:doctor", "read", "project", magic="mlops doctor"),
    Verb("config", f"{_STORE}:config", "read", "project", magic="mlops config"),
    Verb("db check", f"{_STORE}:check", "read", "project", magic="mlops db check"),
    Verb("db backup", f"{_STORE}:backup", "read", "project", magic="mlops db backup"),
    Verb("db gc", f"{_STORE}:gc", "write", "project", magic="mlops db gc"),
    Verb("db migrate", f"{_STORE}:migrate", "write", "project", magic="mlops db migrate"),
    Verb("dashboard", f"{_PAGES}:dashboard", "read", "project", magic="mlops dashboard"),
    Verb("people", f"{_PEOPLE}:people", "read", "project", magic="mlops people"),
    Verb("people add", f"{_PEOPLE}:add_person", "write", "project", magic="mlops people add"),
    Verb("people remove", f"{_PEOPLE}:remove_person", "write", "project", magic="mlops people remove"),
    Verb("people key", f"{_PEOPLE}:key", "write", "project", magic="mlops people key"),
    Verb("store", f"{_STORE}:store", "read", "project", IN_PYTHON),
)
BY_NAME = {verb.name: verb for verb in VERBS}
BY_MAGIC = {verb.spoken: verb for verb in VERBS if "magic" in verb.faces or "cell magic" in verb.faces}
