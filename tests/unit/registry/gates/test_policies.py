"""Policies: versioned data."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused
from mlops_nb.registry import documents
from mlops_nb.registry.documents import About
from mlops_nb.registry.gates.policies import gates_of, policy_of
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.store.store import Store

from .making import audit, define, version


def test_each_is_a_revision_and_the_newest_counts(store: Store):
    version()
    define("metric auc >= 0.7")
    define("metric auc  >=  0.8", "approval")
    define("load", stage="staging")
    found = ml.gates.list("m")
    assert [(p.stage, p.revision, p.gates) for p in found] == [
        ("staging", 1, ("load",)),
        ("production", 2, ("metric auc >= 0.8", "approval")),
    ]
    assert len({p.digest for p in found}) == 2
    assert [(did, about["stage"]) for did, about in audit(store) if did == "policy"] == [
        ("policy", "production"),
        ("policy", "production"),
        ("policy", "staging"),
    ]


def test_what_every_version_must_pass_is_asked_first_and_once(store: Store):
    policy = policy_of(store, resolve_version(store, version()), "production")
    assert [gate.name for gate in gates_of(policy)] == ["load", "signature", "format"]
    define("metric auc >= 0.7", "format")
    policy = policy_of(store, resolve_version(store, "m/1"), "production")
    assert [gate.name for gate in gates_of(policy)] == ["load", "signature", "metric", "format"]


def test_refusals(store: Store):
    version()
    with pytest.raises(InvalidInput, match="no gate was named"):
        define()
    with pytest.raises(InvalidInput, match="stands there twice"):
        define("approval", " approval ")
    with pytest.raises(InvalidInput, match="no gates stand before archived"):
        define("approval", stage="archived")
    with pytest.raises(InvalidInput, match="did you mean 'production'"):
        define("approval", stage="producton")
    with pytest.raises(NotFound, match="did you mean 'metric'"):
        define("metrik auc >= 0.8")
    with pytest.raises(NotFound, match="no model"):
        define("approval", name="nobody")
    with pytest.raises(NotFound):
        ml.gates.list("nobody")
    assert len(ml.gates.list("m")) == 0
    assert "ungated" in ml.gates.list("m").note


def test_a_policy_of_a_format_to_come_keeps_closed(store: Store):
    ref = version()
    define("load")
    model = resolve_version(store, ref).model_id
    documents.save(store, About("policy", model, name="production"), {"format": 9, "gates": []}, "")
    with pytest.raises(NotFound, match="format 9; expected format 1"):
        ml.gates.run(ref)
    with pytest.raises(NotFound, match="format 9"):
        ml.stage(ref, "production", reason="try", override=True)


def test_the_canvas_says_which_gates_are_usual(store: Store):
    ml.canvas("m", fields={"owner": "Ada"})
    with pytest.raises(Refused, match=r"names no success metric with a target; try: %canvas m --set"):
        ml.gates.define("m", "production", usual=True)
    ml.canvas("m", fields={"success_metric": "mae", "success_target": 5})
    made = ml.gates.define("m", "production", "size at_most=1MB", "overlap", usual=True).gates
    assert made == (
        *("metric mae <= 5", "baseline mae", "overlap", "champion mae margin=0.05", "latency at_most=100ms"),
        *("risk", "card", "approval", "size at_most=1MB"),
    )
    assert ml.gates.define("m", "staging", usual=True).gates == ("metric mae <= 5", "baseline mae", "overlap")
