"""`%evaluate` on a line, and what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import mlops_nb as ml
from mlops_nb.errors import NotFound
from mlops_nb.store.store import Store
from tests.unit.registry.gates.making import rows, version


@pytest.fixture
def shell(store: Store):
    """A shell with the extension, `test` and `y_te`."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mlops_nb")
    data = rows()
    shell.user_ns.update(test=data, X_te=data[["a", "b"]], y_te=data.late)
    version()
    yield shell
    shell.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


def test_a_column_or_a_variable_holds_the_truth(shell: InteractiveShell):
    found = shell.run_line_magic("evaluate", "m/1 test --target late --slices g")
    assert (found.findings.target, [s.column for s in found.findings.slices]) == ("late", ["g"])
    assert shell.run_line_magic("evaluate", "m/1 X_te --target y_te").metrics == found.metrics
    assert shell.run_line_magic("evaluate", "m/1 (X_te, y_te)").metrics == found.metrics
    assert shell.run_line_magic("evaluate", "m/1 test.drop(columns='g')").metrics == found.metrics
    assert shell.run_line_magic("evaluate", "m/1 test --target late --slices g,a -s b").findings.slices[2].column == "b"
    assert len(shell.run_line_magic("evaluations", "m/1")) == 3


def test_a_column_goes_before_a_variable_of_its_name(shell: InteractiveShell):
    shell.user_ns.update(late=[1, 2], g="not this one")
    found = shell.run_line_magic("evaluate", "m/1 test --target late --slices g")
    assert (found.findings.target, found.sliced("g") is not None) == ("late", True)
    shell.user_ns["renamed"] = shell.user_ns["test"].rename(columns={"late": "max"})
    assert shell.run_line_magic("evaluate", "m/1 renamed --target max").metrics == found.metrics


def test_a_file_needs_no_quotes(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    rows().rename(columns={"late": "type"}).to_parquet("data.parquet")
    shell.user_ns["type_"] = 1
    for name in ("data.parquet", '"data.parquet"', "./data.parquet"):
        assert shell.run_line_magic("evaluate", f"m/1 {name} --target type").rows == 400
    shell.user_ns["data"] = 5  # `data.parquet` is no attribute of it
    assert shell.run_line_magic("evaluate", "m/1 data.parquet --target type").rows == 400


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("m/1 tset --target late", "there is no variable or file 'tset'"),
        ("m/1 test --target lat", "did you mean 'late'"),
        ("m/1 test --target late --slices h", "the data has no column 'h'"),
        ("m/1 test --target late --baseline best", "'best' is not one of"),
        ("m/1 test --target late --sample many", "not a valid integer"),
        ("m/9 test --target late", "has no version 9"),
        ("m/1 nothing.csv --target late", "there is no variable or file"),
        ("m/1", "evaluate: "),
    ],
)
def test_refusals_are_one_line(shell: InteractiveShell, line: str, said: str):
    with pytest.raises(UsageError) as refused:
        shell.run_line_magic("evaluate", line)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_gates_on_a_line(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    found = shell.run_line_magic("gates", 'define m production "metric auc >= 0.8" approval')
    assert found.gates == ("metric auc >= 0.8", "approval")
    assert [p.gates for p in shell.run_line_magic("gates", "list m")] == [found.gates]
    assert shell.run_line_magic("gates", "run m/1").verdict == "insufficient"
    assert shell.run_line_magic("gates", "run m/1 staging").verdict == "pass"
    one = shell.run_line_magic("gates", "define m staging 'slices auc by=\"tail number\"'")
    assert one.gates == ('slices auc by="tail number"',)
    capsys.readouterr()
    assert shell.run_line_magic("gates", "") is None
    said = capsys.readouterr().out
    assert all(word in said for word in ("%gates define", "%gates list", "%gates run"))
    with pytest.raises(UsageError, match="did you mean 'define'"):
        shell.run_line_magic("gates", "defin m")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%gates de", ["define"]),
        ("%gates define m pro", ["production"]),
        ("%gates define m production lat", ["latency"]),
        ("%gates define m production 'metric roc_auc_", ["metric roc_auc_ovr"]),
        ("%gates run m", ["m/1"]),
        ("%evaluate m/1 X_t", ["X_te"]),
        ("%evaluate m/1 test --baseline l", ["linear"]),
        ("%approve m/1 --stage s", ["staging"]),
    ],
)
def test_completion(shell: InteractiveShell, line: str, found: list[str]):
    from mlops_nb.faces.magics.complete import Matcher, _complete

    assert sorted(set(_complete(line, Matcher(shell)._python)[0])) == found


def test_evaluations_of_none(store: Store):
    version()
    assert ml.evaluations("m/1").note == "not evaluated yet: %evaluate m/1 DATA"
    with pytest.raises(NotFound):
        ml.evaluations("m/2")
