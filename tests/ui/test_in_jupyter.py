"""The same pages inside Jupyter, by Panel's own extension of its server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import Server, free_port

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def jupyter(lively_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("jupyter_server", reason="Jupyter's server is not installed")
    home = tmp_path_factory.mktemp("jupyter")
    shutil.copytree(ROOT / "dashboards", home / "dashboards", ignore=shutil.ignore_patterns("__pycache__"))
    port = free_port()
    command = [sys.executable, "-m", "jupyter", "server", "--allow-root", "--no-browser", f"--port={port}"]
    env = {**os.environ, "MLOPS_NB_STORE": str(lively_store / ".mlops")}
    log = (home / "jupyter.log").open("wb")
    process = subprocess.Popen(
        [*command, f"--IdentityProvider.token={TOKEN}"], cwd=home, env=env, stdout=log, stderr=log
    )
    server = Server(home, port=port)
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/api/status?token={TOKEN}", timeout=10).read()
            break
        except OSError:
            assert process.poll() is None, (home / "jupyter.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
    yield server
    process.terminate()
    process.wait(30)
    log.close()


def test_a_page_with_its_filter_and_links_that_stay_inside(jupyter: Server, visitor: Any) -> None:
    one = visitor(jupyter)
    page = one.open(f"panel-preview/render/dashboards/runs.py?token={TOKEN}&where=status+%3D+%27failed%27")
    assert page.locator("input[data-complete=where]").input_value() == "status = 'failed'"
    assert page.locator("tbody tr").count() >= 1
    assert page.get_by_text("read only").first.is_visible()
    page.locator("tbody a").first.click()
    page.wait_for_url("**/panel-preview/render/dashboards/run.py?run=*")
    one.ready()
    assert page.locator("h1").first.is_visible()
