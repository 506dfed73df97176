"""Every verb gives the same on all its faces: API, magic and command line, each on its own copy of one store."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.faces.magics.line import LineMagic
from mlops_nb.show import json_document
from mlops_nb.store.actor import acting_by_key
from mlops_nb.store.store import choose
from mlops_nb.verbs import VERBS


class Call(NamedTuple):
    """One call of a verb: arguments in Python, and the words of a line."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    words: list[str]


CALLS = {
    "untrack": Call(("last", "params.depth"), {}, ["last", "params.depth"]),
    "runs": Call(
        ("metrics.auc > 0.5",),
        {"sort": "-metrics.auc", "limit": 5},
        ["--where", "metrics.auc > 0.5", "--sort", "-metrics.auc", "-n", "5"],
    ),
    "experiments": Call((), {}, []),
    "curve": Call(
        ("last", "auc"), {"first": 0, "last": 9, "points": 5}, ["last", "auc", "--first", "0", "--last", "9", "-n", "5"]
    ),
    "views": Call((), {}, []),
    "view": Call(
        ("good ones", "metrics.auc > 0.5"),
        {"sort": "-metrics.auc", "columns": "metrics.auc,params.depth"},
        ["good ones", "metrics.auc > 0.5", "--sort", "-metrics.auc", "--columns", "metrics.auc,params.depth"],
    ),
    "compare": Call(("last~1", "last"), {}, ["last~1", "last"]),
    "show": Call(("best:auc",), {}, ["best:auc"]),
    "note": Call(("last", "a <b>note</b> of words"), {}, ["last", "a <b>note</b> of words"]),
    "datasets": Call(("last",), {"limit": 3}, ["last", "--limit", "3"]),
    "register": Call(("flights", "last"), {"note": "second"}, ["flights", "last", "--note", "second"]),
    "models": Call((), {}, []),
    "versions": Call(("flights",), {}, ["flights"]),
    "stage": Call(
        ("flights/1", "archived"), {"reason": "too old by now"}, ["flights/1", "archived", "--reason", "too old by now"]
    ),
    "stages": Call(("routes",), {"at": "2037-05-03T14:00+02:00"}, ["routes", "--at", "2037-05-03T14:00+02:00"]),
    "rollback": Call(("routes",), {"to": "1", "reason": "it errs"}, ["routes", "--to", "1", "--reason", "it errs"]),
    "pin": Call(("flights/1", "eu"), {"reason": "for Europe"}, ["flights/1", "eu", "--reason", "for Europe"]),
    "canvas": Call(
        ("flights",),
        {"fields": {"owner": "Ada", "success_target": 0.75, "success_metric": "auc", "unit": "2"}},
        [
            "flights",
            "--set",
            "owner=Ada",
            "--set",
            "success_target=0.75",
            "--set",
            "success_metric=auc",
            "--set",
            "unit=2",
        ],
    ),
    "canvases": Call((), {"limit": 5}, ["--limit", "5"]),
    "risks": Call((), {"limit": 5}, ["-n", "5"]),
    "decide": Call(
        ("flights", "kind"),
        {"option": ["linear", "trees"], "choice": "trees", "reason": "it errs less", "run": ["last"]},
        [
            *("flights", "kind", "--option", "linear", "--option", "trees", "--choice", "trees"),
            *("--reason", "it errs less", "--run", "last"),
        ],
    ),
    "risk": Call(
        ("routes/1",),
        {"hazard": "winter is not in the data", "likelihood": "likely", "severity": "major"},
        ["routes/1", "--hazard", "winter is not in the data", "--likelihood", "likely", "--severity", "major"],
    ),
    "card": Call(
        ("routes/1",),
        {"words": {"owner": "Ada", "limits": "winter"}},
        ["routes/1", "--set", "owner=Ada", "--set", "limits=winter"],
    ),
    "evaluate": Call(
        ("flights/1", "test.parquet"),
        {"target": "late", "slices": ["g"], "baseline": "linear", "sample": 5},
        ["flights/1", "test.parquet", "--target", "late", "--slices", "g", "--baseline", "linear", "--sample", "5"],
    ),
    "evaluations": Call(("judged/1",), {}, ["judged/1"]),
    "explain": Call(("judged/1",), {"repeats": 3, "rows": 60}, ["judged/1", "--repeats", "3", "--rows", "60"]),
    "fairness": Call(
        ("judged/1",),
        {"by": ["g"], "within": 0.1, "ratio": 0.7, "least": 20, "share": 0.02},
        ["judged/1", "--by", "g", "--within", "0.1", "--ratio", "0.7", "--least", "20", "--share", "0.02"],
    ),
    "gates define": Call(
        ("flights", "production", "metric auc >= 0.75", "approval"),
        {"reason": "as agreed"},
        ["flights", "production", "metric auc >= 0.75", "approval", "--reason", "as agreed"],
    ),
    "gates list": Call(("judged",), {}, ["judged"]),
    "gates run": Call(("judged/1", "staging"), {}, ["judged/1", "staging"]),
    "approve": Call(("judged/1",), {"reason": "it is good"}, ["judged/1", "--reason", "it is good"]),
    "reject": Call(
        ("judged/1",),
        {"stage": "staging", "reason": "it errs"},
        ["judged/1", "--stage", "staging", "--reason", "it errs"],
    ),
    "review": Call((), {"all": True}, ["--all"]),
    "deployments": Call((), {}, []),
    "trash": Call(("last~1",), {"kind": "run"}, ["last~1", "--kind", "run"]),
    "restore": Call(("old",), {"kind": "experiment"}, ["old", "--kind", "experiment"]),
    "rename": Call(("flights", "fluge 2"), {"kind": "model"}, ["flights", "fluge 2", "--kind", "model"]),
    "audit": Call(("flights",), {"kind": "model", "limit": 2}, ["flights", "--kind", "model", "-n", "2"]),
    "audit verify": Call((), {}, []),
    "audit export": Call(("audit.jsonl",), {}, ["audit.jsonl"]),
    "sql": Call(
        ("SELECT metric, value FROM metrics ORDER BY value",), {}, ["SELECT metric, value FROM metrics ORDER BY value"]
    ),
    "connect": Call((".mlops",), {}, [".mlops"]),
    "doctor": Call((), {}, []),
    "config": Call((), {}, []),
    "db check": Call((), {}, []),
    "db backup": Call(("copy.db",), {}, ["copy.db"]),
    "db gc": Call((), {"days": 0, "dry": True}, ["--days", "0", "--dry"]),
    "db migrate": Call((), {}, []),
    "people": Call((), {}, []),
    "people add": Call(("ada",), {"role": "editor", "no_password": True}, ["ada", "--role", "editor", "--no-password"]),
    "people remove": Call(("grace",), {}, ["grace"]),
    "people key": Call(("grace",), {}, ["grace"]),
}
# Called with a running deployment, in tests/unit/serving/test_faces.py.
# Decided by somebody whose name was checked: by the key of Ida, who approves.
KEYED = {"approve", "reject", "review"}
SERVED = {"deploy", "undeploy", "predict", "logs"}
# Goes on by itself, in a shell until it is told to end: tests/faults/test_dashboard_process.py.
ATTENDED = {"dashboard"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs, data, a model and a version."""
    folder = tmp_path_factory.mktemp("prepared")
    store = choose(folder / ".mlops")
    X = np.arange(40.0).reshape(20, 2)
    y = np.arange(20) % 2
    for depth in (3, 5):
        with ml.track("demo", params={"depth": depth}, tags={"team": "ops"}):
            LogisticRegression(C=depth).fit(X, y)
            model = LogisticRegression(C=depth).fit(X, y)
            ml.log_metric("auc", 0.5 + depth / 10)
    ml.register("flights", model)
    for c in (1, 2):
        ml.register("routes", LogisticRegression(C=c).fit(X, y))
        ml.stage(f"routes/{c}", "production", reason="the better one")
    ml.view("by depth", sort="params.depth")
    with ml.track("old"):
        ml.log_metric("auc", 0.1)
    ml.trash("old", kind="experiment")
    ml.people.add("grace", no_password=True)  # type: ignore[attr-defined]
    _judged(folder)
    store.writer.close()
    choose(None)
    return folder


def _judged(folder: Path) -> None:
    """A version of somebody's that was evaluated, with gates before it, and somebody who may approve it."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2)), columns=["a", "b"])
    data = X.assign(late=(X.a > 0).astype(int), g=np.where(X.b > 0, "x", "y"))
    data.drop(columns="g").assign(g=(X.b > 0) * 1.0)[["a", "g", "late"]].to_parquet(folder / "test.parquet")
    for name in ("ida", "leo"):
        ml.people.add(name, role="approver", no_password=True)  # type: ignore[attr-defined]
        (folder / f"{name}.key").write_text(ml.people.key(name).secret)  # type: ignore[attr-defined]
    with acting_by_key(folder / ".mlops", (folder / "leo.key").read_text()):
        ml.register("judged", LogisticRegression().fit(X, data.late), example=X.head())
    ml.evaluate("judged/1", data, target="late", slices=["g"])
    ml.gates.define("judged", "production", "metric auc >= 0.75", "approval")  # type: ignore[attr-defined]
    ml.gates.run("judged/1")  # type: ignore[attr-defined]


@pytest.fixture
def project(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes copies of the prepared project; each call enters a new one."""
    count = iter(range(10))

    def enter() -> Path:
        folder = tmp_path / str(next(count)) / "project"
        shutil.copytree(prepared, folder)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MLOPS_NB_SPARE", "0")
        choose(None)
        return folder

    yield enter
    choose(None)


@pytest.fixture(scope="module")
def shell():
    """A shell with the extension."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mlops_nb")
    yield shell
    shell.run_line_magic("unload_ext", "mlops_nb")
    InteractiveShell.clear_instance()


def settled(document: str, folder: Path) -> Any:
    """A document without the folder, times and identifiers that differ between copies."""
    text = document.replace(str(folder), "PROJECT").replace(str(folder.resolve()), "PROJECT")
    text = re.sub(r'("\w*_us": )\d+', r"\1 0", text)
    text = re.sub(r'("(?:bytes|seconds|freed|pid)": )[\d.]+', r"\1 0", text)
    text = re.sub(r'("id": )"[0-9A-HJKMNP-TV-Z]{26}"', r'\1 ""', text)
    return json.loads(text)


def line_of(words: list[str]) -> str:
    """Words as a person would type them in a magic."""
    return " ".join(
        word if re.fullmatch(r"[\w:~./=-]+", word) else json.dumps(word, ensure_ascii=False) for word in words
    )


def test_every_verb_has_a_case():
    several = {v.name for v in VERBS if {"magic", "cli"} <= v.faces}
    assert set(CALLS) | SERVED | ATTENDED == several


@pytest.mark.parametrize("name", sorted(CALLS))
def test_same_on_every_face(name: str, project, shell, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = CALLS[name]
    if name in KEYED:
        monkeypatch.setenv("MLOPS_NB_KEY", (prepared / "ida.key").read_text())
    verb = next(v for v in VERBS if v.name == name)
    folder = project()
    by_api = settled(json_document(verb.load()(*call.args, **call.kwargs)), folder)

    folder = project()
    magic, _, rest = verb.spoken.partition(" ")
    result = shell.run_line_magic(magic, f"{rest} {line_of(call.words)}".strip())
    by_magic = settled(json_document(result), folder)

    folder = project()
    done = subprocess.run(
        [sys.executable, "-m", "mlops_nb", *name.split(), *call.words, "--json"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    by_cli = settled(done.stdout, folder)

    assert by_magic == by_api
    assert by_cli == by_api


def test_in_python_only_verbs_are_not_magics(shell):
    for verb in VERBS:
        if verb.faces == frozenset({"api"}):
            found = shell.magics_manager.magics["line"].get(verb.name)
            assert not isinstance(found, LineMagic)


def test_no_verb_shadows_a_magic_of_ipython():
    bare = InteractiveShell()
    known = {name for kind in bare.magics_manager.magics.values() for name in kind}
    assert not known & {v.spoken.split(" ")[0] for v in VERBS if v.faces & {"magic", "cell magic"}}


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.name)
def test_every_argument_is_described(verb):
    from mlops_nb.faces.commands import arguments, usage

    if verb.faces != frozenset({"api"}):
        assert all(a.arg.help for a in arguments(verb))
        assert usage(verb).startswith(verb.spoken)
    assert (verb.load().__doc__ or "").strip()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rums"], 2, "mlops-nb: there is no verb 'rums'; did you mean 'runs'?; try: mlops-nb --help"),
        (["runs", "--were", "x"], 2, "did you mean '--where'?"),
        (["runs", "--where", "metrics.auc >"], 2, "mlops-nb: "),
        (["show", "01ZZZZZZZZ"], 3, "mlops-nb: no run '01ZZZZZZZZ'"),
        (["versions", "fligts"], 3, "did you mean 'flights'?"),
        (["runs", "--limit", "many"], 2, "'many' is not a valid integer"),
        (["sql", "DELETE FROM run"], 2, "mlops-nb: sql: "),
    ],
)
def test_refusals_are_one_line_with_an_exit_code(words, code, said, project):
    folder = project()
    done = subprocess.run(
        [sys.executable, "-m", "mlops_nb", *words], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == code
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_and_version(project):
    folder = project()
    run = lambda *words: (
        subprocess.run(
            [sys.executable, "-m", "mlops_nb", *words], capture_output=True, text=True, cwd=folder, check=True
        ).stdout
    )
    assert "compare" in run("--help")
    assert "--where" in run("runs", "--help")
    assert ml.__version__ in run("--version")
    assert "check" in run("db", "--help")
