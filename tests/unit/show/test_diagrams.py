"""Pictures of evaluations: every value at its place, and a sentence that says the same."""

from __future__ import annotations

import re

from mlops_nb.registry.evaluating.calibrating import Bin, Calibration
from mlops_nb.show.diagrams import Ranged, calibration, calibration_sentence, intervals

HOSTILE = "<script>alert(1)</script>"
BINS = (Bin(0.0, 0.2, 0.1, 0.3, 0.2, 0.4, 50), Bin(0.8, 1.0, 0.9, 0.9, 0.8, 1.0, 50))


def places(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]


def test_what_is_said_too_low_lies_above_the_diagonal():
    found = Calibration("late", BINS, 0.1, 100)
    drawn = calibration(found, size=300)
    (x1, y1), (x2, y2) = places(drawn)
    # On the diagonal from the lower left to the upper right.
    assert abs((x2 - 44) / (300 - 12 - 44) - 0.9) < 0.01
    assert abs((300 - 38 - y2) / (300 - 38 - 12) - 0.9) < 0.01
    assert abs((300 - 38 - y1) / (300 - 38 - 12) - 0.3) < 0.01
    assert x1 < x2
    said = calibration_sentence(found)
    assert said == (
        "Probabilities of late are off by 0.1000 on average, over 100 rows; most where 10% was said and 30% came so "
        "(50 rows)."
    )
    assert said in drawn


def test_a_calibration_without_rows_is_a_sentence():
    found = Calibration("", (), 0.0, 0)
    assert calibration_sentence(found) == ("Probabilities of the likeliest label are off by 0 on average, over 0 rows.")
    assert places(calibration(found)) == []


def test_intervals_lie_on_one_scale():
    rows = [Ranged("a", 0.5, 0.4, 0.6), Ranged("b", 0.7, None, None), Ranged(HOSTILE, None, None, None)]
    drawn = intervals(rows, "accuracy by group.", mark=0.6, marked="all 0.6000")
    (xa, ya), (xb, yb) = places(drawn)
    low, high = (float(x) for x in re.search(rf'd="M([\d.]+) {ya:.1f}H([\d.]+)"', drawn).groups())  # type: ignore[union-attr]
    assert abs(xa - (low + high) / 2) < 0.11
    assert xb > high
    assert yb > ya
    assert drawn.count('fill-opacity="0"') == 1, "without an interval it is hollow"
    assert "all 0.6000" in drawn
    assert "<script" not in drawn
    assert "accuracy by group." in drawn


def test_values_that_are_all_the_same_have_a_place():
    drawn = intervals([Ranged("a", 1.0, 1.0, 1.0), Ranged("b", 1.0, 1.0, 1.0)], "perfect")
    assert len({x for x, _ in places(drawn)}) == 1
    assert "nan" not in drawn
    assert intervals([], "nothing").count("<circle") == 0
