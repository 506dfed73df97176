"""Makes the stores that the pages are tried on, by the verbs and in a process of its own.

`python -m tests.ui.making lively FOLDER`, `… large FOLDER 100000`, `… running FOLDER`.
"""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlops_nb as ml

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
BACKWARDS = "\u202egnp.exe"
LONG = "long" * 50
LEGAL = "a legal name of 128 characters " + "n" * 97
FORMULA = "=HYPERLINK(1)"
CELL = """
%matplotlib inline
import matplotlib.pyplot as plt, numpy as np, pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
"""
DATA = """
X, y = make_classification(600, 5, n_informative=3, random_state=0)
pd.DataFrame(X, columns=list('abcde')).assign(t=y).to_csv('flights.csv', index=False)
"""
TRACKED = """%%track flights-delay
frame = pd.read_csv('flights.csv')
X_train, X_test, y_train, y_test = train_test_split(frame[list('abcde')], frame['t'], random_state=0)
model = HistGradientBoostingClassifier(max_iter=30, learning_rate=0.07, random_state=0).fit(X_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
figure, axes = plt.subplots(figsize=(4, 2.5))
axes.plot(np.linspace(0, 1), np.linspace(0, 1) ** 0.5)
axes.set_title('ROC')
plt.show()
print('scored', len(X_test), 'flights')
"""


def many(count: int) -> None:
    """Runs as in the large store: params, metrics, tags, and a curve in each fiftieth."""
    rng = random.Random(7)
    for i in range(count):
        lr, depth = round(10 ** rng.uniform(-4, -0.5), 5), rng.randint(2, 12)
        params = {"lr": lr, "depth": depth, "model": rng.choice(["hgb", "logreg", "forest"]), "seed": i % 7}
        experiment = rng.choice(["flights-delay", "churn", "demand"])
        with ml.track(experiment, params=params, tags={"team": rng.choice(["ops", "ml"])}) as run:
            auc = 0.75 + 0.1 * math.tanh(depth / 8) - abs(math.log10(lr) + 2) * 0.02 + rng.gauss(0, 0.01)
            run.log_metrics({"auc": auc, "f1": auc - 0.1 + rng.gauss(0, 0.005)})
            curve(run, rng, lr, 100) if i % 50 == 0 else run.log_metric("loss", 1 - auc)


def curve(run: Any, rng: random.Random, lr: float, points: int) -> None:
    for step in range(points):
        run.log_metric("loss", 1 / (1 + step * lr * 10) + rng.gauss(0, 0.01), step)


def hostile() -> None:
    """Texts that somebody wrote to see what a page does with them."""
    tags = {"team": BACKWARDS, SCRIPT: IMAGE}
    with ml.track(LEGAL, params={SCRIPT: IMAGE, "formula": FORMULA, LONG: LONG}, tags=tags, note=SCRIPT + IMAGE) as run:
        run.log_metric(IMAGE, 0.5)
        run.log_metric("auc", math.nan)
        run.log_artifact(b"harmless bytes", SCRIPT)
        run.log_artifact(b"more", "../../etc/passwd")
    with ml.track("churn", params={"note": BACKWARDS}, note=f"{BACKWARDS} {LONG}") as run:
        run.log_metric("auc", 0.61)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with ml.track("churn", params={"picture": True}) as run:
        figure, axes = plt.subplots(figsize=(3, 2))
        axes.plot([0, 1], [1, 0])
        run.log_figure(figure, IMAGE)
        plt.close(figure)
        run.log_metric("auc", 0.62)


def fitted(folder: Path) -> None:
    """A model that a notebook fitted in a tracked cell, and the version that was made of it."""
    import nbformat
    from nbclient import NotebookClient

    sources = ("%load_ext mlops_nb\nimport mlops_nb as ml", CELL, DATA, TRACKED, "%register flights-delay last")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "MLOPS_NB_STORE": str(folder / ".mlops"), "MLOPS_NB_SPARE": "0"})


def lively(folder: Path) -> None:
    from tests.ui.governing import govern  # not for a process that only logs: it imports scikit-learn

    govern()
    many(48)
    for lr in (0.003, 0.01, 0.03):
        with ml.track("flights-delay", params={"lr": lr, "depth": 6, "model": "net"}) as run:
            curve(run, random.Random(int(lr * 1000)), lr, 200)
            run.log_metric("auc", 0.8 + lr)
    with suppress(ValueError), ml.track("demand", params={"lr": 9.0, "depth": 1}) as run:
        run.log_metric("auc", 0.4)
        raise ValueError(f"could not fit: {SCRIPT}")
    subprocess.run([sys.executable, "-m", "tests.ui.making", "killed", str(folder)], check=False)
    hostile()
    with ml.track("churn", params={"lr": 0.5}) as run:
        run.log_metric("auc", 0.7)
    ml.trash("last", kind="run")
    fitted(folder)
    ml.note("last", "good enough for the pilot")
    with ml.track("flights-delay", params={"lr": 0.02, "depth": 8, "model": "net"}, note="the newest") as run:
        curve(run, random.Random(1), 0.02, 200)
        run.log_metric("auc", 0.83)


def running(experiment: str) -> None:
    """A run that goes on until a line comes in: a number logs a point, `fail` fails, anything else ends it well."""
    with ml.track(experiment, params={"lr": 0.02, "depth": 7}) as run:
        for step in range(5):
            run.log_metric("loss", 1 / (step + 1), step)
        sys.stdout.write(run.id + "\n")
        sys.stdout.flush()
        step = 5
        for line in sys.stdin:
            if line.strip() == "fail":
                raise RuntimeError("the disk of the worker is full")
            if not line.strip():
                break
            run.log_metric("loss", float(line), step)
            step += 1


def killed() -> None:
    with ml.track("churn", params={"lr": 0.3, "depth": 3}) as run:
        for step in range(10):
            run.log_metric("loss", 1 - step / 20, step)
        time.sleep(1)  # what was logged is on disk
        os.kill(os.getpid(), signal.SIGKILL)


def main(what: str, folder: str, *more: str) -> None:
    place = Path(folder)
    ml.store(place / ".mlops")
    if what == "lively":
        lively(place)
    elif what == "large":
        many(int(more[0]))
    elif what == "killed":
        killed()
    else:
        running(*more)


if __name__ == "__main__":
    main(*sys.argv[1:])
