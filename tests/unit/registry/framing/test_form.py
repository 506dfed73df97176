"""The form in a real kernel: what a front end sends, what is saved, and what stays when the notebook is exported."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

import mlops_nb as ml
from mlops_nb.store.store import Store

CELLS = (
    "import mlops_nb as ml\nml.store('.mlops')\n%load_ext mlops_nb",
    "form = ml.canvas('delay').form()\nform",
    "print(form.fields['owner'].model_id, form.fields['success_metric'].model_id, form.save.model_id)",
    "print(form.fields['owner'].value, form.said.value)",
    "form.fields['success_target'].value = '75'\nform.save.click()\nprint(form.said.value)",
    "form.fields['success_target'].value = '0.75'\nform.save.click()\nprint(form.said.value)",
    "%canvas delay --form",
)


async def used(client: NotebookClient) -> None:
    """Fill in and click as a browser does: by messages; then from cells."""
    cells = client.nb.cells

    def send(comm: str, data: dict[str, Any]) -> None:
        client.kc.shell_channel.send(client.kc.session.msg("comm_msg", {"comm_id": comm, "data": data}))

    async with client.async_setup_kernel():
        for i in (0, 1, 2):
            await client.async_execute_cell(cells[i], i)
        owner, metric, button = cells[2].outputs[0].text.split()
        send(owner, {"method": "update", "state": {"value": "Ada <b>"}, "buffer_paths": []})
        send(metric, {"method": "update", "state": {"index": 1}, "buffer_paths": []})
        send(button, {"method": "custom", "content": {"event": "click"}})
        for i in range(3, len(cells)):
            await client.async_execute_cell(cells[i], i)


def test_in_a_real_kernel(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_SPARE", "0")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(used(client))
    cells = notebook.cells
    assert cells[3].outputs[0].text == "Ada <b> saved as revision 1\n"
    assert "not saved:</b> roc_auc is never 75" in cells[4].outputs[0].text
    assert cells[5].outputs[0].text == "saved as revision 2\n"
    found = Store(tmp_path / ".mlops").query("SELECT body FROM document WHERE kind = 'canvas' ORDER BY revision")
    assert [body for (body,) in found] == [
        '{"design":[],"fields":{"owner":"Ada <b>","success_metric":"roc_auc"},"format":1}',
        '{"design":[],"fields":{"owner":"Ada <b>","success_metric":"roc_auc","success_target":0.75},"format":1}',
    ]
    for cell in (cells[1], cells[6]):
        twin, form = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in form.data
        assert "application/vnd.jupyter.widget-view+json" not in twin.data
        # What was saved from later cells shows where the form stands.
        assert "roc_auc ≥ 0.75" in twin.data["text/html"]
        assert "Ada &lt;b&gt;" in twin.data["text/html"]
        assert "https://www.ownml.co" in twin.data["text/html"]
        assert "OWNML, CC BY-SA 4.0" in twin.data["text/plain"]


def test_only_what_was_changed_is_saved(store: Store):
    ml.canvas("delay", fields={"owner": "Ada", "cost_false_positive": 2})
    form = ml.canvas("delay").form()
    form.save.click()
    assert (form.said.value, ml.canvas("delay").revision) == ("nothing was changed", 1)
    ml.canvas("delay", fields={"contact": "4711"})
    form.fields["owner"].value = "Bob"
    form.save.click()
    assert dict(ml.canvas("delay").fields) == {"owner": "Bob", "contact": "4711", "cost_false_positive": 2.0}
    assert form.fields["contact"].value == "4711"
    form.fields["owner"].value = ""
    form.save.click()
    assert "owner" not in ml.canvas("delay").fields


def test_in_a_terminal_it_is_the_canvas(store: Store):
    shown = repr(ml.canvas("delay", form=True))
    assert shown.startswith("delay: 0/10 blocks, not saved yet")
    assert shown.endswith("(the form needs a notebook)")
