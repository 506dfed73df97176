"""Loading, reloading and unloading leave no trace."""

from __future__ import annotations

import time

from kernels import Kernel

STATE = """
import sys, threading, sklearn.metrics as _m, sklearn.base as _b, pandas as _p, numpy as _n
from concurrent.futures import ThreadPoolExecutor as _pool
from sklearn.linear_model import LogisticRegression as _lr
def _state():
    shell = get_ipython()
    return [
        sorted(shell.magics_manager.magics['line']), sorted(shell.magics_manager.magics['cell']),
        [id(t) if not hasattr(t, '__self__') else id(t.__self__) for t in shell.input_transformers_cleanup],
        [len(v) for v in shell.events.callbacks.values()], [id(f) for f in sys.meta_path],
        [id(c.cell_contents) for f in map(_m.__dict__.get, _m.__all__) for c in getattr(f, '__closure__', None) or ()],
        sorted((n, id(v)) for c in (_b.BaseEstimator, _b.ClassifierMixin, _lr) for n, v in vars(c).items()
               if callable(v) or isinstance(v, classmethod)),
        id(threading.Thread.start), id(_pool.submit), len(shell.Completer.custom_matchers), len(shell.ast_transformers),
        'write' in vars(sys.stdout), 'showtraceback' in vars(shell), id(_p.read_csv.__code__), id(_n.load.__code__),
        hasattr(_p.read_csv, '__signature__'), len(shell.display_pub._hooks), len(shell.displayhook._hooks),
    ]
_before = _state()
"""


def fresh(kernel: Kernel) -> None:
    kernel.run("%unload_ext mlops_nb")
    assert kernel.run(STATE).status == "ok"


def test_unload_leaves_no_trace(kernel: Kernel) -> None:
    fresh(kernel)
    kernel.run("%load_ext mlops_nb")
    for body in ("x = 1", "1 / 0", "_lr().fit([[0], [1]], [0, 1])", "class E(_b.BaseEstimator): pass"):
        kernel.run(f"%%track\n{body}")
    kernel.run("%%track --nosuch\n1")
    kernel.run("%reload_ext mlops_nb")
    kernel.run("%%track\n%reload_ext mlops_nb")
    kernel.run("%unload_ext mlops_nb")
    assert kernel.value("[a == b for a, b in zip(_before, _state())].count(False)") == 0
    assert kernel.run("%%track\n1").status == "error"
    kernel.run("%load_ext mlops_nb")


def test_nothing_stays_patched_between_cells(kernel: Kernel) -> None:
    kernel.run(STATE)
    for body in ("_m.f1_score([0, 1], [0, 1])", "1 / 0", "raise SystemExit", "import asyncio\nawait asyncio.sleep(0)"):
        kernel.run(f"%%track\n{body}")
    assert kernel.value("[a == b for a, b in zip(_before, _state())].count(False)") == 0


def test_unloaded_or_reloaded_inside_a_tracked_cell(kernel: Kernel) -> None:
    kernel.run("import mlops_nb as ml")
    kernel.run("%%track inside\n%unload_ext mlops_nb\n5")
    assert kernel.value("ml.show().run.status") == "finished"
    ran = kernel.run("%load_ext mlops_nb\n6")
    assert ran.outputs[-1] == ("execute_result", "6")
    assert ran.text("stdout").count("\n") == 1
    assert kernel.run("%%track inside\n1").line


def test_help_and_completion(kernel: Kernel) -> None:
    kernel.run("%%track flights\nfrom sklearn.metrics import f1_score\nauc = f1_score([0, 1], [0, 1])")

    def complete(code: str) -> list[str]:
        for _ in range(5):  # within 50 ms or nothing, and the first time it has things to import
            reply = kernel.client.complete(code, reply=True, timeout=20)["content"]
            if reply["matches"]:
                break
            time.sleep(0.3)
        start = reply["cursor_start"]
        return [code[:start] + match for match in reply["matches"]]

    assert "%%track --snapshot" in complete("%%track --sn")
    assert "%%track flights" in complete("%%track fl")
    assert "%show best:auc" in complete("%show best:a")
    assert "%show last" in complete("%show la")
    assert any(c.endswith("metrics.auc") for c in complete("%runs --where metrics.a"))
    assert any(c.endswith("metrics.auc") for c in complete('%runs -w "status = 1 and metrics.a'))
    assert "%runs --sort -metrics.auc" in complete("%runs --sort -metrics.a")
    kernel.run("models_here = 1")
    assert any(m.endswith("models_here") for m in complete("%register m models_h"))
    assert "%mlops doctor" in complete("%mlops doc")

    shown = kernel.client.inspect("%runs", reply=True, timeout=20)["content"]
    assert "%runs [--where WHERE]" in shown["data"]["text/plain"]
    assert "List runs" in shown["data"]["text/plain"]
    assert "%compare" in kernel.run("%mlops").text("stdout")
    assert "%%track" in kernel.run("%mlops").text("stdout")
