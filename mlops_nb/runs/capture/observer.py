"""What the watched calls of one run say: datasets with their roles, models, metrics. Holds no user data strongly.

Nothing here may raise into the user's call: an error is one recorded problem, and the call goes on.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import sklearn as adapter
from mlops_nb.adapters.readers import local_path
from mlops_nb.adapters.sizes import estimated_bytes
from mlops_nb.runs.capture import hooks, results
from mlops_nb.runs.capture.datasets import Datasets, Use
from mlops_nb.runs.capture.place import Place, locate

if TYPE_CHECKING:
    from mlops_nb.runs.active_run import ActiveRun

# A call site inside a loop: after 20 calls and half a second, or after 100 calls, its data are no longer fingerprinted,
# which is recorded.
_SITE_CALLS, _SITE_SECONDS, _SITE_MOST = 20, 0.5, 100
# An error that comes up again and again is told once, and no run holds more than so many.
_PROBLEMS = 100
_HEAVY_MODELS, _HEAVY_DATA = 20_000_000, 500_000_000


@dataclass(slots=True)
class Call:
    """One watched call while it runs."""

    kind: str
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    place: Place


@dataclass(slots=True)
class Fitted:
    """An estimator that was fitted: held weakly, with what was seen of its training data."""

    model: weakref.ref[Any]
    variable: str
    place: str
    signature: dict[str, Any] | None
    example: dict[str, Any] | None
    changed: dict[str, Any]
    default: dict[str, Any]
    class_name: str


@dataclass(slots=True)
class Scored:
    """Scores from one place in the code: a function's name, its values in order, and whose data they judge.

    Of a cross-validation, `values` are the means and `folds` what they are the means of.
    """

    name: str
    place: Place
    role: str | None
    data: str
    values: list[float] = field(default_factory=list)
    last: Any = None
    folds: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Site:
    """How often a line was called, and how long fingerprinting its data took."""

    calls: int = 0
    seconds: float = 0.0
    told: bool = False
    role: str | None = None


class Observer:
    """Listens to the watched calls of one run.

    Args:
        run: The run that is recorded.
        snapshot: Also keep a copy of each dataset.
        models: Also save the models that are fitted.
    """

    def __init__(self, run: ActiveRun, *, snapshot: bool = False, models: bool = True) -> None:
        self.run, self.models = run, models
        self.datasets = Datasets(run, snapshot)
        self.fitted: dict[int, Fitted] = {}
        self.scored: dict[tuple[Any, ...], Scored] = {}
        self._predictions = results.Predictions()
        self._sites: dict[tuple[str, int], _Site] = {}
        self._problems: set[str] = set()
        self._closed = False
        hooks.acquire()

    def close(self) -> None:
        """Stop watching, and write what is only known at the end."""
        if self._closed:
            return
        self._closed = True
        hooks.release()
        from mlops_nb.runs.capture.ending import finish_script

        self.guarded(lambda: finish_script(self))

    def stop(self) -> None:
        """Stop watching; the caller writes the end itself."""
        if not self._closed:
            self._closed = True
            hooks.release()

    def heavy(self) -> bool:
        """Whether what is left to save could take seconds."""
        models = [fitted.model() for fitted in self.fitted.values()] if self.models else []
        found = self.guarded(lambda: sum(estimated_bytes(m) for m in models if m is not None) > _HEAVY_MODELS)
        return bool(found) or self.datasets.held_bytes() > _HEAVY_DATA

    def guarded(self, action: Callable[[], Any]) -> Any:
        """Run `action`, counting its time as capture's; an error becomes a recorded problem."""
        begun = time.perf_counter()
        try:
            return action()
        except KeyboardInterrupt:  # the user's own
            raise
        except BaseException as error:  # noqa: BLE001 (what the user's objects raise, and Rust's panics, derive from it)
            self._failed(error)
            return None
        finally:
            self.run.capture_s += time.perf_counter() - begun

    def _failed(self, error: BaseException) -> None:
        kind = type(error).__name__
        try:
            said = f"capture: {kind}: {error}"
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 (an error that can't even be printed)
            said = f"capture: {kind}"
        if said not in self._problems and len(self._problems) < _PROBLEMS:
            self._problems.add(said)
            self.run.problem(said)

    def before(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """A watched call begins."""
        call: Call | None = self.guarded(lambda: self._note(kind, name, args, kwargs))
        if call is not None and kind in ("fit", "folds"):
            # Before the call, because `fit` may change its input in place.
            self.guarded(lambda: self._train_data(call))
        return call

    def after(self, call: Call, result: Any) -> None:
        """It returned."""
        handler = {
            "fit": self._fit,
            "predict": self._predict,
            "metric": self._metric,
            "score": self._score,
            "folds": self._folds,
            "read": self._read,
        }
        self.guarded(lambda: handler[call.kind](call, result))

    def _note(self, kind: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(kind, name, args, kwargs, locate(sys._getframe(3)))

    def _argument(self, call: Call, position: int, *keywords: str) -> tuple[Any, str]:
        """An argument of a call (methods: after self) and the text that stands for it in the user's code."""
        if call.kind in ("fit", "predict", "score") and call.place.called not in ("", call.name):
            # The user called something else, which calls this: its arguments are not these.
            value = next((call.kwargs[k] for k in keywords if k in call.kwargs), None)
            found = call.args[position + 1] if value is None and len(call.args) > position + 1 else value
            return found, keywords[0]
        offset = 1 if call.kind in ("fit", "predict", "score", "folds") else 0
        for keyword in keywords:
            if keyword in call.kwargs:
                return call.kwargs[keyword], call.place.name_of(-1, keyword)
        if len(call.args) > position + offset:
            shown = position + offset if call.kind == "folds" else position
            return call.args[position + offset], call.place.name_of(shown, keywords[0])
        return None, keywords[0]

    def _tired(self, call: Call) -> bool:
        site = self._sites.setdefault((call.place.file, call.place.line), _Site())
        site.calls += 1
        if site.calls <= _SITE_CALLS or (site.seconds <= _SITE_SECONDS and site.calls <= _SITE_MOST):
            return False
        if not site.told:
            site.told = True
            where = str(call.place) or call.name
            self.run.problem(f"{where}: called again and again; the data of its later calls were not fingerprinted")
        return True

    def _dataset(self, call: Call, data: Any, variable: str, role: str) -> Use | None:
        """Record data that a call was given. What can't be read is a problem of its own: the call still counts."""
        if data is None or self._tired(call):
            return None
        begun = time.perf_counter()
        found: Use | None = self.guarded(lambda: self.datasets.see(data, variable, role, str(call.place)))
        self._sites[call.place.file, call.place.line].seconds += time.perf_counter() - begun
        return found

    def _train_data(self, call: Call) -> None:
        X, x_name = self._argument(call, 0, "X")  # noqa: N806 (scikit-learn's name)
        y, y_name = self._argument(call, 1, "y")
        self._dataset(call, X, x_name, "train")
        self._dataset(call, y, y_name, "train")

    def _fit(self, call: Call, result: Any) -> None:
        model = call.args[0]
        if call.name == "fit_predict":
            self._predictions.add(result, "train", self._argument(call, 0, "X")[1])
        from mlops_nb.adapters.signatures import example, infer

        X, _ = self._argument(call, 0, "X")  # noqa: N806
        y, _ = self._argument(call, 1, "y")
        changed, default = self.guarded(lambda: adapter.params(model)) or ({}, {})
        receiver = call.place.receiver
        self.fitted[id(model)] = Fitted(
            weakref.ref(model),
            call.place.bound or (receiver if receiver.isidentifier() else ""),
            str(call.place),
            self.guarded(lambda: infer(X, y)) if self.models else None,
            self.guarded(lambda: example(X)) if self.models else None,
            changed,
            default,
            adapter.class_name(model),
        )
        self._search(call, model)

    def _search(self, call: Call, model: Any) -> None:
        """The best of a search: its mean score over the folds, that of each candidate, and the params chosen."""
        best, score, candidates = adapter.best_of_search(model)
        if score is None:
            return
        self.fitted[id(model)].changed.update({f"best.{name}": value for name, value in best.items()})
        scored = self._scored("best_score", call.place._replace(target=""), "validation", "")
        scored.values.append(float(score))
        scored.last, scored.folds = score, [*scored.folds, *candidates]

    def _predict(self, call: Call, result: Any) -> None:
        X, name = self._argument(call, 0, "X")  # noqa: N806
        use = self._dataset(call, X, name, "predict")
        self._predictions.add(result, use.role if use else self.datasets.role_of(name), name)

    def _score(self, call: Call, result: Any) -> None:
        X, name = self._argument(call, 0, "X")  # noqa: N806
        y, y_name = self._argument(call, 1, "y")
        role = self._judged(call, X, name, self.datasets.judged_role(name))
        self._dataset(call, y, y_name, role)
        self._keep_score(call, result, role, name)

    def _judged(self, call: Call, data: Any, variable: str, role: str) -> str:
        """The role of data that a score judges; in a loop whose data are no longer read, the last one known."""
        use = self._dataset(call, data, variable, role)
        site = self._sites.get((call.place.file, call.place.line))
        if site is None:
            return role
        site.role = use.role if use else site.role or role
        return site.role

    def _metric(self, call: Call, result: Any) -> None:
        if not results.is_scalar(result):
            return
        truth, truth_name = self._argument(call, 0, "y_true", "labels_true", "X")
        predicted, _ = self._argument(call, 1, "y_pred", "y_score", "y_proba", "labels_pred", "labels")
        origin = self._predictions.origin(predicted)
        role = self._judged(call, truth, truth_name, self.datasets.judged_role(truth_name, origin))
        if origin is not None and origin.role == "predict":
            self.datasets.promote(origin.data, role)
        self._keep_score(call, result, role, origin.data if origin else truth_name)

    def _keep_score(self, call: Call, result: Any, role: str | None, data: str) -> None:
        if results.is_scalar(result):
            scored = self._scored(call.name, call.place, role, data)
            scored.values.append(float(result))
            scored.last = result

    def _folds(self, call: Call, result: Any) -> None:
        data = self._argument(call, 0, "X")[1]
        if call.name == "cross_val_predict":
            self._predictions.add(result, "validation", data)
        scores = adapter.fold_scores(call.name, result)
        for name, values in scores.items():
            # A dict of scores is bound to a name that is none of theirs.
            place = call.place if len(scores) == 1 and name != "cross_validate" else call.place._replace(target="")
            scored = self._scored(name, place, "validation", data)
            scored.folds.extend(values)
            scored.values.append(sum(values) / len(values))
            scored.last = scored.values[-1]

    def _scored(self, name: str, place: Place, role: str | None, data: str) -> Scored:
        # One place in a loop is one metric with steps; a helper called for two datasets is two metrics.
        key = (place.file, place.line, place.text, name, place.top, role)
        return self.scored.setdefault(key, Scored(name, place, role, data))

    def _read(self, call: Call, result: Any) -> None:
        path = local_path(call.args, call.kwargs)
        if path is None or not hasattr(result, "shape") or len(result.shape) not in (1, 2):
            return
        use = self._dataset(call, result, call.place.target or path.name, "raw")
        if use is not None:
            self.run.rows_read = (self.run.rows_read or 0) + len(result)
            self.datasets.read_from(use.digest, path)
