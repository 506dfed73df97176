"""The main job without a person: run notebook 01, then look at what it left behind from a shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".demo"
NOTEBOOK = HERE / "01_track_compare_register_deploy.ipynb"
ROW = {
    "month": 12, "weekday": 4, "hour": 18, "distance": 1400, "temp": 30.0, "wind_speed": 20.0,
    "precip": 0.1, "visib": 2.0, "built": 2001, "seats": 149,
}  # fmt: skip


def main() -> None:
    """Run everything and print where to go next."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.environ["MLOPS_NB_STORE"] = str(FOLDER / ".mlops")
    say(f"running {NOTEBOOK.relative_to(HERE.parent)} on 336,776 real flights")
    execute()
    for words in (
        ["runs", "--sort", "-metrics.auc"],
        ["compare", "last~1", "last"],
        ["versions", "flights-delay"],
        ["deploy", "flights-delay/1", "--name", "delay"],
    ):
        verb(*words)
    ask()
    verb("undeploy", "delay")
    say("where to go next")
    print("  .venv/bin/python -m pip install jupyterlab && .venv/bin/jupyter lab notebooks/")
    print("  MLOPS_NB_STORE=.demo/.mlops .venv/bin/mlops-nb show best:auc")
    print("  .venv/bin/mlops-nb --help")


def execute() -> None:
    """Run the notebook as a person would with Run All."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(HERE)}}
    quiet = ["--IPKernelApp.log_level=40"]  # ipykernel warns about every kernel that listens on loopback
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources, extra_arguments=quiet).execute()
    nbformat.write(notebook, FOLDER / NOTEBOOK.name)


def verb(*words: str) -> None:
    """Call a verb on the command line and show what it prints."""
    say("mlops-nb " + " ".join(words))
    subprocess.run([sys.executable, "-m", "mlops_nb", *words], check=True)


def ask() -> None:
    """Ask the deployment over HTTP, as any client in any language would."""
    listed = subprocess.run(
        [sys.executable, "-m", "mlops_nb", "deployments", "--json"], check=True, capture_output=True, text=True
    )
    (deployment,) = json.loads(listed.stdout)["result"]
    url = f"http://{deployment['host']}:{deployment['port']}/v2/models/{deployment['name']}/infer"
    say(f"POST {url}")
    inputs = [{"name": n, "shape": [1, 1], "datatype": "FP64", "data": [v]} for n, v in ROW.items()]
    body = json.dumps({"inputs": inputs}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        outputs = {o["name"]: o["data"] for o in json.load(answer)["outputs"]}
    print(f"  late: {outputs['predict'][0]}, probability {outputs['probability'][1]:.3f}")


def say(title: str) -> None:
    """A heading in the terminal."""
    print(f"\n── {title}", flush=True)


if __name__ == "__main__":
    main()
