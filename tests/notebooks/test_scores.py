"""Which numbers become metrics, params and values, under which names, with which role and provenance."""

from __future__ import annotations

import subprocess
import sys

import pytest
from kernels import Kernel

SETUP = """
import functools, threading, warnings, numpy as np, pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, cross_validate, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import helper
X, y = make_classification(300, 4, n_informative=3, n_redundant=0, random_state=0)
X = pd.DataFrame(X, columns=list('abcd')); y = pd.Series(y, name='t')
X_tr, X_te, y_tr, y_te = train_test_split(X, y, random_state=0)
model = LogisticRegression().fit(X_tr, y_tr)
p = model.predict(X_te)
def metrics():
    return {m.name: (m.points, m.role, m.direction, m.provenance) for m in ml.show().metrics}
def params(*sources):
    return {p.name: p.value for p in ml.show().params if p.source in sources}
"""
HELPER = """
from sklearn.metrics import f1_score as f, roc_auc_score
import sklearn.metrics as M
def evaluate(m, X, y):
    return roc_auc_score(y, m.predict_proba(X)[:, 1])
"""


@pytest.fixture(scope="module")
def k(kernel: Kernel) -> Kernel:
    # The alias in a helper module exists before the extension is loaded.
    kernel.run("%unload_ext mlops_nb")
    (kernel.folder / "helper.py").write_text(HELPER)
    assert kernel.run(SETUP).status == "ok"
    kernel.run("%load_ext mlops_nb")
    return kernel


def tracked(k: Kernel, body: str) -> dict[str, tuple[int, str, int, str]]:
    ran = k.run(f"%%track\n{body}")
    assert ran.status == "ok", ran.outputs
    found: dict[str, tuple[int, str, int, str]] = k.value("metrics()")
    return found


@pytest.mark.parametrize(
    ("body", "name", "provenance"),
    [("f1 = f1_score(y_te, p)", "f1", "line 2: f1_score(y_te, p)"),
     ("\nf1: float = float(f1_score(y_te, p))", "f1", "line 3: f1_score(y_te, p)"),
     ("a, f1 = 1, f1_score(y_te, p)", "f1", "line 2: f1_score(y_te, p)"),
     ("if (f1 := f1_score(y_te, p)) > 0: pass", "f1", "line 2: f1_score(y_te, p)"),
     ("f1_score(y_te, p)", "f1_score", "line 2: f1_score(y_te, p)"),
     ("helper.f(y_te, p)", "f1_score", "line 2: helper.f(y_te, p)"),
     ("helper.M.f1_score(y_te, y_pred=p)", "f1_score", "line 2: helper.M.f1_score(y_te, y_pred=p)"),
     ("functools.partial(f1_score, y_te)(p)", "f1_score", "line 2: functools.partial(f1_score, y_te)(p)"),
     ("(lambda a: f1_score(a, p))(y_te)", "f1_score", "line 2: f1_score(a, p)"),
     ("def g():\n    def h(): return f1_score(y_te, p)\n    return h()\nresult = g()", "result",
      "line 3: f1_score(y_te, p)"),
     ("acc = model.score(X_te, y_te)", "acc", "line 2: model.score(X_te, y_te)"),
     ("auc = helper.evaluate(model, X_te, y_te)", "auc", "line 5: roc_auc_score(y, m.predict_proba(X)[:, 1])"),
     ("from sklearn.metrics import f1_score as late\nlate(y_te, p)", "f1_score", "line 3: late(y_te, p)")],
)  # fmt: skip
def test_one_metric_however_it_is_called(k: Kernel, body: str, name: str, provenance: str) -> None:
    assert tracked(k, body) == {name: (1, "test", 1, provenance)}


def test_loops_are_series(k: Kernel) -> None:
    assert tracked(k, "for i in range(5): f1_score(y_te, np.roll(p, i))")["f1_score"][0] == 5
    assert tracked(k, "[log_loss(y_te, p) for _ in range(3)]")["log_loss"][:3] == (3, "test", -1)
    many = tracked(k, "for i in range(300): f1_score(y_tr, np.roll(y_tr, i))")
    assert many == {"f1_score": (300, "test", 1, "line 2: f1_score(y_tr, np.roll(y_tr, i))")}
    assert k.value("len(ml.show().run.datasets)") == 1


def test_threads(k: Kernel) -> None:
    body = """
threads = [threading.Thread(target=lambda: precision_score(y_te, p)) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]"""
    assert tracked(k, body)["precision_score"][:2] == (4, "test")


