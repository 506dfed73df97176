import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import metrics as sk

from mlops_nb.errors import InvalidInput
from mlops_nb.registry.evaluating.baselines import dummy, linear
from mlops_nb.registry.evaluating.metrics import values
from mlops_nb.registry.evaluating.predictions import predictions
from mlops_nb.registry.evaluating.resampling import difference
from tests.unit.registry.evaluating.making import binary, multiclass, numbers

N = 1_500
RANDOM = np.random.default_rng(0)


def frame():
    """Every kind of column, with what real ones have: gaps, infinities, nothing at all, one name for two."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "x": random.normal(size=N),
            "carrier": random.choice(["AA", "UA", None], N, p=[0.5, 0.4, 0.1]),
            "origin": pd.Categorical(random.choice(["JFK", "LGA"], N)),
            "when": pd.date_range("2013-01-01", periods=N, freq="h"),
            "took": pd.to_timedelta(random.integers(0, 99, N), unit="m"),
            "late": random.random(N) > 0.5,
            "seats": pd.array(random.integers(0, 5, N), dtype="Int64"),
            "objects": pd.Series(random.normal(size=N).tolist(), dtype=object),
            "nothing": np.full(N, np.nan),
            "same": 1.0,
            "tailnum": [f"N{k}" for k in range(N)],
            "endless": np.where(random.random(N) > 0.9, np.inf, random.normal(size=N)),
            "lists": [[k] for k in range(N)],
            7: random.normal(size=N),
        }
    )
    table.loc[::7, "x"] = np.nan
    table.loc[::9, "seats"] = pd.NA
    table.loc[3, "when"] = pd.NaT
    table.insert(2, "x", random.normal(size=N), allow_duplicates=True)
    return table


def target(table):
    x = table.iloc[:, 0].fillna(0).to_numpy()
    truth = np.random.default_rng(2).random(N) < 1 / (1 + np.exp(-2 * x - (table["carrier"] == "UA").to_numpy()))
    return predictions(truth, truth, truth.astype(float), [False, True])


def test_who_knows_only_shares_is_worth_nothing_in_order_and_the_entropy_in_loss():
    truth, p = binary(np.random.default_rng(3), 1_000)
    found = values(dummy(p, seed=1))
    share = truth.mean()
    assert found["roc_auc"] == 0.5
    assert found["average_precision"] == pytest.approx(share)
    assert found["log_loss"] == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert found["brier"] == pytest.approx(share * (1 - share))
    assert found["accuracy"] == max(share, 1 - share)
    assert values(dummy(numbers(np.random.default_rng(3), 500)))["r2"] == pytest.approx(0, abs=1e-12)
    three = multiclass(np.random.default_rng(3), 500)
    assert values(dummy(three))["roc_auc_ovr"] == 0.5


def test_the_baselines_can_be_compared_with_the_model():
    p = binary(np.random.default_rng(4), 500)[1]
    assert difference(p, dummy(p), "auc", seed=1).low > 0.2
    strange = predictions([0, 1, 2] * 30, [0, 1, 1] * 30, np.tile([[0.5, 0.5]], (90, 1)), [0, 1])
    said = dummy(strange)
    assert (said.labels, said.task, said.unseen) == ((0, 1, 2), "multiclass", ())
    assert difference(strange, said, "log_loss", seed=1).value > 0


def test_a_linear_model_takes_any_columns():
    table = frame()
    p = target(table)
    found, rows = linear(table, p, seed=1)
    assert rows.tolist() == list(range(N))
    assert found.probability.sum(axis=1) == pytest.approx(1)
    assert values(found)["roc_auc"] > 0.75
    assert np.array_equal(found.truth, p.truth)
    again, _ = linear(table, p, seed=1)
    assert np.array_equal(again.probability, found.probability)
    assert not np.array_equal(linear(table, p, seed=2)[0].probability, found.probability)


def test_inputs_come_as_other_things_too():
    table = frame()[["carrier", "late", "same"]].assign(x=frame().iloc[:, 0])
    p = target(frame())
    expected = linear(table, p, seed=1)[0].probability
    for other in (pl.from_pandas(table), table.to_dict("list"), table.set_index(np.arange(N)[::-1])):
        assert np.allclose(linear(other, p, seed=1)[0].probability, expected)
    x = frame().iloc[:, [0]].to_numpy()
    assert values(linear(x, p, seed=1)[0])["roc_auc"] > 0.7


def test_no_row_is_judged_by_a_model_that_saw_it():
    """With a column for each row, who saw the answers knows them all; who did not is as good as chance."""
    random = np.random.default_rng(5)
    truth = random.integers(0, 2, 400)
    p = predictions(truth, truth, truth.astype(float), [0, 1])
    found, _ = linear(random.normal(size=(400, 300)), p, seed=1)
    # Standard error of an area between 200 and 200 rows: 0.029.
    assert abs(values(found)["roc_auc"] - 0.5) < 4 * 0.029
    p = predictions(random.normal(size=400), np.zeros(400))
    assert values(linear(random.normal(size=(400, 300)), p, seed=1)[0])["r2"] < 0


def test_it_is_scikit_learns_line():
    p = numbers(np.random.default_rng(6), 800)
    x = (p.predicted - 10) / 2.8
    found, _ = linear({"x": x}, p, seed=1)
    assert values(found)["rmse"] == pytest.approx(1.0, abs=0.1)
    assert found.task == "regression"


def test_many_classes_and_one_of_a_single_row():
    random = np.random.default_rng(7)
    p = multiclass(random, 600)
    truth = np.array([*p.truth[:-1].tolist(), "rare"], dtype=object)
    p = predictions(truth, p.predicted, p.probability, p.classes)
    x = (truth == "blue") * 2.0 + random.normal(size=600)
    found, _ = linear({"x": x}, p, seed=1)
    assert found.labels == ("blue", "green", "red", "rare")
    # Nobody who learned from the other rows knows of the rare one.
    assert found.probability[-1, 3] == 0
    assert sk.roc_auc_score(truth == "blue", found.chance(0)) > 0.8


def test_more_classes_than_newtons_steps_are_good_for():
    random = np.random.default_rng(8)
    truth = random.integers(0, 40, 2_000)
    p = predictions(truth, truth, None, list(range(40)))
    found, _ = linear({"x": truth + random.normal(size=2_000), "c": [str(k % 25) for k in truth]}, p, seed=1)
    assert values(found)["accuracy"] > 0.3


def test_one_class_only():
    p = predictions([1] * 50, [1] * 50, None, [0, 1])
    found, _ = linear({"x": np.arange(50.0)}, p, seed=1)
    assert found.chance(1).tolist() == [1.0] * 50


def test_of_many_rows_a_sample():
    table = frame()
    p = target(table)
    found, rows = linear(table, p, seed=1, most=500)
    assert len(found) == len(rows) == 500
    assert np.all(np.diff(rows) > 0)
    assert rows[-1] > 1_000
    assert np.array_equal(found.truth, p.take(rows).truth)
    assert np.array_equal(linear(table, p, seed=1, most=500)[1], rows)


@pytest.mark.parametrize(
    ("inputs", "n", "words"),
    [
        ({"x": [1.0] * 30}, 40, "30 rows of inputs; expected 40, one for each prediction"),
        ({"x": [1.0] * 3}, 3, "3 rows are too few for a linear baseline; expected 20"),
        ({"z": np.ones(30) * 1j}, 30, "no column that a linear model can use; expected numbers"),
    ],
)
def test_what_a_line_cannot_be_drawn_through(inputs, n, words):
    with pytest.raises(InvalidInput, match=words):
        linear(inputs, predictions(np.arange(n), np.zeros(n)), seed=1)
    with pytest.raises(InvalidInput, match="there are no rows"):
        dummy(predictions([1], [1]).take([]))
