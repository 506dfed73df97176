"""Tab in bash, as click hands it over."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mlops_nb as ml
from mlops_nb.store.store import choose


@pytest.fixture
def project(tmp_path):
    store = choose(tmp_path / ".mlops")
    with ml.track("flights", params={"depth": 1}):
        ml.log_metric("auc", 0.5)
    store.writer.close()
    choose(None)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mlops-nb comp", "compare"),
        ("mlops-nb runs --wh", "--where"),
        ("mlops-nb runs --sort metrics.", "metrics.auc"),
        ("mlops-nb show best:", "best:auc"),
        ("mlops-nb rename fli", "flights"),
        ("mlops-nb db ch", "check"),
    ],
)
def test_completes(line, expected, project):
    words = line.split()
    environment = os.environ | {
        "_MLOPS_NB_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mlops_nb"], env=environment, capture_output=True, text=True, cwd=project, check=False
    )
    assert f"plain,{expected}" in done.stdout.splitlines()
