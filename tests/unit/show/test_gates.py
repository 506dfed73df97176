"""What gates and evaluations look like."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LinearRegression

import mlops_nb as ml
from mlops_nb.registry.gates.model import Approval, GateCheck, GateResult, Policy, Waiting
from mlops_nb.registry.verbs import register
from mlops_nb.results import Results
from mlops_nb.store.store import Store
from tests.unit.registry.gates.making import rows, version

EVIL = "<script>alert(1)</script>"


def result(verdict: str, **more: object) -> GateResult:
    plain: dict[str, object] = {
        "gate": "metric auc >= 0.8",
        "verdict": verdict,
        "says": f"roc_auc {EVIL}",
        "value": 0.812345,
        "threshold": 0.8,
        "n": 12345,
        "low": 0.79,
        "high": 0.83,
        "dataset": "fp1b:1",
        "evidence": "e",
        "digest": "d",
        "took_us": 12_000,
    }
    return GateResult(**(plain | more))  # type: ignore[arg-type]


def check(*results: GateResult, verdict: str = "fail", policy: int | None = 3) -> GateCheck:
    return GateCheck("01", "m", 2, "production", policy, 1, verdict, results, "d", "person:ada", "key", 0)  # type: ignore[arg-type]


def test_a_check_says_which_gates_are_closed_and_the_way_out():
    shown = check(result("pass"), result("fail", fix="%evaluate m/2 DATA"), result("insufficient", gate="approval"))
    text = str(shown)
    first, *_, last = text.split("\n")
    assert first == "✗ fail  m/2 → production: 1 of 3 gates pass"
    assert last == "try: %evaluate m/2 DATA"
    assert all(word in text for word in ("✓ pass", "✗ fail", "? insufficient", "12,345", "12 ms"))
    html = shown._repr_html_()
    assert EVIL not in html
    assert "&lt;script&gt;" in html
    assert "no policy: only what every version must pass was asked" in str(check(result("pass"), policy=None))


def test_one_result_alone_and_one_that_knows_no_number():
    text = str(result("insufficient", value=None, low=None, high=None, n=None, threshold=None))
    assert "metric auc >= 0.8" in text
    assert "1970" not in text
    assert "12 ms" in text
    assert "None" not in text


def test_policies_approvals_and_what_waits():
    policy = Policy("m", "production", 2, ("metric auc >= 0.8", EVIL), "d", "person:ada", "", 0)
    approval = Approval("m", 2, "production", "reject", EVIL, "person:grace", "oauth:github", 0)
    waiting = Waiting("m", 2, "production", "0 of 1 approvals", "fail", "person:ada", "job:x", 0, False, "ask linus")
    assert all(word in str(policy) for word in ("m: before production", "metric auc >= 0.8", "ada (the system's word)"))
    assert all(word in str(approval) for word in ("m/2  production", "✗ rejected", "grace (oauth:github)"))
    assert all(word in str(waiting) for word in ("m/2  production", "0 of 1 approvals", "ask linus"))
    listed = str(Results([waiting], total=1))
    assert all(word in listed for word in ("m/2", "✗ fail", "ada", "ask linus"))
    assert "metric auc >= 0.8; <script>" in str(Results([policy], total=1))
    for one in (policy, approval, waiting, Results([policy], total=1), Results([waiting], total=1)):
        assert EVIL not in one._repr_html_()


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_an_evaluation_shows_intervals_beside_the_baseline(store: Store, task: str):
    data = rows().assign(**{EVIL: "x<y"})
    if task == "binary":
        version()
    else:
        data["late"] = data.a + 0.1 * data.late
        register("m", LinearRegression().fit(data[["a", "b"]], data.late), example=data[["a", "b"]].head())
    found = ml.evaluate("m/1", data, target="late", slices=["g", EVIL])
    text = str(found)
    assert text.startswith("m/1 on 400 rows of ")
    assert "truth: late" in text
    assert all(
        word in text for word in (" – ", "dummy", "lower", "rmse" if task == "regression" else "roc_auc", "share")
    )
    html = found._repr_html_()
    assert EVIL not in html
    assert "x<y" not in html
    assert ("confusion" in html) == ("calibration" in html) == (task == "binary")
    assert "on record already" in str(ml.evaluate("m/1", data, target="late", slices=["g", EVIL]))
    assert "m/1" in str(ml.evaluations("m/1"))


def test_many_groups_are_cut_and_few_rows_are_said(store: Store):
    version()
    data = rows().assign(g=[f"g{i % 20}" for i in range(400)])
    text = str(ml.evaluate("m/1", data, target="late", slices="g"))
    assert "and 8 smaller groups" in text
    assert "(too few rows)" in text
