"""What the machine knows of a version, from the store alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.cards.model import Fact
from mlops_nb.registry.evaluating.metrics import metric
from mlops_nb.registry.explaining.reading import latest_explanation
from mlops_nb.registry.fairness.reading import fairness_of
from mlops_nb.registry.framing.reading import success
from mlops_nb.registry.gates.approving import approvals_of
from mlops_nb.registry.gates.policies import policies
from mlops_nb.registry.risks.reading import accepted, risk_of

if TYPE_CHECKING:
    from mlops_nb.registry.evaluating.model import Evaluation
    from mlops_nb.registry.evaluating.resampling import Scored
    from mlops_nb.registry.explaining.model import Explanation
    from mlops_nb.registry.fairness.model import Fairness
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_RUN = """
SELECT e.name, r.notebook, r.commit_id, r.source, r.environment, r.wall_us, r.started_us
FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.ulid = ?"""
_DATA = """
SELECT u.variable, d.digest, d.rows, d.columns FROM run_dataset u JOIN run r ON r.id = u.run
JOIN dataset_version d ON d.id = u.version WHERE r.ulid = ? AND u.role = 'train' ORDER BY u.variable"""
_CHECK = """
SELECT verdict, at_us, (SELECT count(*) FROM gate_result g WHERE g.checked = c.ulid),
  (SELECT count(*) FROM gate_result g WHERE g.checked = c.ulid AND g.verdict = 'pass')
