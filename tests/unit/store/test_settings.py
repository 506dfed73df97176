from __future__ import annotations

from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.store.settings import explain, setting, whole


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("EXPERIMENT", "TRASH_DAYS", "STORE", "SPARE", "MODEL_LIMIT_MB"):
        monkeypatch.delenv(f"MLOPS_NB_{name}", raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_variable_then_project_then_user_then_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert explain("trash_days")[:3] == ("trash_days", "30", "default")
    user = tmp_path / "home" / "mlops_nb" / "mlops.toml"
    user.parent.mkdir(parents=True)
    user.write_text("trash_days = 7\n")
    assert explain("trash_days")[1:3] == ("7", str(user))
    project = tmp_path / "project" / "mlops.toml"
    project.write_text("trash_days = 8\n")
    assert explain("trash_days")[1:3] == ("8", str(project))
    monkeypatch.setenv("MLOPS_NB_TRASH_DAYS", "9")
    assert explain("trash_days")[1:3] == ("9", "MLOPS_NB_TRASH_DAYS")
    assert whole("trash_days") == 9
    assert {row.name: row.value for row in ml.config()}["trash_days"] == "9"


@pytest.mark.parametrize("content", [b"= broken", b"\xff\xfe", b"trash_days = "])
def test_a_file_that_can_not_be_read_is_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "project" / "mlops.toml").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"mlops\.toml can't be read") as caught:
        setting("experiment")
    assert "\n" not in str(caught.value)


def test_unknown_settings_and_values_that_are_no_number(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InvalidInput, match="did you mean 'trash_days'"):
        setting("trash_day")
    monkeypatch.setenv("MLOPS_NB_TRASH_DAYS", "a week")
    with pytest.raises(InvalidInput, match=r"trash_days is 'a week' .MLOPS_NB_TRASH_DAYS.; expected a whole number"):
        ml.db.gc()
