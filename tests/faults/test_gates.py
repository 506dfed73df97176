"""Gates under fault: evidence that was altered, classes that are not here, what chance does, and many at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import comb, sqrt
from sqlite3 import IntegrityError
from statistics import NormalDist

import numpy as np
import pytest

import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.registry.evaluating.model import Evaluation
from mlops_nb.registry.evaluating.resampling import difference, score
from mlops_nb.registry.gates import scores
from mlops_nb.registry.gates.asking import Asked
from mlops_nb.registry.gates.running import _sound
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store
from tests.unit.registry.evaluating.making import answers
from tests.unit.registry.gates.making import define, one, rows, swap, version


def test_altered_predictions_keep_the_champion_gate_closed(store: Store):
    version()
    ml.stage("m/1", "production", reason="x")
    version(c=0.5)
    theirs = ml.evaluate("m/1", rows(), target="late")
    ours = ml.evaluate("m/2", rows(), target="late")
    define("champion auc margin=0.05")
    assert one("m/2", "champion").verdict == "pass"
    whole = store.artifacts.get(ours.predictions)
    for artifact, data in ((ours.predictions, store.artifacts.get(theirs.predictions)), (theirs.predictions, b"PK")):
        swap(store, artifact, data)
        found = one("m/2", "champion")
        assert found.verdict == "insufficient"
        assert "\n" not in found.says
        swap(store, ours.predictions, whole)


def test_an_evaluation_with_nan_in_it_is_no_evidence(store: Store):
    version()
    made = ml.evaluate("m/1", rows(), target="late")
    # As someone may write who can write to the database: the record itself says NaN.
    body = store.query("SELECT body FROM evidence")[0][0]
    value = repr(made.metrics["roc_auc"])
    assert value in body
    asked = Asked(store, resolve_version(store, "m/1"), "production", None)
    for broken in (float("nan"), float("inf"), -float("inf")):
        scored = tuple(type(s)(s.name, broken, broken, broken, s.n, s.higher_is_better) for s in made.findings.scored)
        asked.__dict__["evaluation"] = _with(made, scored)
        assert _sound(scores.metric(asked, "auc", at_least=0.5)).verdict != "pass"


def _with(made: Evaluation, scored: tuple[object, ...]) -> Evaluation:
    return replace(made, findings=replace(made.findings, scored=scored))


_ELSEWHERE = """
import sys
import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.store.store import choose

choose(sys.argv[1])
try:
    ml.stage("m/1", "production", reason="x", override=True)
except Refused as error:
    print(error)
"""


def test_a_class_that_is_not_here_is_not_let_in(store: Store, tmp_path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "homemade.py").write_text(
        "from sklearn.linear_model import LogisticRegression\nclass Homemade(LogisticRegression):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import homemade

    data = rows()
    model = homemade.Homemade().fit(data[["a", "b"]], data.late)
    register("m", model, example=data[["a", "b"]].head(), trust=["homemade.Homemade"])
    ml.stage("m/1", "staging", reason="x")
    store.writer.close()
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(store.folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("m/1 may not enter production")
    assert "load" in done.stdout
    assert done.stdout.count("\n") == 1


_OTHER_PROCESS = """
import sys
import mlops_nb as ml
from mlops_nb.store.store import choose

