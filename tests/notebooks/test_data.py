"""Which data a run holds: as they were at the call, from which files, and nothing of them afterwards."""

from __future__ import annotations

import json

import pytest
from kernels import Kernel

SETUP = """
import gc, json, weakref, numpy as np, pandas as pd, polars as pl, pyarrow.parquet as pq, scipy.sparse as sp
from pandas import read_csv
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
A = np.random.default_rng(0).normal(size=(200, 3)); y = (A[:, 0] > 0).astype(int)
df = pd.DataFrame(A, columns=list('abc')); df['t'] = y
df.to_csv('d.csv', index=False); df.to_parquet('d.parquet'); np.save('d.npy', A)
class Any(BaseEstimator):
    def fit(self, X, y=None): return self
    def predict(self, X): return X
    def score(self, X, y=None): return 0.5
def uses():
    return {(d.role, d.variable): (d.digest, d.rows, d.columns) for d in ml.show().run.datasets}
def column(variable, name):
    digest = next(d.digest for d in ml.show().run.datasets if d.variable == variable)
    [[record]] = ml.store().query('SELECT profile FROM dataset_version WHERE digest = ?', (digest,))
    return json.loads(record)['columns'][name]
"""


@pytest.fixture(scope="module")
def k(kernel: Kernel) -> Kernel:
    assert kernel.run(SETUP).status == "ok"
    return kernel


def tracked(k: Kernel, body: str, line: str = "") -> dict[tuple[str, str], tuple[str, int, int]]:
    ran = k.run(f"%%track {line}\n{body}")
    assert ran.status == "ok", ran.outputs
    found: dict[tuple[str, str], tuple[str, int, int]] = k.value("uses()")
    return found


def test_every_kind_of_data(k: Kernel) -> None:
    body = """
Any().fit(A, y); Any().fit(df); Any().fit(pl.DataFrame(df)); Any().fit(sp.csr_matrix(A))
Any().fit(A.tolist(), y.tolist())
f1_score(pd.Series(y), np.ones(200)); Any().predict(A[:10])"""
    found = tracked(k, body)
    assert {u[1] for u in found} == {
        "A", "y", "df", "pl.DataFrame(df)", "sp.csr_matrix(A)", "A.tolist()", "y.tolist()", "pd.Series(y)", "A[:10]",
    }  # fmt: skip
    assert found["train", "df"] == found["train", "pl.DataFrame(df)"]
    assert found["train", "A"][1:] == found["train", "sp.csr_matrix(A)"][1:] == (200, 3)
    assert found["predict", "A[:10]"][1:] == (10, 3)
    assert k.value("ml.show().problems") == ()


def test_files_through_any_alias(k: Kernel) -> None:
    body = """
a = read_csv('d.csv'); b = pd.read_parquet('d.parquet')
c = pl.read_csv(source='d.csv'); d = pl.read_parquet('d.parquet')
e = pq.read_table('d.parquet'); f = np.load('d.npy'); g = pd.read_csv(filepath_or_buffer='d.csv', nrows=5)
with open('d.csv') as file: read_csv(file)"""
    found = tracked(k, body)
    assert set(found) == {("raw", name) for name in "abcdefg"}
    assert len({found["raw", name][0] for name in "abcde"}) == 1
    from mlops_nb.data.verbs import fingerprint

    files = {name: fingerprint(k.folder / name).digest for name in ("d.csv", "d.parquet", "d.npy")}
    assert {path.rsplit("/", 1)[1]: digest for path, digest in k.value("ml.show().files").items()} == files
    assert k.value("ml.show().rows_read") == 6 * 200 + 5


def test_changes_after_the_call_change_nothing(k: Kernel) -> None:
    before = k.value(
        "(ml.fingerprint(df[['a', 'b', 'c']]).digest, ml.fingerprint(A).digest, ml.fingerprint(A.tolist()).digest)"
    )
    body = """
X = df[['a', 'b', 'c']].copy(); B = A.copy(); L = A.tolist(); P = pl.DataFrame(X)
Any().fit(X); Any().fit(B); Any().fit(L); Any().fit(P)
X *= 0; X['a'] = 9.0; B *= 0; L[0][0] = 99; L.clear(); P[0, 'a'] = 99.0"""
    found = tracked(k, body, "--snapshot")
    assert (found["train", "X"][0], found["train", "B"][0], found["train", "L"][0]) == before
    assert found["train", "P"][0] == before[0]
    assert k.value("(column('X', 'a')['zeros'], column('B', '0')['zeros'], column('P', 'a')['zeros'])") == (0, 0, 0)
    assert k.value("column('P', 'a')['maximum'] < 9")
    kept = k.value("{a.name: a.digest for a in ml.show().artifacts}")
    assert {"snapshot/B.parquet", "snapshot/L.parquet"} < set(kept)
    back = "ml.fingerprint(pq.read_table(__import__('io').BytesIO(ml.store().artifacts.get({!r})))).digest"
    name = next(n for n in kept if n in ("snapshot/X.parquet", "snapshot/P.parquet"))
    assert k.value(back.format(kept[name])) == before[0]