def test_several_scores_of_one_function_are_told_apart(k: Kernel) -> None:
    body = "f1_score(y_te, p)\nf1_score(y_tr, model.predict(X_tr))\nf1_score(y_te, np.roll(p, 1))"
    assert set(tracked(k, body)) == {"f1_score[y_te]", "f1_score[X_tr]", "f1_score[y_te] 2"}
    body = (
        "model = LogisticRegression().fit(X_tr, y_tr)\n"
        "helper.evaluate(model, X_tr, y_tr)\nhelper.evaluate(model, X_te, y_te)"
    )
    assert {n: m[1] for n, m in tracked(k, body).items()} == {
        "roc_auc_score[X]": "train",
        "roc_auc_score[test]": "test",
    }


def test_roles(k: Kernel) -> None:
    body = """
model = LogisticRegression().fit(X_tr, y_tr)
X_val, y_val = X_te[:30], y_te[:30]
tr, va, te = model.score(X_tr, y_tr), model.score(X_val, y_val), model.score(X_te, y_te)
auc = roc_auc_score(y_te, model.predict_proba(X_te)[:, 1])"""
    assert {n: m[1] for n, m in tracked(k, body).items()} == {
        "tr": "train", "va": "validation", "te": "test", "auc": "test"}  # fmt: skip
    roles = dict(k.value("[(d.variable, d.role) for d in ml.show().run.datasets]"))
    assert roles["X_tr"] == roles["y_tr"] == "train"
    assert roles["X_val"] == "validation"
    assert roles["X_te"] == "test"


def test_arrays_are_not_metrics(k: Kernel) -> None:
    assert tracked(k, "recall_score(y_te, p, average=None)\nn = int(p.sum())") == {}
    assert k.value("set(ml.show().run.values)") == {"n"}


def test_searches_and_folds_are_not_polluted(k: Kernel) -> None:
    body = """
search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}, cv=2, n_jobs=2).fit(X_tr, y_tr)
folds = cross_val_score(LogisticRegression(), X_tr, y_tr, cv=3, n_jobs=2)
both = cross_validate(LogisticRegression(), X_tr, y_tr, cv=3, scoring=['f1', 'accuracy'])
auc = f1_score(y_tr, cross_val_predict(LogisticRegression(), X_tr, y_tr, cv=3))"""
    found = {name: m[:2] for name, m in tracked(k, body).items()}
    assert found == {
        "best_score": (1, "validation"), "best_score/candidate": (2, "validation"),
        "folds": (1, "validation"), "folds/fold": (3, "validation"),
        "f1": (1, "validation"), "f1/fold": (3, "validation"),
        "accuracy": (1, "validation"), "accuracy/fold": (3, "validation"), "auc": (1, "train"),
    }  # fmt: skip
    assert k.value("{d.variable for d in ml.show().run.datasets}") == {"X_tr", "y_tr"}


def test_a_class_of_the_cell_goes_to_other_processes(k: Kernel) -> None:
    body = """
class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, a=1, b=2):
        self.a, self.b = a, b
    def fit(self, X, y):
        self.inner_ = LogisticRegression().fit(X, y)
        self.classes_ = self.inner_.classes_
        f1_score(y, self.inner_.predict(X))
        return self
    def predict(self, X):
        return self.inner_.predict(X)
mine = Mine(a=3).fit(X_tr, y_tr)
GridSearchCV(Mine(), {'a': [1, 2]}, cv=2, n_jobs=2).fit(X_tr, y_tr)
acc = mine.score(X_te, y_te)
import cloudpickle
pickled = cloudpickle.dumps([mine, mine.fit])"""
    assert set(tracked(k, body)) == {"acc", "best_score", "best_score/candidate"}
    assert k.value("params('changed')")["a"] == 3
    (k.folder / "mine.pickle").write_bytes(k.value("pickled"))
    code = (
        "import sys, pickle; sys.modules['mlops_nb'] = None\n"
        "m, fit = pickle.load(open('mine.pickle', 'rb')); fit([[0], [1]], [0, 1])"
    )
    subprocess.run([sys.executable, "-c", code], cwd=k.folder, check=True)
    assert k.value("[hasattr(vars(Mine)['fit'], n) for n in ('__wrapped__', 'original')]") == [False, False]


def test_pipelines_meta_estimators_and_curves(k: Kernel) -> None:
    body = """
warnings.simplefilter('ignore')
pipe = make_pipeline(StandardScaler(), LogisticRegression(C=2)).fit(X_tr, y_tr)
bag = BaggingClassifier(LogisticRegression(), n_estimators=3).fit(X_tr, y_tr)
mlp = MLPClassifier((5,), max_iter=7, random_state=0).fit(X_tr, y_tr)
hgb = HistGradientBoostingClassifier(max_iter=5, early_stopping=True).fit(X_tr, y_tr)"""
    found = tracked(k, body)
    assert found["mlp/loss"][0] == 7
    assert found["hgb/validation_score"][0] == 6
    assert k.value("params('changed')['logisticregression__C']") == 2
    assert k.value("{a.name for a in ml.show().artifacts if a.kind == 'model'}") == {"pipe", "bag", "mlp", "hgb"}


