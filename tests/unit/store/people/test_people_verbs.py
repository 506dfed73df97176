"""`people`, `people add`, `people remove`: in Python, in a shell, at a terminal and in a notebook."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.faces import commands
from mlops_nb.store.people import entries as people
from mlops_nb.store.store import Store
from mlops_nb.verbs import BY_NAME
from tests.notebooks.kernels import Kernel

PASSWORD = "correct horse battery"


def _run(store: Store, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "MLOPS_NB_PASSWORD"}
    return subprocess.run(
        [sys.executable, "-m", "mlops_nb", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**clean, "MLOPS_NB_STORE": str(store.folder), **env},
        check=False,
    )


def test_in_python(store: Store):
    assert "nobody yet" in repr(ml.people())
    added = ml.people.add("ada", role="editor", password=PASSWORD)  # type: ignore[attr-defined]
    assert (added.name, added.role, added.signs_in) == ("ada", "editor", "password")
    assert PASSWORD not in repr(added) + added.to_json() + added._repr_html_()
    changed = ml.people.add("ada", role="approver")  # type: ignore[attr-defined]
    assert (changed.role, changed.signs_in) == ("approver", "password")
    assert people.check(store.folder, "ada", PASSWORD) == people.Person("ada", "approver")
    ml.people.add("ada", password="another password")  # type: ignore[attr-defined]
    assert people.check(store.folder, "ada", PASSWORD) is None
    assert people.check(store.folder, "ada", "another password") == people.Person("ada", "approver")
    assert ml.people.add("ada", no_password=True).signs_in == "OAuth"  # type: ignore[attr-defined]
    assert people.check(store.folder, "ada", "another password") is None
    assert ml.people.add("bob@example.org", no_password=True).role == "viewer"  # type: ignore[attr-defined]
    assert [p.name for p in ml.people()] == ["ada", "bob@example.org"]
    assert ml.people.remove("ada").name == "ada"  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match="nobody called 'ada'"):
        ml.people.remove("ada")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"password": "short"}, "the password has 5 characters; expected at least 10"),
        ({"password": "x" * 1_001}, "1,001 characters"),
        ({"password": ""}, "the password has 0 characters"),
        ({"role": "king", "no_password": True}, "'king' is no role; expected viewer, editor, approver"),
    ],
)
def test_what_is_refused(store: Store, asked: dict[str, object], said: str):
    with pytest.raises(InvalidInput, match=said) as refused:
        ml.people.add("ada", **asked)  # type: ignore[attr-defined]
    assert str(asked.get("password") or "no password") not in str(refused.value)
    assert not (store.folder / "people.json").exists()


def test_no_face_takes_a_password_on_a_line(store: Store):
    verb = BY_NAME["people add"]
    assert [a.name for a in commands.arguments(verb)] == ["name", "role", "system", "no_password"]
    done = _run(store, "people", "add", "ada", "--password", PASSWORD)
    assert done.returncode == 2
    assert "has no flag --password" in done.stderr


def test_in_a_shell_the_password_is_the_environments_or_refused(store: Store):
    refused = _run(store, "people", "add", "ada", "--role", "editor")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "expected a terminal, or the password in MLOPS_NB_PASSWORD" in refused.stderr
    done = _run(store, "people", "add", "ada", "--role", "editor", "--json", MLOPS_NB_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout
    assert people.check(store.folder, "ada", PASSWORD) == people.Person("ada", "editor")
    assert _run(store, "people", "add", "ada", "--role", "viewer").returncode == 0
    assert people.check(store.folder, "ada", PASSWORD) == people.Person("ada", "viewer")
    listed = _run(store, "people")
    assert "ada" in listed.stdout
    assert "viewer" in listed.stdout
    assert '"kind": "list of Member"' in _run(store, "people", "--json").stdout
    assert "people add" in _run(store, "people", "--help").stdout
    assert "Added" not in _run(store, "people", "remove", "eve").stdout
    assert _run(store, "people", "remove", "eve").returncode == 3
    assert _run(store, "people", "remove", "ada").returncode == 0
    assert _run(store, "people", "remote", "ada").returncode == 2


@pytest.mark.parametrize(
    ("second", "code", "said"), [(PASSWORD, 0, "ada"), ("something else", 2, "the two passwords differ")]
)
def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(store: Store, second: str, code: int, said: str):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["MLOPS_NB_STORE"] = str(store.folder)
        os.execv(sys.executable, [sys.executable, "-m", "mlops_nb", "people", "add", "ada"])
    seen = b""
    answers = [PASSWORD, second]
    try:
        while True:
            try:
                part = os.read(terminal, 1024)
            except OSError:  # Linux says so when the other end is closed
                break
            seen += part
            if answers and (b"characters): " in seen, b"again: " in seen)[2 - len(answers)]:
                os.write(terminal, answers.pop(0).encode() + b"\n")
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    assert said in seen.decode()
    assert PASSWORD not in seen.decode()
    assert (people.check(store.folder, "ada", PASSWORD) is not None) is (code == 0)


def test_in_a_notebook_that_can_not_ask_it_is_refused(tmp_path):
    kernel = Kernel(tmp_path)
    try:
        ran = kernel.run("%load_ext mlops_nb\n%mlops people add ada")
        assert ran.status == "error"
        assert ran.ename == "UsageError"
        ran = kernel.run("%mlops people add ada --no-password --role editor")
        assert ran.status == "ok"
        assert "editor" in kernel.run("%mlops people").text()
        assert kernel.run("%mlops people remove ada").status == "ok"
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def test_magics_of_two_and_three_words(store: Store):
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mlops_nb")
    try:
        shell.run_line_magic("mlops", 'people add "Ada Lovelace" --no-password --role approver')
        assert [p.name for p in shell.run_line_magic("mlops", "people")] == ["Ada Lovelace"]
        shell.run_line_magic("mlops", 'people remove "Ada Lovelace"')
        assert len(shell.run_line_magic("mlops", "people")) == 0
    finally:
        shell.run_line_magic("unload_ext", "mlops_nb")
        InteractiveShell.clear_instance()
