"""The end of a run: names for the scores, params from literals and estimators, models, code and environment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import sklearn as adapter
from mlops_nb.runs.capture import models
from mlops_nb.runs.capture.environment import put_environment
from mlops_nb.runs.capture.results import is_scalar
from mlops_nb.runs.capture.source import Names
from mlops_nb.runs.directions import direction
from mlops_nb.store.masking import mask

if TYPE_CHECKING:
    from mlops_nb.runs.active_run import ActiveRun
    from mlops_nb.runs.capture.observer import Fitted, Observer, Scored

_ESTIMATORS = 20
_NOTHING: Any = object()


def finish_script(observer: Observer) -> None:
    """Everything at the end of a `with ml.track()` block; the next line may change what the block made."""
    write_scores(observer, Names(), {})
    write_params(observer, Names(), {}, {}, {})
    save_rest(observer, {})


def write_scores(observer: Observer, names: Names, namespace: Mapping[str, Any]) -> None:
    """Scores become metrics: under the name they are bound to, else by function and data."""
    run = observer.run
    used = set()
    for name, scored in name_scores(observer, names, namespace):
        used.add(name)
        better = direction(scored.name) or direction(name)
        run.describe_metric(name, scored.role, mask(str(scored.place)) or None, better)
        for value in scored.values:
            run.log_metric(name, value)
        if scored.folds:
            part = f"{name}/{'candidate' if scored.name == 'best_score' else 'fold'}"[:250]
            run.describe_metric(part, scored.role, None, better)
            for value in scored.folds:
                run.log_metric(part, value)
    others: dict[str, float] = {}
    found: Any
    for name in names.bound - names.running - set(names.literals) - used:
        found = namespace.get(name)
        if name.startswith("_") or not is_scalar(found):
            continue
        if direction(name):
            run.log_metric(name, float(found))
        else:
            others[name] = float(found)
    if others:
        run.put_values(others)


def name_scores(observer: Observer, names: Names, namespace: Mapping[str, Any]) -> list[tuple[str, Scored]]:
    """The name of each score, in the order of their first values."""
    scores = list(observer.scored.values())
    found = [_bound_to(score, names, namespace) or score.place.target for score in scores]
    nameless = Counter(score.name for score, name in zip(scores, found, strict=True) if not name)
    named: dict[str, Scored] = {}
    for score, name in zip(scores, found, strict=True):
        shown = name or (score.name if nameless[score.name] == 1 else f"{score.name}[{score.data}]")
        if shown in named and not name:
            shown = _another(shown, score, named)
        # When the name was bound again: one series, of which the last is what it is now.
        before = named[shown].values if shown in named else []
        folds = named[shown].folds if shown in named else []
        named[shown[:250]] = replace(score, values=[*before, *score.values], folds=[*folds, *score.folds])
    return list(named.items())


def _another(name: str, score: Scored, taken: Mapping[str, Scored]) -> str:
    """A name of its own for a second score of the same name: by its role if that is another, else by number."""
    by_role = f"{score.name}[{score.role}]"
    if score.role != taken[name].role and by_role not in taken:
        return by_role
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def _bound_to(score: Scored, names: Names, namespace: Mapping[str, Any]) -> str:
    """The top-level name that is bound to this very score: `auc = evaluate(model)`, `cv = scores.mean()`."""
    value = score.last
    if value is None or isinstance(value, int):  # small ints are shared
        return ""
    for name in sorted(names.bound):
        found = namespace.get(name, _NOTHING)
        # A mean of folds is computed by whoever asks for it: equal, but not the same object.
        if found is value or (score.folds and is_scalar(found) and math.isclose(found, value, rel_tol=1e-12)):
            return "" if name.startswith("_") else name
    return ""


def write_params(
    observer: Observer,
    names: Names,
    earlier: Mapping[str, Any],
    typed: Mapping[str, Any],
    namespace: Mapping[str, Any],
) -> None:
    """Params: what was typed wins over literals of the cell, these over literals of earlier cells, then estimators.

    Of an estimator that is fitted again and again, the params are those of the last fit: the model that is saved.
    """
    run = observer.run
    taken: dict[str, Any] = dict(typed)
    for source, found in (("cell", names.literals), ("earlier cell", earlier)):
        new = {n: v for n, v in found.items() if n not in taken and not n.startswith("_")}
        run.put_params(new, source)
        taken.update(new)
    fitted = {_label(one, namespace): one for one in observer.fitted.values()}
    if len(fitted) > _ESTIMATORS:
        run.problem(f"{len(fitted)} estimators were fitted; the params of the last {_ESTIMATORS} are kept")
        fitted = dict(list(fitted.items())[-_ESTIMATORS:])
    if fitted:
        classes = list(dict.fromkeys(one.class_name for one in fitted.values()))
        _put_new(run, {"estimator": ", ".join(classes)}, "cell", taken, "")
    shared = Counter(name for one in fitted.values() for name in (*one.changed, *one.default))
    for label, one in fitted.items():
        for source, found in (("changed", one.changed), ("default", one.default)):
            alone = {n: v for n, v in found.items() if shared[n] == 1}
            _put_new(run, alone, source, taken, label)
            several = {f"{label}.{n}": v for n, v in found.items() if shared[n] > 1}
            _put_new(run, several, source, taken, "")


def _label(fitted: Fitted, namespace: Mapping[str, Any]) -> str:
    """What the estimator is called at the end: the name it is bound to, else that of the fit, else its class."""
    model = fitted.model()
    bound = (n for n, v in namespace.items() if v is model and not n.startswith("_")) if model is not None else iter(())
    return next(bound, "") or fitted.variable or fitted.class_name


def _put_new(run: ActiveRun, found: Mapping[str, Any], source: str, taken: dict[str, Any], label: str) -> None:
    """Write params that are not there yet; one that is there with another value goes under a qualified name."""
    new: dict[str, Any] = {}
    for name, value in found.items():
        if name not in taken:
            new[name] = value
        elif taken[name] != value and label:
            new[f"{label}.{name}"] = value
    if new:
        run.put_params({n: v for n, v in new.items() if not isinstance(v, str) or len(v) <= 500}, source)
        taken.update(new)


def write_curves(observer: Observer, namespace: Mapping[str, Any]) -> None:
    """Loss curves that estimators hold become step metrics."""
    latest = {_label(one, namespace): one.model() for one in observer.fitted.values()}
    for label, model in latest.items():
        for name, values in (adapter.curves(model) if model is not None else {}).items():
            shown = name if len(latest) == 1 else f"{label}/{name}"
            for step, value in enumerate(values):
                observer.run.log_metric(shown, value, step)


def save_rest(observer: Observer, namespace: Mapping[str, Any]) -> None:
    """What may take longer: curves, models, profiles, environment."""
    observer.guarded(lambda: write_curves(observer, namespace))
    if observer.models:
        models.save(observer, namespace)
    observer.datasets.finish(observer.guarded)
    observer.guarded(lambda: put_environment(observer.run))
