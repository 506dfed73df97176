"""`%fairness`: verdicts that rest on intervals, and groups that are too small to be fair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio, equalized_odds_difference

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.registry.evaluating.predictions import predictions
from mlops_nb.registry.evaluating.resampling import grouped
from mlops_nb.registry.fairness.grouping import Members
from mlops_nb.registry.fairness.measuring import measured
from mlops_nb.registry.fairness.model import Judging
from mlops_nb.registry.fairness.reading import fairness, latest_fairness
from mlops_nb.registry.resolving import resolve_version
from mlops_nb.store.store import Store

from .making import classifier, measure, regressor, rows, verdicts

MEASURES = ("demographic_parity_ratio", "demographic_parity_difference", "equalized_odds_difference")


def test_a_fair_version_with_enough_rows_passes_and_an_unfair_one_fails(store: Store):
    classifier()
    fair = rows({"a": 8_000, "b": 8_000, "c": 8_000}, {})
    assert verdicts(fair) == dict.fromkeys(MEASURES, "pass")
    unfair = rows({"a": 2000, "b": 2000, "c": 2000}, {"c": 0.15})
    assert verdicts(unfair)["demographic_parity_ratio"] == "fail"
    assert verdicts(unfair)["demographic_parity_difference"] == "fail"


def test_values_are_fairlearns(store: Store):
    classifier()
    data = rows({"a": 300, "b": 200, None: 100}, {"b": 0.2})
    ml.evaluate("m/1", data, target="late", slices=["g"])
    found = ml.fairness("m/1", by="g")
    said, groups = (data.x > 0).astype(int), data.g.fillna("(missing)")
    functions = (demographic_parity_ratio, demographic_parity_difference, equalized_odds_difference)
    known = dict(zip(MEASURES, functions, strict=True))
    for name, function in known.items():
        one = measure(found, name)
        assert one.value == pytest.approx(function(data.late, said, sensitive_features=groups))
        assert one.low <= one.value <= one.high
    (column,) = found.columns
    assert [(one.name, one.n) for one in column.groups] == [("a", 300), ("b", 200), ("(missing)", 100)]
    b = column.groups[1]
    positive = data[(data.g == "b") & (data.late == 1)]
    assert b.metric("true_positive_rate").value == pytest.approx((positive.x > 0).mean())
    assert b.metric("true_positive_rate").n == len(positive)
    assert b.metric("selection_rate").low < b.metric("selection_rate").value < b.metric("selection_rate").high
    assert found.findings.positive == "1"


def _verdict(data: pd.DataFrame, seed: int) -> str:
    """The verdict of demographic parity's difference against a threshold of 0, without a store."""
    p = predictions(data.late.to_numpy(), (data.x > 0).astype(int).to_numpy(), classes=[0, 1])
    members = Members("g", p, grouped(data.g.to_numpy(), len(p)), 0, len(p))
    found = measured(members, Judging(within=0.0), seed)
    return found.measure("demographic_parity_difference").verdict


def test_a_fair_version_is_seldom_failed_and_an_unfair_one_is():
    """Five groups of 300 rows: what fails among groups alike is chance, and the intervals allow for all pairs."""
    sizes = dict.fromkeys("abcde", 300)
    fair = [_verdict(rows(sizes, {}, seed=seed), seed) for seed in range(80)]
    # At most 5 % should be failed; of 80, more than 10 come once in 400 then (binomial).
    assert fair.count("fail") <= 10
    unfair = [_verdict(rows(sizes, {"e": 0.2}, seed=seed), seed) for seed in range(10)]
    # A fifth is 6 standard errors away from two: none is missed.
    assert unfair.count("fail") == 10


def test_between_the_ends_it_is_insufficient(store: Store):
    classifier()
    data = rows({"a": 300, "b": 300}, {"b": 0.33})
    ml.evaluate("m/1", data, target="late", slices=["g"])
    one = measure(ml.fairness("m/1", by="g"), "demographic_parity_ratio")
    assert 0 < one.low < one.value < one.high <= 1.0
    ends = (one.low - 1e-9, (one.low + one.value) / 2, (one.value + one.high) / 2, min(1.0, one.high + 1e-9))
    said = [measure(ml.fairness("m/1", by="g", ratio=end), one.name).verdict for end in ends]
    assert said == ["pass", "insufficient", "insufficient", "fail" if one.high < 1 else "insufficient"]


