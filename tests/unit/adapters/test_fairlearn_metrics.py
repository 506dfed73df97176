"""fairlearn given each kind of row once with its weight: the same as given every row."""

from __future__ import annotations

import fairlearn.metrics as fair
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mlops_nb.adapters.fairlearn_metrics import apart, parity, rates

RANDOM = np.random.default_rng(0)
GROUPS = ["a", "<b>", "(missing)", "1"]
TRUTH, SAID = RANDOM.random(500) < 0.4, RANDOM.random(500) < 0.3
GROUP = np.array(GROUPS, dtype=object)[RANDOM.integers(0, 4, 500)]


def cells(truth: np.ndarray = TRUTH, said: np.ndarray = SAID) -> list[list[int]]:
    kinds = (truth & said, truth & ~said, ~truth & said, ~truth & ~said)
    return [[int((kind & (group == GROUP)).sum()) for kind in kinds] for group in GROUPS]


def test_rates_are_those_of_all_rows():
    metrics = {name: getattr(fair, name) for name in ("selection_rate", "true_positive_rate", "false_positive_rate")}
    frame = fair.MetricFrame(
        metrics=metrics | {"accuracy": accuracy_score}, y_true=TRUTH, y_pred=SAID, sensitive_features=GROUP
    )
    found = rates(GROUPS, cells())
    for name, values in found.items():
        assert values == pytest.approx([frame.by_group[name][group] for group in GROUPS])


@pytest.mark.parametrize(
    "name", ["demographic_parity_ratio", "demographic_parity_difference", "equalized_odds_difference"]
)
def test_parity_is_that_of_all_rows(name: str):
    assert parity(GROUPS, cells(), name) == pytest.approx(
        getattr(fair, name)(TRUTH, SAID, sensitive_features=GROUP), abs=1e-12
    )


def test_what_is_the_same_for_all_is_no_error():
    every, none = np.ones(500, bool), np.zeros(500, bool)
    assert rates(GROUPS, cells(every, every))["selection_rate"] == [1.0] * 4
    # fairlearn's word for the false positive rate of a group without negative rows.
    assert rates(GROUPS, cells(every, SAID))["false_positive_rate"] == [0.0] * 4
    assert np.isnan(parity(GROUPS, cells(TRUTH, none), "demographic_parity_ratio"))
    assert parity(GROUPS, cells(every, every), "demographic_parity_ratio") == 1.0


def test_values_of_groups():
    assert apart(["a", "b", "c"], np.array([1.0, 4.0, 2.0]), "difference") == 3.0
    assert apart(["a", "b", "c"], np.array([1.0, 4.0, 2.0]), "ratio") == 0.25
    assert apart(["a", "b"], np.array([-1.0, 1.0]), "difference") == 2.0
