import contextlib
import time

import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.runs.directions import direction
from mlops_nb.runs.query.expression import All, AnyOf, Comparison, Field, Has, Not, Order, Value
from mlops_nb.runs.query.grammar import parse_sort, parse_where


def test_and_binds_closer_than_or_and_not_closest():
    a, b, c = (Has(Field("params", name)) for name in "abc")
    assert parse_where("has(params.a) or has(params.b) AND Not has(params.c)") == AnyOf((a, All((b, Not(c)))))
    assert parse_where("(has(params.a) or has(params.b)) and has(params.c)") == All((AnyOf((a, b)), c))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("metrics.auc", Field("metrics", "auc")),
        ('metrics."val/loss"', Field("metrics", "val/loss")),
        ("metrics.`roc_auc_score[X_valid]`", Field("metrics", "roc_auc_score[X_valid]")),
        ("params.'it''s'", Field("params", "it's")),
        ('params."say ""hi"""', Field("params", 'say "hi"')),
        ("params.learning-rate", Field("params", "learning-rate")),
        ("params.clf__max.depth", Field("params", "clf__max.depth")),
        ("tags.größe", Field("tags", "größe")),
        ("min(metrics.loss)", Field("metrics", "loss", "least")),
        ("MAX( metrics.loss )", Field("metrics", "loss", "greatest")),
        ("notebook", Field("run", "notebook")),
    ],
)
def test_fields(text, field):
    assert parse_where(f"{text} > 1") == Comparison(field, ">", (Value("1", False),))


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">=", "~", "!~"])
def test_operators_need_no_space_and_leave_the_sign_to_the_number(operator):
    assert parse_where(f"params.x{operator}-1e-3") == Comparison(
        Field("params", "x"), operator, (Value("-1e-3", False),)
    )


def test_other_spellings_of_operators():
    assert parse_where("params.x == 1") == parse_where("params.x = 1") == parse_where("params.x in (1)")
    assert parse_where("params.x <> 1") == parse_where("params.x != 1") == parse_where("params.x NOT IN (1)")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1_000", 1000),
        ("-1e-3", -0.001),
        (".5", 0.5),
        ("5.", 5),
        ("+2E3", 2000),
        ("-inf", float("-inf")),
        ("hgb", None),
    ],
)
def test_numbers(text, number):
    assert parse_where(f"params.x = {text}").values[0].number == number


def test_quotes_make_text():
    value = parse_where("params.x = 'it''s 8'").values[0]
    assert (value.text, value.number) == ("it's 8", None)


def test_empty_filter_and_default_order():
    assert parse_where(" \n") is None
    assert parse_sort("") == (Order(Field("run", "started"), True),)
    assert parse_sort('-metrics.auc, +params."a b",wall') == (
        Order(Field("metrics", "auc"), True),
        Order(Field("params", "a b"), False),
        Order(Field("run", "wall"), False),
    )


COLUMNS = (
    "expected metrics.NAME, params.NAME, tags.NAME, values.NAME or one of actor, branch, commit, dataset, "
    "experiment, id, notebook, note, parent, started, status, wall"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "metric.auc > 1",
            f"unknown field 'metric.auc' at position 1; {COLUMNS}; did you mean 'metrics.auc'?",
        ),
        (
            "wall > 1 and statsu = x",
            f"unknown field 'statsu' at position 14; {COLUMNS}; did you mean 'status'?",
        ),
        ("auc > 1", f"unknown field 'auc' at position 1; {COLUMNS}; did you mean 'metrics.auc'?"),
        ("zzz > 1", f"unknown field 'zzz' at position 1; {COLUMNS}"),
        ("wall >", "--where ends too early; expected a value"),
        ("(wall > 1", "--where ends too early; expected ')'"),
        ("wall > > 1", "--where has '>' at position 8; expected a value"),
        ("wall 1", "--where has '1' at position 6; expected an operator (= != < <= > >= ~ !~ in)"),
        ("wall > 1 2", "--where has '2' at position 10; expected and, or or the end"),
        (")", "--where has ')' at position 1; expected a field or '('"),
        ("params.x = and", "'and' at position 12 is not a value; expected a value; try: 'and'"),
        (
            "params.x = 'abc",
            "--where has \"'abc\" at position 12; expected a value; try: close the quotes, '' is a quote inside them",
        ),
        (
            "min(params.x) > 1",
            "min() and max() at position 5 are given 'params.x'; expected a metric; try: min(metrics.loss)",
        ),
        ("a\x00b", "--where has the character '\\x00' at position 2; expected plain text"),
        ("note = '\ud800'", "--where has the character '\\ud800' at position 9; expected plain text"),
        ("not " * 41 + "wall > 1", "--where is nested too deep; expected at most 40 levels of and, or, not"),
        (
            " or ".join(["wall>1"] * 201),
            "--where has 201 comparisons; expected at most 200; try: field in (…)",
        ),
        ("x" * 10_001, "--where has 10,001 characters; expected at most 10,000"),
    ],
)
def test_refusals_are_one_line_that_says_where(text, line):
    with pytest.raises(InvalidInput) as refusal:
        parse_where(text)
    assert str(refusal.value) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-", "--sort ends too early; expected a field"),
        ("dataset", "--sort can't order by dataset, a run may have several; expected another field"),
        ("wall,wall,wall,wall,wall,wall", "--sort has 6 keys; expected at most 5"),
    ],
)
def test_refusals_of_an_order(text, line):
    with pytest.raises(InvalidInput) as refusal:
        parse_sort(text)
    assert str(refusal.value) == line


def test_a_filter_that_is_no_text():
    with pytest.raises(InvalidInput, match="--where is 5"):
        parse_where(5)


@pytest.mark.parametrize("text", ["(" * 1_000_000, "not " * 2_500, "(" * 4_000 + "wall > 1" + ")" * 4_000])
def test_deep_and_huge_filters_end_quickly_and_without_recursion(text):
    begun = time.perf_counter()
    with contextlib.suppress(InvalidInput):
        parse_where(text)
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("auc", 1),
        ("roc_auc_score[X_valid]", 1),
        ("test_auc", 1),
        ("f1_macro", 1),
        ("r2_score", 1),
        ("average_precision", 1),
        ("neg_mean_squared_error", 1),
        ("valAccuracy", 1),
        ("val/loss", -1),
        ("RMSE", -1),
        ("log_loss", -1),
        ("brier_score_loss", -1),
        ("davies_bouldin_score", -1),
        ("d2_absolute_error_score", 1),
        ("mean_absolute_error[X_te]", -1),
        ("epoch", 0),
        ("", 0),
        ("aucuba", 0),
    ],
)
def test_directions_by_name(name, way):
    assert direction(name) == way
