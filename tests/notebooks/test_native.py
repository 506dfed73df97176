"""`%%track` changes nothing: each body runs with and without it, and both show the same."""

from __future__ import annotations

import re
import time

import pytest
from kernels import Kernel, Ran

# What differs between any two runs of a cell.
_VARYING = re.compile(r"In\[\d+\]|ipykernel_\d+/\d+\.py|[\d.e+-]+ [nµμm]?s\b|± .*each\)|0x[0-9a-f]+|\(\d+\.py")

BODIES = {
    "value": "1 + 1",
    "prints, then a value": "print('a')\n2",
    "raises": "1 / 0",
    "raises in a function": "def f():\n    return 1 / 0\n\nf()",
    "syntax error": "x = = 3",
    "exits": "import sys\nsys.exit(3)",
    "base exception": "raise BaseException('x')",
    "group": "raise ExceptionGroup('g', [ValueError(1)])",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\n5",
    "await that fails": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
    "async comprehension": "async def g():\n    yield 1\n[i async for i in g()]",
    "shell": "!echo hi",
    "line magic": "%timeit -n1 -r1 pass",
    "class": "class A:\n    pass\n\nA.__name__",
    "future": "from __future__ import annotations\ndef f(x: Nowhere): ...\nf.__annotations__",
    "empty": "",
    "comment only": "\n# nothing",
    "display between prints": "from IPython.display import display\ndisplay(1)\nprint(2)\ndisplay(3)\n4",
    "nested cell": "get_ipython().run_cell('1 / 0')\n4",
    "nested empty cell": "get_ipython().run_cell('')\n4",
    "time below": "%%time\n7",
    "capture below": "%%capture\nprint(3)",
    "no such magic": "%nosuch",
    "no such cell magic": "%%nosuch\n1",
    "help": "print?",
    "stderr": "import sys\nprint('e', file=sys.stderr, flush=True)\nprint('o', flush=True)",
    "debug": "def g(a):\n    return a.nothing\n\ng(1)",
    "error from a library": "from sklearn.linear_model import LogisticRegression\n"
    "LogisticRegression(C=-1).fit([[0], [1]], [0, 1])",
    "error from a reader": "import pandas as pd\npd.read_csv('nosuch.csv')",
    "error in a pool": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as pool:\n"
    "    pool.submit(lambda: 1 / 0).result()",
}


def shown(ran: Ran) -> list[tuple[str, str]]:
    return [(kind, _VARYING.sub("…", text)) for kind, text in ran.outputs]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_same_outputs_status_and_traceback(kernel: Kernel, body: str) -> None:
    # A blank line in the place of `%%track`: IPython would drop it if it stood first, so it follows a comment.
    plain, tracked = kernel.run(f"# cell\n\n{body}"), kernel.run(f"# cell\n%%track native\n{body}")
    if "%%" in body:  # another cell magic has to be first
        plain = kernel.run(body)
    assert shown(tracked) == shown(plain)
    assert (tracked.status, tracked.ename) == (plain.status, plain.ename)
    assert tracked.content.get("payload") == plain.content.get("payload")
    assert tracked.line, "the run shows its line"


def last(kernel: Kernel, field: str = "status") -> object:
    return kernel.value(f"ml.show().run.{field}")


@pytest.mark.parametrize(
    ("body", "status"),
    [("1", "finished"), ("1 / 0", "failed"), ("x = = 1", "failed"), ("raise SystemExit", "interrupted"),
     ("raise KeyboardInterrupt", "interrupted")],
)  # fmt: skip
def test_status_of_the_run(kernel: Kernel, body: str, status: str) -> None:
    kernel.run(f"%%track\n{body}")
    assert last(kernel) == status


@pytest.mark.parametrize(
    "body", ["import time\nfor _ in range(100): time.sleep(0.1)", "import asyncio\nawait asyncio.sleep(3)"]
)
def test_real_interrupt(kernel: Kernel, body: str) -> None:
    message = kernel.send(f"%%track\n{body}")
    time.sleep(0.7)
    kernel.manager.interrupt_kernel()
    assert kernel.collect(message).status == "error"
    assert last(kernel) == "interrupted"
    assert kernel.run("1").outputs == [("execute_result", "1")]


def test_debug_goes_to_the_user_s_frame(kernel: Kernel) -> None:
    kernel.run("%%track\nfrom sklearn.linear_model import LogisticRegression\nLogisticRegression().fit([[1]], None)")
    kernel.run("import sys, traceback\nframes = [f for f, _ in traceback.walk_tb(sys.last_traceback)]")
    assert kernel.value("[f.f_globals['__name__'] for f in frames if 'mlops_nb' in f.f_globals['__name__']]") == []
    assert kernel.value("any('sklearn' in f.f_globals['__name__'] for f in frames)")