def test_params_are_what_was_typed(k: Kernel) -> None:
    k.run("seed = 7\ndepth_before = 3\ncomputed_before = len('abc')")
    body = """
depth: int = 4
lr, l2 = 0.1, -1e-3
name = 'hgb'
if (width := 5) > 3: pass
for step in [1, 2]: last = step
k2 = 3
k2 = k2 + 1
twice = 1
twice = 2
_private = 1
m = LogisticRegression(C=0.5, random_state=seed).fit(X_tr, y_tr)
depth_before + computed_before"""
    tracked(k, body)
    assert k.value("params('cell')") == {
        "depth": 4, "lr": 0.1, "l2": -0.001, "name": "hgb", "width": 5, "twice": 2,
        "estimator": "LogisticRegression",
    }  # fmt: skip
    assert k.value("params('earlier cell')") == {"seed": 7, "depth_before": 3}
    assert k.value("params('changed')") == {"C": 0.5, "random_state": 7}
    assert k.value("params('default')")["max_iter"] == 100
    assert k.value("dict(ml.show().run.values)") == {"k2": 4.0, "last": 2.0}
    tracked(k, "a = LogisticRegression(C=1.5).fit(X_tr, y_tr)\nb = LogisticRegression(C=2.5).fit(X_tr, y_tr)")
    assert k.value("{n: v for n, v in params('changed').items() if n.endswith('.C')}") == {"a.C": 1.5, "b.C": 2.5}


def test_flags_of_the_magic(k: Kernel) -> None:
    k.run(
        "%%track flags -p depth=3 -p name=x -t team=ops --note 'a note' --no-models\n"
        "m = LogisticRegression().fit(X_tr, y_tr)\ndepth = 9"
    )
    shown = k.value(
        "[(r.experiment, r.params['depth'], r.params['name'], dict(r.tags), r.note) for r in [ml.runs()[0]]]"
    )
    assert shown == [("flags", 3, "x", {"team": "ops"}, "a note")]
    assert k.value("[a.name for a in ml.show().artifacts]") == []
    parent = k.value("ml.show().run.id")
    k.run("%%track flags --parent last --snapshot\nmodel.score(X_te, y_te)")
    assert k.value("ml.show().run.parent") == parent
    assert "snapshot/X_te.parquet" in k.value("[a.name for a in ml.show().artifacts]")
    before = k.value("len(ml.runs(limit=1000))")
    ran = k.run("%%track --dry\nauc = f1_score(y_te, p)")
    assert "auc" in ran.line
    assert k.value("len(ml.runs(limit=1000))") == before


def test_where_the_notebook_is(k: Kernel) -> None:
    assert k.run("%%track\n1").line
    assert k.value("ml.show().notebook") is None
    k.run("%%track\n1", cell_id="vscode-notebook-cell:/home/me/my%20work.ipynb#W1sZmlsZQ==")
    assert k.value("ml.show().notebook") == "/home/me/my work.ipynb"
    k.run("import os\nos.environ['JPY_SESSION_NAME'] = '/work/nb.ipynb'")
    k.run("%%track\n1", cell_id="abcd")
    assert k.value("(ml.show().notebook, ml.show().cell_id)") == ("/work/nb.ipynb", "abcd")
    k.run("del os.environ['JPY_SESSION_NAME']")


def test_first_import_in_the_tracked_cell(tmp_path_factory: pytest.TempPathFactory) -> None:
    fresh = Kernel(tmp_path_factory.mktemp("fresh"))
    fresh.run("%load_ext mlops_nb\nimport mlops_nb as ml, importlib.util")
    body = """
importlib.util.find_spec('sklearn.metrics'), importlib.util.find_spec('pandas')  # only looking is no import
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
open('d.csv', 'w').write('a,b\\n0,0\\n1,1\\n')
d = pd.read_csv('d.csv')
m = LogisticRegression().fit(d[['a']], d['b'])
f1 = f1_score(d['b'], m.predict(d[['a']]))"""
    assert fresh.run(f"%%track\n{body}").status == "ok"
    assert fresh.value("{m.name: m.role for m in ml.show().metrics}") == {"f1": "train"}
    assert fresh.value("[d.role for d in ml.show().run.datasets]")[0] == "raw"
    assert fresh.value("type(__import__('sklearn').metrics.__spec__.loader).__name__") == "SourceFileLoader"
    fresh.close()