choose(sys.argv[1])
print(ml.gates.run("m/1").results[-1].says)
"""


def test_a_gate_of_a_notebook_is_not_known_to_another_process(store: Store, monkeypatch: pytest.MonkeyPatch):
    from mlops_nb.registry.gates import own

    monkeypatch.setattr(own, "_own", {})
    version()

    @ml.gate
    def only_here(asked):
        return True

    define("only_here")
    assert ml.gates.run("m/1").verdict == "pass"
    store.writer.close()
    done = subprocess.run(
        [sys.executable, "-c", _OTHER_PROCESS, str(store.folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no gate is called 'only_here'" in done.stdout


def test_a_result_can_not_be_rewritten_in_the_database(store: Store):
    version()
    define("metric auc >= 0.99")
    ml.evaluate("m/1", rows(), target="late")
    assert ml.gates.run("m/1").verdict == "fail"
    ml.stage("m/1", "staging", reason="x")
    for sql in ("UPDATE gate_result SET verdict = 'pass'", "UPDATE gate_check SET verdict = 'pass'"):
        with pytest.raises(IntegrityError):
            store.change(lambda c, sql=sql: c.execute(sql), "x", "y")
    with pytest.raises(Refused, match=r"metric auc >= 0\.99"):  # and if it could, it would open nothing
        ml.stage("m/1", "production", reason="x")


# What chance does. Trials have fixed seeds; the bounds are those of a binomial, computed before, not fitted.
TRIALS = 200
SHIFT, SHARE, N = 1.5, 0.3, 2_000


def most(chance: float, sure: float = 0.999) -> int:
    """The number of successes that a binomial of TRIALS exceeds in less than 1 of 1,000."""
    total, k = 0.0, -1
    while total < sure:
        k += 1
        total += comb(TRIALS, k) * chance**k * (1 - chance) ** (TRIALS - k)
    return k


def truth_and_x(random, n=N):
    truth = (random.random(n) < SHARE).astype(int)
    return truth, random.normal(size=n) + SHIFT * truth


def worse_by(loss: float) -> float:
    """The noise that costs `loss` of the area under the ROC curve: of two normals it is Φ(d / √(2 + noise²))."""
    normal = NormalDist()
    ratio = SHIFT / normal.inv_cdf(normal.cdf(SHIFT / sqrt(2)) - loss)
    return sqrt(ratio**2 - 2)


def verdicts(noise: float, margin: float) -> list[str]:
    """What the champion gate would say in each trial of a challenger with so much noise, as `scores.champion` does."""
    found = []
    for seed in range(TRIALS):
        random = np.random.default_rng([seed, 77])
        truth, x = truth_and_x(random)
        champion = answers(truth, x, SHIFT, SHARE)
        challenger = answers(truth, x + noise * random.normal(size=N), SHIFT, SHARE)
        gained = difference(challenger, champion, "roc_auc", seed=seed, resamples=200)
        gain, low, _ = scores._gain(gained)
        found.append("pass" if low >= -margin else "fail" if gain < -margin else "insufficient")
    return found


def test_a_challenger_that_is_worse_passes_no_more_often_than_chance_lets_it():
    passed = verdicts(worse_by(0.02), 0.005).count("pass")
    assert passed <= most(0.025)


def test_a_challenger_as_good_passes_with_a_margin_that_the_rows_can_tell():
    # Independent noise in both, the same amount: truly equal. The difference's standard error, measured apart on 400
    # other draws, gives the chance to pass: Φ(margin / se - 1.96).
    noise, margin = 0.3, 0.02

    def draw(seed: int):
        random = np.random.default_rng([seed, 5])
        truth, x = truth_and_x(random)
        return [answers(truth, x + noise * random.normal(size=N), SHIFT, SHARE) for _ in range(2)]

    apart = [difference(*draw(10_000 + i), "roc_auc", seed=0, minimum=10**9).value for i in range(400)]
    assert None not in apart
    power = NormalDist().cdf(margin / float(np.std(apart)) - 1.96)
    assert power > 0.9
    passed = sum(
        scores._gain(difference(*draw(i), "roc_auc", seed=i, resamples=200))[1] >= -margin for i in range(TRIALS)
    )
    assert passed >= TRIALS - most(1 - power)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy"])
def test_a_version_that_is_worth_just_the_threshold_passes_no_more_often_than_chance_lets_it(metric: str):
    large = answers(*truth_and_x(np.random.default_rng(1), 4_000_000), SHIFT, SHARE)
    worth = NormalDist().cdf(SHIFT / sqrt(2)) if metric == "roc_auc" else float(np.mean(large.truth == large.predicted))
    passed = 0
    for seed in range(TRIALS):
        p = answers(*truth_and_x(np.random.default_rng([seed, 9])), SHIFT, SHARE)
        scored = score(p, seed=seed, names=[metric], resamples=200)[0]
        passed += scores._held(scored, worth, at_least=True).verdict == "pass"
    assert passed <= most(0.025)
