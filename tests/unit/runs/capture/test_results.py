"""Scalars, and whose predictions an array is."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from mlops_nb.runs.capture.results import Origin, Predictions, is_scalar


@pytest.mark.parametrize(("value", "scalar"), [(1, True), (0.5, True), (np.float32(1), True), (np.int64(1), True),
    (Fraction(1, 2), True), (True, False), (np.bool_(True), False), (np.ones(1), False), ("1", False), (1j, False),
    (None, False), (Decimal(1), False)])  # fmt: skip
def test_is_scalar(value: object, scalar: bool) -> None:
    assert is_scalar(value) is scalar


def test_views_lead_to_their_prediction() -> None:
    known, transposed, plain = Predictions(), np.ones((2, 5)).T, np.ones((5, 2))
    known.add(transposed, "test", "X_te")
    known.add(plain, "train", "X_tr")
    known.add([1, 2], "test", "X")
    assert known.origin(transposed[:, 1]) == Origin("test", "X_te")
    assert known.origin(plain[:, 1][:3]) == Origin("train", "X_tr")
    assert known.origin(plain > 0) is None
    assert known.origin(None) is None


def test_a_new_object_at_the_same_address_is_another() -> None:
    known = Predictions()
    for _ in range(100):
        known.add(np.ones(3), "test", "X")
    assert all(known.origin(np.ones(3)) is None for _ in range(100))
