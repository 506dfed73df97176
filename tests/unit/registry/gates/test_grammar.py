"""Gates as they are typed."""

from __future__ import annotations

import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.gating import GATES, builtin
from mlops_nb.registry.gates.grammar import bind, parse, usage


def bound(text: str) -> dict[str, object]:
    gate = parse(text)
    function = builtin(gate.name)
    assert function is not None
    return bind(gate, function)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("metric roc_auc >= 0.75", {"name": "roc_auc", "at_least": 0.75}),
        ("metric roc_auc>=75%", {"name": "roc_auc", "at_least": 0.75}),
        ("metric  log_loss\t<=0.4  n=100", {"name": "log_loss", "at_most": 0.4, "n": 100}),
        ("metric name=auc at_least=0.5", {"name": "auc", "at_least": 0.5}),
        ("champion auc margin=-0.01", {"name": "auc", "margin": -0.01}),
        ("slices auc by=g,a,g within=.1", {"name": "auc", "by": ("g", "a"), "within": 0.1}),
        ("slices auc by='tail number'", {"name": "auc", "by": ("tail number",)}),
        ("size at_most=50MB", {"at_most": 50_000_000}),
        ("size at_most=1000", {"at_most": 1000}),
        ("size <= 1.5kB", {"at_most": 1500}),
        ("latency at_most=20ms", {"at_most": 0.02}),
        ("latency at_most=0.5", {"at_most": 0.5}),
        ("latency <= 1µs", {"at_most": 1e-6}),
        ("approval count=2 by=grace,ada", {"count": 2, "by": ("grace", "ada")}),
        ("load", {}),
    ],
)
def test_what_is_typed_is_understood(text: str, found: dict[str, object]):
    assert bound(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no gate"),
        ("metric 'auc", "No closing quotation"),
        ("metric auc\x1b[31m", "is no gate"),
        ("x" * 1_000_000, "is no gate"),
        ("metric auc >=", "ends with >="),
        ("metric auc > 0.8", "> is not understood"),
        ("metric auc == 0.8", "== is not understood"),
        ("metric auc >= 0.8 >= 0.9", "says at_least twice"),
        ("metric auc >= 0.8 at_least=0.9", "says at_least twice"),
        ("metric auc name=f1 >= 0.8", "says name twice"),
        ("metric", "says no name"),
        ("metric auc f1 >= 0.8", "'f1' is one word too many"),
        ("metric auc at_leest=0.8", "did you mean 'at_least'?"),
        ("metric auc >= nan", "at_least is 'nan'; expected a number"),
        ("metric auc >= inf", "at_least is 'inf'"),
        ("metric auc >= 1e999", "at_least is '1e999'"),
        ("metric roc_auk >= 0.8", "did you mean 'roc_auc'?"),
        ("champion nonsense", "no metric is called 'nonsense'"),
        ("metric auc >= 0.8 n=0", "expected a whole number of at least 1"),
        ("slices auc", "says no by"),
        ("slices auc by=,", "expected names with commas between"),
        ("size", "says no at_most"),
        ("size at_most=-1", "expected a size, like 50MB"),
        ("size at_most=0", "expected a size, like 50MB"),
        ("size at_most=5ly", "expected a size, like 50MB"),
        ("latency", "says no at_most"),
        ("latency at_most=soon", "expected a time, like 20ms"),
        ("approval count=0", "expected a whole number of at least 1"),
        ("approval count=-3", "expected a whole number of at least 1"),
        ("approval count=1.5", "expected a whole number of at least 1"),
        ("approval by=", "expected names with commas between"),
        ("load now", "one word too many"),
        ("load asked=1", "there is no 'asked'"),
        ("load =1", "there is no ''"),
    ],
)
def test_what_is_not_is_refused_in_one_line(text: str, said: str):
    with pytest.raises(InvalidInput) as refused:
        bound(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_options_of_a_gate_from_a_notebook_are_of_the_type_that_it_says():
    # Not postponed: the annotations are types, as in a notebook's cell.
    def mine(asked, *, n=3, share=0.5, strict=False, word="x", most=None): ...

    mine.__annotations__ = {"n": int, "share": float, "strict": bool, "word": str, "most": int | None}
    found = bind(parse("mine n=4 share=20% strict=TRUE word=7 most=9"), mine)
    assert found == {"n": 4, "share": 0.2, "strict": True, "word": "7", "most": 9}
    with pytest.raises(InvalidInput, match="strict is 'yes'; expected true or false"):
        bind(parse("mine strict=yes"), mine)
    with pytest.raises(InvalidInput, match="n is 'four'; expected a whole number"):
        bind(parse("mine n=four"), mine)


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_gate_of_the_table_is_there_and_says_how_it_is_typed(name: str):
    function = builtin(name)
    assert function is not None
    assert usage(name, function).startswith(name)
    assert (function.__doc__ or "").strip()


def test_a_gate_that_nobody_knows_is_not_in_the_table():
    assert builtin("metrik") is None
    assert usage("metric", builtin("metric") or print) == "metric NAME [at_least=…] [at_most=…] [n=…]"
    assert usage("size", builtin("size") or print) == "size at_most=…"