def test_four_fifths_is_only_a_default_and_says_its_name(store: Store):
    classifier()
    data = rows({"a": 3000, "b": 3000}, {"a": 0.5, "b": 0.33})
    ml.evaluate("m/1", data, target="late", slices=["g"])
    one = measure(ml.fairness("m/1", by="g"), "demographic_parity_ratio")
    assert (one.verdict, one.at_least) == ("fail", 0.8)
    assert "(the four-fifths rule)" in one.says
    other = measure(ml.fairness("m/1", by="g", ratio=0.5), "demographic_parity_ratio")
    assert (other.verdict, "four-fifths" in other.says) == ("pass", False)


@pytest.mark.parametrize("few", [1, 12, 29])
def test_small_groups_are_insufficient_and_never_fair(store: Store, few: int):
    classifier()
    found = verdicts(rows({"a": 8_000, "b": 8_000, "z": few}, {}))
    assert found == dict.fromkeys(MEASURES, "insufficient")
    found = ml.fairness("m/1").by("g")
    assert found.verdict == "insufficient"
    assert found.groups[-1].why == f"{few} {'row' if few == 1 else 'rows'}, at least 30 are needed"
    assert found.measures[0].unjudged == (f"z ({found.groups[-1].why})",)
    # What fails without it fails with it.
    unfair = verdicts(rows({"a": 8_000, "b": 8_000, "z": few}, {"b": 0.1}))
    assert unfair["demographic_parity_ratio"] == "fail"
    # Who names a share leaves it out in so many words.
    left = ml.fairness("m/1", by="g", share=0.01).by("g")
    assert left.groups[-1].left_out
    assert left.measures[0].unjudged == ()


def test_too_few_of_a_class_leave_the_odds_open(store: Store):
    classifier()
    data = rows({"a": 4000, "b": 4000}, {})
    data.loc[(data.g == "b") & (data.late == 1), "late"] = 0
    data.loc[data.index[data.g == "b"][:9], "late"] = 1
    found = verdicts(data)
    assert found["equalized_odds_difference"] == "insufficient"
    assert found["demographic_parity_ratio"] == "pass"
    one = measure(ml.fairness("m/1"), "equalized_odds_difference")
    assert "1 group can be judged, two are needed" in one.says
    assert one.unjudged == ("b (fewer than 10 rows of a class)",)


def test_all_in_one_group_and_nobody_selected(store: Store):
    classifier()
    assert verdicts(rows({"a": 500}, {})) == dict.fromkeys(MEASURES, "insufficient")
    none = rows({"a": 500, "b": 500}, {"a": 0.0, "b": 0.0})
    assert verdicts(none) == dict.fromkeys(MEASURES, "insufficient") | {"equalized_odds_difference": "pass"}
    assert measure(ml.fairness("m/1"), "demographic_parity_ratio").says == "nobody was selected"


def test_a_constant_target_has_no_odds(store: Store):
    classifier()
    found = verdicts(rows({"a": 8_000, "b": 8_000}, {}).assign(late=1))
    assert found["equalized_odds_difference"] == "insufficient"
    assert found["demographic_parity_ratio"] == "pass"
    assert ml.fairness("m/1").columns[0].groups[0].metric("false_positive_rate").value is None


def test_a_regression_compares_errors(store: Store):
    regressor()
    random = np.random.default_rng(0)
    groups = np.repeat(["a", "b"], 2000)
    x = random.normal(size=4000)
    noise = random.normal(size=4000)
    same = pd.DataFrame({"x": x, "late": x + noise, "g": groups})
    assert verdicts(same, within=0.2) == {"mean_absolute_error_ratio": "pass", "mean_error_difference": "pass"}
    worse = same.assign(late=x + noise * np.where(groups == "b", 2.0, 1.0) + np.where(groups == "b", 1.0, 0.0))
    assert verdicts(worse) == {"mean_absolute_error_ratio": "fail", "mean_error_difference": "fail"}
    one = measure(ml.fairness("m/1"), "mean_error_difference")
    # In the target's units: 1 apart, against a twentieth of the mean absolute error.
    assert one.value == pytest.approx(1.0, abs=0.15)
    overall = np.abs(worse.late - worse.x).mean()
    assert one.at_most == pytest.approx(0.05 * overall, rel=1e-6)
    assert one.between == ("b", "a")
    exact = same.assign(late=np.where(groups == "a", x, x + noise))
    assert verdicts(exact)["mean_absolute_error_ratio"] != "pass"
    assert set(verdicts(same.assign(g="all")).values()) == {"insufficient"}


