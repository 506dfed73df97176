from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_nb.store.location import find
from mlops_nb.store.store import choose, current, open_store


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_NB_STORE", raising=False)


def test_a_folder_without_a_store_gets_its_own(tmp_path: Path):
    assert find(tmp_path) == tmp_path / ".mlops"
    assert not (tmp_path / ".mlops").exists()


def test_the_nearest_store_above_wins(tmp_path: Path):
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    (tmp_path / ".mlops").mkdir()
    assert find(inner) == tmp_path / ".mlops"
    (tmp_path / "a" / ".mlops").mkdir()
    assert find(inner) == tmp_path / "a" / ".mlops"


def test_a_file_of_that_name_is_no_store(tmp_path: Path):
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / ".mlops").mkdir()
    (inner / ".mlops").write_text("not a folder")
    assert find(inner) == tmp_path / ".mlops"


def test_the_variable_wins_over_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".mlops").mkdir()
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "elsewhere"))
    assert find(tmp_path) == tmp_path / "elsewhere"


def test_the_current_folder_may_have_been_deleted(tmp_path: Path):
    code = (
        "import os, shutil; os.chdir('gone'); shutil.rmtree(os.getcwd());"
        "from mlops_nb.store.location import find; print(find())"
    )
    (tmp_path / "gone").mkdir()
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == str(tmp_path / ".mlops"), found.stderr


def test_one_object_per_folder_and_choosing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert current() is open_store(tmp_path) is open_store(tmp_path / ".mlops")
    try:
        assert choose(tmp_path / "other") is current()
        assert current().folder == tmp_path / "other" / ".mlops"
    finally:
        choose(None)
    assert current().folder == tmp_path / ".mlops"