def test_what_cannot_be_fingerprinted_is_partial_and_equals_nothing(k: Kernel) -> None:
    first = tracked(
        k, "odd = pd.DataFrame({'o': [object(), object()], 'x': [1, 2]})\nm = Any().fit(odd); m.predict(odd)"
    )
    second = tracked(k, "odd = pd.DataFrame({'o': [object(), object()], 'x': [1, 2]})\nm = Any().fit(odd)")
    assert len(first) == len(second) == 1
    digests = [found["train", "odd"][0] for found in (first, second)]
    assert digests[0].startswith("fp1bp:")
    assert digests[0] != digests[1]
    assert k.value("ml.datasets('last')[0].partial") == ("o",)


def test_loops_are_bounded(k: Kernel) -> None:
    tracked(k, "g = np.random.default_rng(1)\nfor i in range(1000): Any().predict(g.normal(size=(50, 3)))")
    assert 20 <= k.value("len(ml.show().run.datasets)") <= 100
    [problem] = k.value("ml.show().problems")
    assert "again and again" in problem


HOSTILE = """
class Boom(BaseException): pass
class BadText(Exception):
    def __str__(self): raise Boom('text')
class Array:
    shape, dtype = (2, 2), float
    def __array__(self, *args, **kwargs): raise Boom('array')
class Shape:
    @property
    def shape(self): raise RuntimeError('shape')
class Length(list):
    def __len__(self): raise ValueError('length')
class Garbage:
    def __getattr__(self, name): return 'garbage'
class Frame(pd.DataFrame):
    @property
    def _constructor(self): return Frame
    def copy(self, *args, **kwargs): raise Boom('copy')
class Equal:
    shape = (3,)
    def __eq__(self, other): raise Boom('equal')
    def __hash__(self): raise Boom('hash')
    def __repr__(self): raise Boom('repr')
class Text:
    shape, dtype = (3,), int
    def __array__(self, *args, **kwargs): raise BadText
class Params(Any):
    def get_params(self, deep=True): raise Boom('params')
class Sub(pd.DataFrame): pass
"""


@pytest.mark.parametrize("thing", ["Array()", "Shape()", "Length()", "Garbage()", "Frame({'a': [1, 2]})", "Equal()",
                                   "Text()",
                                   "Sub({'a': [1, 2]})"])  # fmt: skip
def test_hostile_objects_break_nothing(k: Kernel, thing: str) -> None:
    k.run(HOSTILE)
    ran = k.run(
        f"%%track\nthing = {thing}\nm = Any().fit(thing); m.predict(thing) is thing\nhalf = m.score(thing)\nhalf"
    )
    assert ran.outputs == [("execute_result", "0.5")]
    assert k.value("[(m.name, m.last) for m in ml.show().metrics]") == [("half", 0.5)]
    problems = k.value("ml.show().problems")
    assert len(problems) <= (0 if thing.startswith("Sub") else 3)
    assert thing.startswith(("Sub", "Length")) or problems
    assert k.run(f"%%track\nParams().fit({thing}); 1").outputs == [("execute_result", "1")]


def test_nothing_of_the_user_s_is_kept_alive(k: Kernel) -> None:
    body = """
big = np.random.rand(1000, 3); label = (big[:, 0] > .5).astype(int); frame = pd.DataFrame(big)
model = LogisticRegression().fit(big, label); chance = model.predict_proba(big); model.predict(frame)
score = f1_score(label, model.predict(big))
references = [weakref.ref(x) for x in (big, label, frame, model, chance)]"""
    tracked(k, body)
    k.run("del big, label, frame, model, chance")
    assert k.value("gc.collect() and [r() is None for r in references]") == [True] * 5


def test_figures_and_output(k: Kernel) -> None:
    k.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    body = "plt.plot([1, 2]); plt.figure(); plt.plot([2, 1]); print('drawn')"
    plain, ran = k.run(body + ";"), k.run(f"%%track\n{body};")
    assert [kind for kind, _ in ran.outputs] == [kind for kind, _ in plain.outputs]
    assert k.value("[a.name for a in ml.show().artifacts]") == ["figure-1.png", "figure-2.png"]
    assert k.value("ml.show().stdout") == "drawn\n"
    k.run("%%track\nfigure, axes = plt.subplots(); plt.close(figure)\nfigure")
    assert k.value("[a.name for a in ml.show().artifacts]") == ["figure-1.png"]


def test_secrets_are_masked_at_rest(k: Kernel) -> None:
    # Put together here, so that no scanner takes this file for a leak.
    token, key = "ghp_" + "q7Zk2Lm9Xw4Rt6Yb" + "8Nc1Vd3Fg5Hj0PsAeUi", "AKIA" + "Q3WERTY7UIOPAS5D"
    k.run(f"%%track\napi_key = '{token}'\nprint('token={token}', '{key}')")
    k.run("%%track\n1")
    assert k.value("ml.show().stdout") == ""
    rest = b"".join(path.read_bytes() for path in (k.folder / ".mlops").rglob("*") if path.is_file())
    assert token.encode() not in rest
    assert key.encode() not in rest
    assert json.dumps("api_key").encode()[1:-1] in rest