def test_more_than_two_classes_compare_accuracy(store: Store):
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    x = pd.DataFrame({"x": random.normal(size=6000)})
    kind = np.digitize(x.x, [-0.5, 0.5]).astype(str)
    ml.register("m", LogisticRegression(C=100).fit(x, kind), example=x.head())
    data = x.assign(late=kind, g=random.choice(["a", "b"], 6000))
    assert verdicts(data) == {"accuracy_difference": "pass"}
    wrong = data.assign(late=np.where((data.g == "b") & (random.random(6000) < 0.3), "0", data.late))
    assert verdicts(wrong) == {"accuracy_difference": "fail"}


def test_a_column_of_the_inputs_is_compared_on_the_kept_rows(store: Store):
    classifier()
    data = rows({"a": 3000, "b": 3000}, {})
    ml.evaluate("m/1", data, target="late", slices=["g"], sample=500)
    found = ml.fairness("m/1", by=["g", "x"])
    whole, kept = found.columns
    assert (whole.column, whole.rows, whole.of) == ("g", 6000, 6000)
    assert (kept.column, kept.rows, kept.of) == ("x", 500, 6000)
    assert len(kept.groups) == 4  # many numbers are cut at their quartiles
    assert kept.measures[0].verdict == "fail"  # who is selected depends on x alone
    assert "Only the rows that the evaluation kept" in repr(found)


def test_many_groups_are_not_all_looked_at(store: Store):
    classifier()
    data = rows({f"g{i:02d}": 40 for i in range(60)}, {})
    assert "pass" not in verdicts(data).values()
    found = ml.fairness("m/1").by("g")
    assert (len(found.groups), found.more) == (50, 10)
    assert "10 groups beyond the largest 50" in found.measures[0].says


def test_it_is_kept_once_and_read_again(store: Store):
    classifier()
    data = rows({"a": 300, "b": 300}, {})
    ml.evaluate("m/1", data, target="late", slices=["g"])
    assert fairness("m/1") == []
    found = ml.fairness("m/1", by="g")
    assert not found.existed
    again = ml.fairness("m/1", by="g")
    assert (again.existed, again.digest, again.id) == (True, found.digest, found.id)
    assert ml.fairness("m/1") == found
    other = ml.fairness("m/1", by="x")
    version = resolve_version(store, "m/1")
    assert latest_fairness(store, version) == other
    assert latest_fairness(store, version, "g") == found
    assert [one.id for one in fairness("m/1")] == [other.id, found.id]
    assert len(store.query("SELECT 1 FROM audit WHERE action = 'fairness'")) == 2
    assert ml.audit.verify().contradictions == ()


def _evaluated() -> None:
    classifier()
    ml.evaluate("m/1", rows({"a": 50, "b": 50}, {}), target="late", slices=["g"])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: ml.fairness("m/9", by="g"), NotFound, "no version 9"),
        (lambda: ml.fairness("m/1"), NotFound, "not compared by any group; expected a column, like 'g'"),
        (lambda: ml.fairness("m/1", by="gg"), NotFound, "no column 'gg'; expected one of g, x; did you mean 'g'"),
        (lambda: ml.fairness("m/1", by="h"), NotFound, "try: %evaluate m/1 DATA --slices h"),
        (lambda: ml.fairness("m/1", by="g", ratio=1.5), InvalidInput, "a ratio of 1.5"),
        (lambda: ml.fairness("m/1", by="g", within=float("nan")), InvalidInput, "within nan"),
        (lambda: ml.fairness("m/1", by="g", least=1), InvalidInput, "groups of 1 rows say nothing"),
        (lambda: ml.fairness("m/1", by="g", share=2.0), InvalidInput, "a share of 2.0"),
    ],
)
def test_refusals_leave_nothing(store: Store, call, error, says):
    _evaluated()
    with pytest.raises(error, match=says.replace("(", r"\(")):
        call()
    assert store.query("SELECT 1 FROM evidence WHERE kind = 'fairness'") == []


def test_without_an_evaluation_it_says_the_line(store: Store):
    classifier()
    with pytest.raises(NotFound, match="was not evaluated; try: %evaluate m/1 DATA --slices g"):
        ml.fairness("m/1", by="g")
    with pytest.raises(NotFound, match="was not evaluated"):
        ml.fairness("m/1")
