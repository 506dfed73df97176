"""The form of a canvas where it is used: in JupyterLab, in both of its themes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import nbformat
import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from tests.ui.conftest import Server, Visit, free_port

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
TOKEN = "a-token-of-this-test"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
CELLS = ("%load_ext mlops_nb", "%canvas delay --form")
# WCAG 2.2: how much a colour stands out from what is behind it.
CONTRAST = """(node, pseudo) => {
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(part => linear(part / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
  }
  const [text, ground] = [getComputedStyle(node, pseudo).color, getComputedStyle(node).backgroundColor].map(light)
  return Math.max(text, ground) / Math.min(text, ground)
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    home = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), home / "form.ipynb")
    port = free_port()
    command = [sys.executable, "-m", "jupyter", "lab", "--allow-root", "--no-browser", f"--port={port}"]
    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    env = {**os.environ, **own, "MLOPS_NB_STORE": str(home / ".mlops"), "MLOPS_NB_SPARE": "0"}
    with (home / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--IdentityProvider.token={TOKEN}"], cwd=home, env=env, stdout=log, stderr=log
        )
    server = Server(home, port=port)
    end = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/api/status?token={TOKEN}", timeout=10).read()
            break
        except OSError:
            assert process.poll() is None, (home / "lab.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
    yield server
    process.terminate()
    process.wait(30)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_filled_in_saved_refused_and_readable(lab: Server, visitor: Visit, theme: str):
    before = stores._chosen
    stores.choose(lab.folder / ".mlops")
    revision = ml.canvas("delay").revision
    page = visitor(lab, quiet=False).page
    page.goto(f"{lab.url}/lab/tree/form.ipynb?token={TOKEN}&reset")
    page.locator(".jp-Notebook .jp-Cell").nth(1).wait_for(timeout=60_000)
    entry = lambda name: page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True)
    page.locator(".lm-MenuBar-itemLabel").get_by_text("Settings", exact=True).click()
    entry("Theme").hover()
    entry(theme).click()
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=theme)
    page.locator(".lm-MenuBar-itemLabel").get_by_text("Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").filter(has_text="Restart Kernel and Run All Cells").click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    button = page.get_by_role("button", name="Save canvas")
    button.wait_for(timeout=60_000)
    for node in ("input[placeholder]", "textarea"):
        box = page.locator(f".mlops-nb-canvas-form {node}").first
        assert box.evaluate(CONTRAST, "::placeholder") >= 4.5
        assert box.evaluate(CONTRAST, None) >= 4.5
    page.get_by_label("Success metric").select_option("roc_auc")
    page.get_by_label("Monitoring").fill("minutes\nby airport")
    page.get_by_label("Target", exact=True).fill("75")
    button.click()
    said = page.locator(".mlops-nb-canvas-form .widget-html").last
    expect(said).to_contain_text("not saved: roc_auc is never 75; expected a target of at most 1")
    target = str(0.5 + revision / 10)
    page.get_by_label("Target", exact=True).fill(target)
    button.click()
    expect(said).to_have_text(f"saved as revision {revision + 1}")
    found = ml.canvas("delay")
    assert (found.fields["monitoring"], found.success.target) == ("minutes\nby airport", float(target))
    # The canvas above the form, which an exported notebook keeps, says it too.
    expect(page.locator(".jp-OutputArea-output").filter(has_text="roc_auc ≥").first).to_contain_text(target)
    stores.choose(before)