@pytest.mark.parametrize(
    ("line", "said"),
    [("--snapshto", "did you mean '--snapshot'?"), ("../x", "not a valid experiment name"),
     ("-p depth", "is not a pair"),
     ("--parent nope", "not a reference to a run"), ("--parent ZZZZ1234", "no run"), ("'open", "quote is not closed"),
     ("a b", "unexpected extra argument")],
)  # fmt: skip
def test_wrong_argument_is_one_line_and_the_body_does_not_run(kernel: Kernel, line: str, said: str) -> None:
    before = kernel.value("len(ml.runs(limit=1000))")
    ran = kernel.run(f"%%track {line}\nprint('the body ran')")
    assert ran.status == "error"
    assert ran.ename == "UsageError"
    [(kind, text)] = ran.outputs
    assert kind == "stderr"
    assert said in text
    assert text.count("\n") == 1
    assert kernel.value("len(ml.runs(limit=1000))") == before
    assert kernel.run("print('next')").outputs == [("stdout", "next\n")]


def test_other_magics_above(kernel: Kernel) -> None:
    ran = kernel.run("%%time\n%%track above\nx = 3\nx")
    assert ran.outputs[-1] == ("execute_result", "3")
    assert last(kernel, "experiment") == "above"
    assert kernel.value("dict(ml.show().run.params)") == {"x": 3}
    ran = kernel.run("%%capture kept\n%%track captured\nprint(5)")
    assert ran.outputs == []
    assert ran.line
    assert kernel.value("kept.stdout") == "5\n"
    assert last(kernel, "experiment") == "captured"


def test_track_inside_a_file_that_is_written_is_text(kernel: Kernel) -> None:
    assert not kernel.run("%%writefile written.py\n%%track x\na = 1").line
    assert (kernel.folder / "written.py").read_text() == "%%track x\na = 1\n"


def test_time_below_keeps_names_and_provenance(kernel: Kernel) -> None:
    kernel.run("from sklearn.metrics import f1_score")
    kernel.run("%%track timed\n%%time\ndepth = 3\nf1 = f1_score([0, 1], [0, 1])")
    assert kernel.value("ml.show().run.params['depth']") == 3
    assert kernel.value("[(m.name, m.provenance) for m in ml.show().metrics]") == [
        ("f1", "line 2: f1_score([0, 1], [0, 1])")
    ]


def test_same_cell_twice_is_two_runs_of_one_cell(kernel: Kernel) -> None:
    for _ in range(2):
        kernel.run("%%track twice\n1", cell_id="c0ffee")
    assert kernel.value("len(ml.runs('experiment = \"twice\"'))") == 2
    assert kernel.value("ml.show().cell_id") == "c0ffee"


def test_nested_tracked_cells_are_one_run(kernel: Kernel) -> None:
    body = (
        "get_ipython().run_cell('%%track inner\\nprint(1)')\n"
        "get_ipython().run_cell_magic('track', '', 'print(2)')\nprint(3)"
    )
    assert kernel.run(f"%%track outer\n{body}").text("stdout") == "1\n2\n3\n"
    assert last(kernel, "experiment") == "outer"
    kernel.run("get_ipython().run_cell('%%track reached\\n1')")
    assert last(kernel, "experiment") == "reached"
    kernel.run("get_ipython().run_cell_magic('track', 'called', '1')")
    assert last(kernel, "experiment") == "called"


def test_reset_autoreload_and_run(kernel: Kernel) -> None:
    kernel.run("%%track\nx = 1\n%reset -f")
    assert kernel.run("%%track\ny = 1\ny").outputs == [("execute_result", "1")]
    (kernel.folder / "edited.py").write_text("def f():\n    return 1\n")
    kernel.run("import mlops_nb as ml\n%load_ext autoreload\n%autoreload 2\nimport edited")
    digest = kernel.run("%%track\nedited.f()")
    digest = kernel.value("ml.show().modules['edited']")
    (kernel.folder / "edited.py").write_text("def f():\n    return 2222\n")
    assert kernel.run("%%track\nedited.f()").outputs == [("execute_result", "2222")]
    assert kernel.value("ml.show().modules['edited']") != digest
    kernel.run("%autoreload 0")
    import nbformat.v4 as v4
    from nbformat import write

    write(v4.new_notebook(cells=[v4.new_code_cell("q = 7\nprint(q)")]), kernel.folder / "other.ipynb")
    ran = kernel.run("%%track\n%run other.ipynb\nq")
    assert ran.outputs == [("stdout", "7\n"), ("execute_result", "7")]


def test_completeness_is_what_it_was(kernel: Kernel) -> None:
    cases = ["%%track\nfor i in x:", "%%track\nx = 1", "%%track a\nx = (1,", "%%track --nosuch\nx"]
    expression = f"[get_ipython().check_complete(c)[0] for c in {cases!r}]"
    before = kernel.value("len(ml.runs(limit=1000))")
    assert kernel.value(expression) == ["incomplete", "complete", "incomplete", "complete"]
    assert kernel.value("len(ml.runs(limit=1000))") == before
