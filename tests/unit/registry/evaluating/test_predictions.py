import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.predictions import missing, predictions
from tests.unit.registry.evaluating.making import multiclass

TRUTH = [1, 0, 1, 0]


@pytest.mark.parametrize(
    "truth",
    [
        TRUTH,
        [True, False, True, False],
        np.array(TRUTH, np.int8),
        np.array(TRUTH, float),
        np.array(TRUTH, bool)[:, np.newaxis],
        pd.Series(TRUTH, dtype="category", index=[9, 8, 7, 6]),
        pd.Series(TRUTH, dtype="Int64"),
        pd.Series(TRUTH, dtype="boolean"),
        pl.Series(TRUTH),
    ],
    ids=lambda truth: f"{type(truth).__module__} {getattr(truth, 'dtype', '')}",
)
@pytest.mark.parametrize("classes", [(0, 1), (False, True), np.array([0, 1])], ids=str)
def test_a_truth_of_any_type_is_the_same_truth(truth, classes):
    p = predictions(truth, [1, 0, 0, 0], [0.9, 0.2, 0.1, 0.3], classes)
    assert p.task == "binary"
    assert p.truth_code.tolist() == TRUTH
    assert p.predicted_code.tolist() == [1, 0, 0, 0]
    assert p.chance(1).tolist() == [0.9, 0.2, 0.1, 0.3]
    assert p.unseen == ()


def test_the_task_is_found():
    assert predictions([1.5, 2], [1, 2]).task == "regression"
    assert predictions(["b", "a"], ["a", "a"]).classes == ("a", "b")
    assert predictions([1, 0], [True, False]).task == "binary"
    assert predictions([True, False], [0.4, 0.2]).task == "regression"
    three = predictions(pd.Series(["x", "y", "z"], dtype="category"), np.array(["x", "x", "y"]))
    assert (three.task, three.classes) == ("multiclass", ("x", "y", "z"))


def test_a_truth_that_the_model_cannot_predict_is_named_and_has_no_chance():
    p = predictions(["a", "c", "b"], ["a", "b", "b"], np.full((3, 2), 0.5), ["a", "b"])
    assert (p.task, p.classes, p.unseen, p.labels) == ("multiclass", ("a", "b"), ("c",), ("a", "b", "c"))
    assert p.probability.tolist() == [[0.5, 0.5, 0.0]] * 3
    assert p.chance(2).tolist() == [0, 0, 0]


def test_a_model_of_one_class_is_binary():
    p = predictions([0, 0, 1], [0, 0, 0], np.ones((3, 1)), [0])
    assert (p.task, p.labels, p.chance(1).tolist()) == ("binary", (0, 1), [0, 0, 0])
    assert predictions(["a"], ["a"], [[1.0]], ["a"]).chance(1).tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 0], [1]), "1 predictions for 2 rows; expected one a row"),
        (([], []), "no rows to evaluate"),
        (([1.0, np.nan], [1, 2]), r"truth is missing in 1 of 2 rows; expected a value; try: leave out rows .*dropna"),
        ((["a", None, float("nan")], ["a"] * 3), "truth is missing in 2 of 3 rows"),
        ((pd.Series([1, None], dtype="Int64"), [1, 2]), "truth is missing in 1 of 2 rows"),
        (([1, 2], [np.nan, np.nan]), "prediction is missing in 2 of 2 rows"),
        (([1, np.inf], [1, 2]), "truth is infinite in 1 of 2 rows"),
        (([1, 2], [-np.inf, 2.0]), "prediction is infinite in 1 of 2 rows"),
        (([1, 2], [1e200, 2.0]), "a number whose square overflows; expected .* within 1e[+]140"),
        (([10**400, 1], [1, 2]), "a number whose square overflows"),
        ((["1", "0"], [1, 0], None, [0, 1]), "truth holds texts like '1', the model says numbers; expected numbers"),
        (([1, 0], ["yes", "no"]), "truth holds numbers like 1, the model says texts"),
        (([1, "a"], [1, 0]), "truth mixes number and text"),
        (([[1, 2], [3, 4]], [1, 2]), r"truth has shape \[2, 2\]"),
        (([[1], [3, 4]], [1, 2]), "rows of the truth have unlike lengths"),
        ((["A"], ["a"], None, ["a", "b"]), "no truth is a class of the model: 'A'"),
        ((["a"], ["c"], None, ["a", "b"]), "the model says 'c', which is none of its classes; expected 'a', 'b'"),
        ((list(range(200)), [0] * 200, None, [0, 1]), "198 values that the model can't predict, like 2"),
        (([0, 1], [0, 1], None, [0, 0]), "a class is named twice"),
        (([0, 1], [0, 1], [0.1, 0.9], ()), "probabilities without classes"),
        (([0, 1], [0, 1], [[0.1], [0.2], [0.3]], [0, 1]), r"probabilities of shape \[3, 1\]; expected \[2, 2\]"),
        (([0, 1], [0, 1], [0.1, np.nan], [0, 1]), "outside 0 to 1, or missing, in 1 of 2 rows"),
        (([0, 1], [0, 1], [-3.0, 2.0], [0, 1]), "in 2 of 2 rows; expected predict_proba, not decision_function"),
        (([0, 1], [0, 1], [[0.1, 0.2], [0.5, 0.5]], [0, 1]), "don't add up to 1"),
        (([0, 1], [0, 1], ["low", "high"], [0, 1]), "probabilities that are no numbers"),
        ((np.array(["2020", "2021"], "M8[D]"), np.array(["2020", "2021"], "M8[D]")), "the model says times"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(arguments, words):
    with pytest.raises(InvalidInput, match=words) as refusal:
        predictions(*arguments)
    assert "\n" not in str(refusal.value)


def test_rows_can_be_taken_by_mask_or_by_index():
    p = multiclass(np.random.default_rng(0), 50)
    mask = p.truth_code == 1
    part = p.take(mask)
    assert len(part) == mask.sum()
    assert set(part.truth.tolist()) == {"green"}
    assert part.labels == p.labels
    again = p.take(np.flatnonzero(mask).tolist())
    assert np.array_equal(again.probability, part.probability)
    assert len(p.take([])) == 0
    with pytest.raises(InvalidInput, match="a mask of 3 rows; expected 50"):
        p.take([True, False, True])
    number = predictions([1, 2, 3], [1, 2, 4]).take([2])
    assert (number.truth.tolist(), number.predicted.tolist()) == ([3], [4])


def test_missing_knows_what_each_library_calls_nothing():
    values = np.array([None, float("nan"), np.nan, pd.NA, pd.NaT, "", 0, "nan"], dtype=object)
    assert missing(values).tolist() == [True] * 5 + [False] * 3
    assert missing(np.array(["2020", "NaT"], "M8[D]")).tolist() == [False, True]
