"""The table of `make bench` and the list behind it. Nothing here measures."""

from __future__ import annotations

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks.goals import BY_JOB, GOALS
from tests.benchmarks.report import BEGIN, END, amount, document, ratio, replaced, table
from tests.benchmarks.running import HERE
from tests.benchmarks.steps import STEPS

MACHINE = {"date": "2026-11-25", "cores": 2, "memory_gb": 24, "system": "Linux", "python": "3.11.7"}


def entry(job: str, who: str, value: float, **more: object) -> dict[str, object]:
    return {"job": job, "who": who, "version": "1.2", "value": value, **more}


def cells(*entries: dict[str, object]) -> list[str]:
    """The cells of the only row."""
    head, line, row = table(entries).splitlines()
    assert head.count("|") == line.count("|") == row.count("|") == 7
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_every_goal_is_measured_by_a_script_that_names_it() -> None:
    for goal in GOALS:
        assert any(goal.job in step.jobs for step in STEPS if step.place == "ours"), goal.job
    assert {job for step in STEPS for job in step.jobs} == set(BY_JOB)
    assert len(BY_JOB) == len(GOALS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.place}-{step.script}")
def test_scripts_are_there(step: object) -> None:
    compile((HERE / step.file).read_text("utf-8"), step.file, "exec")  # type: ignore[attr-defined]


def test_rival_of_each_goal_is_measured() -> None:
    for goal in GOALS:
        assert not goal.rival or any(goal.rival == step.who and goal.job in step.jobs for step in STEPS), goal.job


def test_a_row() -> None:
    found = cells(entry("run", "mlops_nb", 0.0005), entry("run", "MLflow", 0.016))
    assert found[1:] == ["500 µs", "MLflow (1.2): 16 ms", "32 ×", "≤ 1 ms", "yes"]


def test_a_missed_goal_and_a_rival_that_is_better() -> None:
    found = cells(entry("run", "mlops_nb", 0.002), entry("run", "MLflow", 0.001))
    assert found[3:] == ["0.5 ×", "≤ 1 ms", "no"]


def test_rates_are_better_when_greater() -> None:
    found = cells(entry("durable_points", "mlops_nb", 400_000), entry("durable_points", "Trackio", 40_000))
    assert found[1:] == ["400,000/s", "Trackio (1.2): 40,000/s", "10 ×", "≥ 300,000/s", "yes"]


def test_a_goal_against_a_rival() -> None:
    rivals = [entry("predict", "mlflow models serve", 10.0), entry("predict", "MLServer", 1000.0)]
    assert cells(entry("predict", "mlops_nb", 4100.0), *rivals)[3:] == [
        "410 ×<br>4.1 ×",
        "4 × better than MLServer",
        "yes",
    ]
    assert cells(entry("predict", "mlops_nb", 3900.0), *rivals)[-1] == "no"
    assert cells(entry("predict", "mlops_nb", 3900.0))[-1] == "?"


def test_what_was_not_measured_is_said_and_never_guessed() -> None:
    gone = {"job": "predict", "who": "MLServer", "missing": "could not be installed"}
    found = cells(entry("predict", "mlops_nb", 9000.0), gone)
    assert found[2:] == ["MLServer: not measured: could not be installed", "–", "4 × better than MLServer", "?"]
    assert cells({**gone, "who": "mlops_nb"})[1] == "not measured: could not be installed"


def test_lost_points_miss_the_goal() -> None:
    ours = entry("processes", "mlops_nb", 1.0, broken="3 points lost")
    found = cells(ours, entry("processes", "MLflow", 90.0))
    assert found[1] == "1 s (3 points lost)"
    assert found[3] == "–"
    assert found[-1] == "no"


def test_ratio_per_item() -> None:
    ours, rival = entry("frame", "mlops_nb", 2.0, items=100_000), entry("frame", "MLflow", 1.2, items=3_000)
    assert ratio(ours, rival, BY_JOB["frame"]) == pytest.approx(20)
    assert cells(ours, rival)[1:4] == ["2 s (100,000 runs)", "MLflow (1.2): 1.2 s (3,000 runs)", "20 × a run"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.5, "s", "1.5 s"),
        (0.0123, "s", "12.3 ms"),
        (3.5e-7, "s", "0.35 µs"),
        (123.4, "s", "123 s"),
        (312_345.0, "/s", "312,000/s"),
        (1.0449, "×", "1.04 ×"),
    ],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_only_the_text_between_the_markers_is_replaced() -> None:
    made = document([entry("run", "mlops_nb", 0.0005)], MACHINE)
    first = replaced(f"before\n{BEGIN}\nold\n{END}\nafter\n", made)
    assert first == f"before\n{BEGIN}\n{made}\n{END}\nafter\n"
    assert replaced(first, made) == first


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_file_without_its_two_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs one"):
        replaced(text, "new")


def test_a_file_without_markers_is_refused_before_anything_is_measured(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(program, "measure", lambda step: pytest.fail("measured"))
    target = tmp_path / "README.md"
    target.write_text("nothing here", "utf-8")
    with pytest.raises(SystemExit, match=r"README.md: the file needs one"):
        program.main(["--write", str(target)])


def test_program_prints_writes_and_keeps(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(program, "BENCH", tmp_path / ".bench")
    monkeypatch.setattr(program, "measure", lambda step: [entry(job, step.who, 1.0) for job in step.jobs])
    target = tmp_path / "README.md"
    target.write_text(f"{BEGIN}{END}", "utf-8")
    assert program.main(["--only", "log", "--write", str(target)]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed in target.read_text("utf-8")
    assert str(tmp_path) not in printed
    assert (tmp_path / ".bench" / "results.json").exists()
    assert "W&B offline (1.2)" in printed
    assert program.main(["--only", "log", "--no-rivals"]) == 0
    assert "W&B" not in capsys.readouterr().out