FROM gate_check c WHERE model = ? AND number = ? AND stage = 'production' ORDER BY ulid DESC LIMIT 1"""
_MOST = 12


def facts_of(store: Store, version: Version, evaluation: Evaluation | None) -> tuple[Fact, ...]:
    """Every fact that a card should have, known or not."""
    made = [*_model(version), *_training(store, version), *_judged(store, version, evaluation)]
    return (
        *made,
        *_explained(store, version, evaluation),
        *_treated(store, version, evaluation),
        *_governed(store, version),
    )


def _model(v: Version) -> Iterator[Fact]:
    inputs = v.signature.get("inputs") or []
    names = [str(one["name"]) for one in inputs]
    shown = ", ".join(names[:_MOST]) + (f" … ({len(names)})" if len(names) > _MOST else "")
    example = "%register with --example, or from a run"
    yield Fact("Model", "estimator", v.estimator)
    yield Fact("Model", "file", f"{v.format}, {v.bytes:,} bytes, {v.artifact}")
    yield Fact("Model", "takes", shown if v.signature.get("named") else _shapes(inputs), example)
    yield Fact("Model", "gives", ", ".join(str(one["name"]) for one in v.signature.get("outputs") or []), example)
    yield Fact("Model", "made with", ", ".join(f"{name} {number}" for name, number in v.framework.items()))
    yield Fact("Model", "registered", f"{_when(v.created_us)} by {_who(v.actor, v.verified)}")


def _training(store: Store, v: Version) -> Iterator[Fact]:
    fix = "fit it in a cell under %%track, and register that run"
    rows = store.query(_RUN, (v.run,)) if v.run else []
    experiment, notebook, commit, source, environment, wall, started = rows[0] if rows else (None,) * 7
    data = store.query(_DATA, (v.run,)) if v.run else []
    yield Fact("Training", "run", f"{v.run} of {experiment}, {_when(started)}" if rows else "", fix)
    yield Fact("Training", "code", ", ".join(one for one in (notebook, commit) if one) or (source or "")[:16], fix)
    told = "; ".join(f"{name}: {digest}, {n:,} rows × {k}" for name, digest, n, k in data)
    yield Fact("Training", "data", told, fix)
    yield Fact("Training", "environment", (environment or "")[:16], fix)
    yield Fact("Training", "took", f"{wall / 1e6:,.1f} s" if wall is not None else "", fix)


def _judged(store: Store, v: Version, evaluation: Evaluation | None) -> Iterator[Fact]:
    fix = f"%evaluate {v.ref} DATA"
    wanted = success(store, v.model_id)
    found = evaluation
    yield Fact("Evaluation", "data", f"{found.dataset}, {found.rows:,} rows" if found else "", fix)
    scored = found.scored(wanted.metric) if found and wanted and _has(found, wanted.metric) else None
    target = f" (target {'≥' if wanted.higher_is_better else '≤'} {wanted.target:g})" if wanted else ""
    names = f"%canvas {v.model} --set success_metric=… --set success_target=…"
    yield Fact("Evaluation", "success metric", f"{_shown(scored)}{target}" if scored else "", fix if wanted else names)
    yield Fact("Evaluation", "metrics", "; ".join(_shown(one) for one in found.findings.scored) if found else "", fix)
    groups = ", ".join(one.column for one in found.findings.slices) if found else ""
    yield Fact("Evaluation", "groups", groups, f"{fix} --slices COLUMN")
    simple = ", ".join(one.name for one in found.findings.baselines) if found else ""
    yield Fact("Evaluation", "baseline", simple, fix)


def _explained(store: Store, v: Version, evaluation: Evaluation | None) -> Iterator[Fact]:
    found = latest_explanation(store, v)
    fix = f"%explain {v.ref}"
    rests = ", ".join(f"{one.features[0]} {one.drop:.4g}" for one in found.importances[:_MOST]) if found else ""
    about = f" (loss of {found.findings.metric} without each{_earlier(found, evaluation)})" if found else ""
    yield Fact("Explanation", "rests on", f"{rests}{about}", fix)
    pairs = "; ".join(" and ".join(one.together.features) for one in found.findings.correlated) if found else ""
    yield Fact("Explanation", "inputs that go together", pairs or ("none found" if found else ""), fix)
    shap = found.shap if found else None
    means = ", ".join(f"{one.feature} {one.value:.4g}" for one in shap.means[:_MOST]) if shap else ""
    said = f"{means} ({shap.unit})" if shap and means else f"none: {shap.why}" if shap else ""
    yield Fact("Explanation", "mean |SHAP|", said, fix)


def _treated(store: Store, v: Version, evaluation: Evaluation | None) -> Iterator[Fact]:
    told: dict[str, str] = {}
    for found in fairness_of(store, v):
        for grouped in found.columns:
            said = "; ".join(f"{one.name.replace('_', ' ')} {one.verdict}: {one.says}" for one in grouped.measures)
            told.setdefault(grouped.column, f"{grouped.verdict}{_earlier(found, evaluation)}. {said}")
    for column, said in told.items():
        yield Fact("Fairness", f"by {column}", said)
    if not told:
        yield Fact("Fairness", "by group", "", f"%fairness {v.ref} --by COLUMN")


def _earlier(found: Explanation | Fairness, evaluation: Evaluation | None) -> str:
    now = evaluation is not None and found.findings.evaluation == evaluation.digest
    return "" if now else ", on an earlier evaluation"


def _governed(store: Store, v: Version) -> Iterator[Fact]:
    stands = f"{v.stage}{f' ({v.mark})' if v.mark else ''}" + (f" since {_when(v.since_us)}" if v.since_us else "")
    yield Fact("Governance", "stage", stands)
    gates = "; ".join(text for one in policies(store, v.model) if one.stage == "production" for text in one.gates)
    yield Fact("Governance", "policy", gates, f"%gates define {v.model} production --usual")
    rows = store.query(_CHECK, (v.model_id, v.version))
    checked = f"{rows[0][0]}: {rows[0][3]} of {rows[0][2]} gates pass, {_when(rows[0][1])}" if rows else ""
    yield Fact("Governance", "gates", checked, f"%gates run {v.ref} production")
    said = [one for one in approvals_of(store, v, "production") if one.verdict == "approve"]
    who = "; ".join(f"{_who(one.actor, one.verified)}, {_when(one.at_us)}: {one.reason}" for one in said)
    yield Fact("Governance", "approved by", who, f"%approve {v.ref} --reason …")
    hazards = "; ".join(f"{one.text} ({one.residual} remains)" for one in risk_of(store, v).hazards)
    named = f"{hazards}: {accepted(store, v)[1]}" if hazards else ""
    yield Fact("Governance", "hazards", named, f"%risk {v.ref} --hazard …")


def _has(found: Evaluation, name: str) -> bool:
    return found.task in metric(name).tasks


def _shown(one: Scored) -> str:
    value = "undefined" if one.value is None else f"{one.value:.4f}"
    ends = f" [{one.low:.4f}, {one.high:.4f}]" if one.low is not None and one.high is not None else ""
    return f"{one.name} {value}{ends}"


def _shapes(inputs: Any) -> str:
    return ", ".join(f"{one.get('datatype')} {one.get('shape')}" for one in inputs)


def _who(actor: str, verified: str) -> str:
    return f"{actor.removeprefix('person:')} ({verified or 'the word of the system'})"


def _when(moment: int | None) -> str:
    """UTC, to the minute: a card is read in other zones than the one it was made in."""
    return "" if moment is None else datetime.fromtimestamp(moment / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
