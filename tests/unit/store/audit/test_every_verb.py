"""Every verb that writes leaves a row in the audit log, or stands in the list of those that need none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops_nb as ml
from mlops_nb.store.store import choose, current
from mlops_nb.verbs import VERBS
from tests.unit.faces.test_contract import CALLS, KEYED, prepared  # noqa: F401 (a fixture)

# verb: what its row says was done. A verb that is new has to be put here, or below with the reason why not.
LEAVES = {
    "untrack": "untrack",
    "view": "view",
    "note": "note",
    "register": "register",
    "stage": "stage",
    "rollback": "stage",
    "pin": "pin",
    "evaluate": "evaluate",
    "explain": "explain",
    "fairness": "fairness",
    "gates define": "policy",
    "gates run": "gates",
    "approve": "approve",
    "reject": "reject",
    "canvas": "canvas",
    "decide": "canvas",
    "risk": "risk",
    "card": "card",
    "deploy": "deploy",
    "undeploy": "undeploy",
    "trash": "trash",
    "restore": "restore",
    "rename": "rename",
    "db gc": "gc",
    "people add": "add person",
    "people remove": "remove person",
    "people key": "change person",
}
# Runs, and what is logged into them, are the record themselves.
RECORDS: dict[str, Callable[[], object]] = {
    "track": lambda: None,
    "log_metric": lambda: ml.log_metric("auc", 0.1),
    "log_metrics": lambda: ml.log_metrics({"auc": 0.1}),
    "log_params": lambda: ml.log_params(depth=1),
    "set_tags": lambda: ml.set_tags(team="ops"),
    "log_artifact": lambda: ml.log_artifact(b"bytes", "name"),
    "log_figure": lambda: ml.log_figure(_Figure()),
    "log_table": lambda: ml.log_table([{"a": 1}]),
}
# The store's own row, when there is something to migrate: tests/unit/store/test_migrations.py.
ELSEWHERE = {"db migrate"}
# Other words than the contract's: those would do nothing here.
SAID: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "db gc": ((), {"days": 0}),
    "register": (("another", "last"), {}),
}


class _Figure:
    def _repr_png_(self) -> bytes:
        return b"\x89PNG"


@pytest.fixture
def project(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """A copy of the contract's project."""
    shutil.copytree(prepared, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    choose(None)
    yield current()
    current().close()
    choose(None)


def _rows() -> int:
    return int(current().query("SELECT count(*) FROM audit")[0][0])


def _newest() -> str:
    return str(current().query("SELECT action FROM audit ORDER BY seq DESC LIMIT 1")[0][0])


def test_every_verb_that_writes_is_in_a_list():
    writes = {verb.name for verb in VERBS if verb.access == "write"}
    assert writes == set(LEAVES) | set(RECORDS) | ELSEWHERE


@pytest.mark.parametrize("name", sorted(set(LEAVES) - {"deploy", "undeploy"}))
def test_a_verb_that_changes_something_leaves_a_row(name: str, project: object, monkeypatch: pytest.MonkeyPatch):
    if name in KEYED:
        monkeypatch.setenv("MLOPS_NB_KEY", Path("ida.key").read_text())
    before = _rows()
    args, kwargs = SAID.get(name, CALLS[name][:2])
    next(v for v in VERBS if v.name == name).load()(*args, **kwargs)
    assert (_rows() - before, _newest()) == (1, LEAVES[name])
    assert current().verify_audit().fault == ""


def test_deploying_and_undeploying_leave_a_row_that_names_the_version(project: object):
    before = _rows()
    ml.deploy("flights/1", name="delay")
    try:
        assert (_rows() - before, _newest()) == (1, "deploy")
    finally:
        ml.undeploy("delay")
    assert (_rows() - before, _newest()) == (2, "undeploy")
    assert [row.action for row in ml.audit("flights/1")] == ["undeploy", "deploy", "register"]
    assert [row.action for row in ml.audit("delay")] == ["undeploy", "deploy"]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_runs_are_the_record_themselves(name: str, project: object):
    before = _rows()
    with ml.track("demo"):
        RECORDS[name]()
    current().writer.flush()
    assert _rows() == before
    assert current().query("SELECT count(*) FROM run")[0][0] > 2
