"""The rules of the house as tests: what an import costs, who may import what, how large things may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests import readme

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mlops_nb"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "pyarrow",
    "polars",
    "duckdb",
    "skops",
    "cloudpickle",
    "xgboost",
    "lightgbm",
    "starlette",
    "uvicorn",
    "panel",
    "matplotlib",
}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are loaded after `code` in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('|'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.strip().splitlines()[-1].split("|")}


def test_importing_loads_nothing_heavy():
    found = loaded_by("import mlops_nb")
    assert not found & (HEAVY | {"IPython", "click", "sqlite3", "lark"})


def test_tracking_in_a_script_loads_nothing_that_it_does_not_use(tmp_path):
    found = loaded_by(
        f"import mlops_nb as ml\nml.store({str(tmp_path)!r})\nwith ml.track('x'): ml.log_metric('m', 1.0)"
    )
    assert not found & (HEAVY | {"IPython", "click", "lark", "sqlite_utils", "detect_secrets"})


def test_listing_runs_loads_no_dataframe_library(tmp_path):
    found = loaded_by(f"import mlops_nb as ml\nml.store({str(tmp_path)!r})\nprint(ml.runs())")
    assert not found & HEAVY


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes(path):
    text = path.read_text("utf-8")
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 60, f"{node.name} is too long"


def test_no_catch_all_modules():
    assert not {p.stem for p in SOURCES} & {"utils", "helpers", "misc", "common", "manager"}


def test_readme_is_as_generated():
    text = readme.README.read_text("utf-8")
    assert text == readme.generated(text)


def test_public_api_has_an_import_for_type_checkers_per_verb():
    from mlops_nb.verbs import VERBS

    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    named = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {v.name for v in VERBS if " " not in v.name} <= named


def test_readme_script_block_runs(tmp_path):
    block = next(b for b in readme.README.read_text("utf-8").split("```python\n")[1:] if "import mlops_nb as ml" in b)
    done = subprocess.run(
        [sys.executable, "-c", block.split("```")[0]], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout == "{'loss': 0.3333333333333333}\n"
