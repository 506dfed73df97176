"""Models that were fitted in a run: saved once, by content, with the signature seen at the fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters.sizes import estimated_bytes
from mlops_nb.store.settings import setting

if TYPE_CHECKING:
    from mlops_nb.runs.capture.observer import Fitted, Observer

_MODELS = 20


def save(observer: Observer, namespace: Mapping[str, Any]) -> None:
    """Save each estimator that is still alive; the rest are gone with the loop that made them."""
    alive = [(f, f.model()) for f in observer.fitted.values()]
    alive = [(f, model) for f, model in alive if model is not None]
    if len(alive) > _MODELS:
        observer.run.problem(f"{len(alive)} models were fitted; the last {_MODELS} are saved")
        alive = alive[-_MODELS:]
    used: set[str] = set()
    for fitted, model in alive:
        name = _name(fitted, model, namespace, used)
        used.add(name)
        observer.guarded(lambda f=fitted, m=model, n=name: _save_one(observer, f, m, n))  # type: ignore[misc]


def _name(fitted: Fitted, model: Any, namespace: Mapping[str, Any], used: set[str]) -> str:
    bound = next((n for n, v in namespace.items() if v is model and not n.startswith("_")), "")
    base = bound or fitted.variable or fitted.class_name
    name, count = base, 1
    while name in used:
        count += 1
        name = f"{base}-{count}"
    return name


def _save_one(observer: Observer, fitted: Fitted, model: Any, name: str) -> None:
    from mlops_nb.adapters.model_files import dump, framework_versions, untrusted

    label = f"{name} ({fitted.class_name}, about"
    if _too_large(observer, label, estimated_bytes(model)):
        return
    saved = dump(model)  # never a pickle: nobody has been asked
    if _too_large(observer, label, len(saved.data)):  # what a library keeps outside of Python was not estimated
        return
    detail = {
        "class": type(model).__name__,
        "module": type(model).__module__,
        "variable": name,
        "place": fitted.place,
        "signature": fitted.signature,
        "example": fitted.example,
        "untrusted": untrusted(saved.data, saved.format),
        "framework": framework_versions(saved.format),
        "format": saved.format,
    }
    observer.run.put_artifact(name, "model", saved.data, detail)


def _too_large(observer: Observer, label: str, size: int) -> bool:
    limit = int(setting("model_limit_mb"))
    if size <= limit * 1_000_000:
        return False
    observer.run.problem(
        f"{label} {size / 1e6:,.0f} MB) was not saved: over model_limit_mb = {limit}; %register saves it"
    )
    return True
