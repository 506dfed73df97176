"""The dashboard's process: it starts once, says why when it can't, and never outlives whoever started it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, MissingExtra, Refused, StoreError
from mlops_nb.pages import starting
from mlops_nb.services.process import started_us
from mlops_nb.store.store import Store
from tests.faults.dashboard_world import populate, visitor
from tests.notebooks.kernels import Kernel


def _gone(pid: int) -> bool:
    end = time.monotonic() + 20
    while started_us(pid) is not None and time.monotonic() < end:
        time.sleep(0.02)
    return started_us(pid) is None


def _shell(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_nb", "dashboard", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MLOPS_NB_STORE": str(folder / ".mlops")},
    )


def test_it_runs_once_for_a_store_and_ends_when_told(store: Store):
    first = ml.dashboard()
    try:
        assert first.running
        again = ml.dashboard("runs")
        assert (again.pid, again.url) == (first.pid, first.url.replace("/home", "/runs"))
        with visitor(first.url) as guest:
            assert guest.get("/home").status_code == 200
        with pytest.raises(Refused, match="with other settings"):
            ml.dashboard(guests=True)
    finally:
        first.stop()
    assert not first.running
    assert started_us(first.pid) is None
    first.stop()
    second = ml.dashboard()
    assert second.pid != first.pid
    second.stop()


def test_starting_it_loads_no_panel_here(tmp_path: Path):
    code = (
        "import sys, mlops_nb as ml\n"
        "d = ml.dashboard()\n"
        "print(sorted({'panel', 'bokeh', 'tornado', 'pandas', 'numpy'} & set(sys.modules)))\n"
        "d.stop()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "[]\n"


def test_it_ends_with_a_process_that_is_killed(tmp_path: Path):
    code = "import time, mlops_nb as ml\nprint(ml.dashboard().pid, flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert started_us(pid) is not None
        parent.kill()
    assert _gone(pid)


def test_it_ends_although_a_fork_of_the_killed_process_holds_its_pipe(tmp_path: Path):
    code = (
        "import os, time, mlops_nb as ml\n"
        "d = ml.dashboard()\n"
        "child = os.fork()\n"
        "if child: print(d.pid, child, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as parent:
        assert parent.stdout is not None
        pid, fork = map(int, parent.stdout.readline().split())
        parent.kill()
        assert _gone(pid)
        os.kill(fork, signal.SIGKILL)


def test_it_ends_with_the_kernel_and_survives_an_interrupt(tmp_path: Path):
    kernel = Kernel(tmp_path)
    try:
        pid = int(kernel.run("import mlops_nb as ml\nprint(ml.dashboard().pid)").text("stdout"))
        assert kernel.run("%load_ext mlops_nb\n%mlops dashboard").status == "ok"
        kernel.manager.interrupt_kernel()
        assert kernel.run("print(ml.dashboard().pid)").text("stdout") == f"{pid}\n"
    finally:
        kernel.manager.provisioner.process.kill()
        kernel.manager.provisioner.process.wait()
        kernel.client.stop_channels()
        kernel.manager.cleanup_resources()
    assert _gone(pid)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_in_a_shell_it_stays_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals, code: int):
    with _shell(tmp_path, "--json") as shell:
        assert shell.stdout is not None
        assert shell.stderr is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += shell.stdout.readline()
        told = json.loads(text)["result"]
        with visitor(told["url"]) as guest:
            assert guest.get("/runs").status_code == 200
        shell.send_signal(number)
        assert shell.wait(20) == code
        assert shell.stderr.read().lstrip() == ("mlops-nb: interrupted\n" if code == 130 else "")
    assert _gone(told["pid"])


def test_in_a_shell_it_says_when_the_server_ended_by_itself(tmp_path: Path):
    with _shell(tmp_path) as shell:
        assert shell.stdout is not None
        assert shell.stderr is not None
        shown = "".join(shell.stdout.readline() for _ in range(2))
        pid = int(re.search(r"pid\s+(\d+)", shown)[1])  # type: ignore[index]
        os.kill(pid, signal.SIGKILL)
        assert shell.wait(20) == 1
        assert "the dashboard ended with -9" in shell.stderr.read()


def test_a_port_that_is_taken(store: Store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"port {port} on 127.0.0.1 is taken; try: another --port"):
            ml.dashboard(port=port)
    free = ml.dashboard(port=port)
    assert f":{port}/" in free.url
    free.stop()


def test_two_projects_find_two_ports(tmp_path: Path, store: Store):
    one = ml.dashboard()
    try:
        with _shell(tmp_path, "--json") as other:
            assert other.stdout is not None
            text = ""
            while not text.endswith("\n}\n"):
                text += other.stdout.readline()
            url = json.loads(text)["result"]["url"]
            assert url != one.url
            assert {httpx.get(u, trust_env=False).status_code for u in (one.url, url)} == {200}
            other.terminate()
    finally:
        one.stop()


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"host": "0.0.0.0"}, Refused, "others reach the dashboard, and nobody can sign in"),
        ({"behind_proxy": True}, Refused, "others reach the dashboard, and nobody can sign in"),
        ({"origin": ["mlops.example.org"]}, Refused, "others reach the dashboard, and nobody can sign in"),
        ({"host": "192.0.2.7", "guests": True}, InvalidInput, "192.0.2.7 is no address of this machine"),
        ({"host": "::1"}, InvalidInput, "is an IPv6 address"),
        ({"page": "rums"}, InvalidInput, "there is no page 'rums'; .*did you mean 'runs'"),
        ({"port": 70_000}, InvalidInput, "70000 is no port"),
        ({"origin": ["https://x/y"]}, InvalidInput, "is no origin"),
        ({"origin": ["*"]}, InvalidInput, "is no origin"),
        ({"oauth": "githup"}, InvalidInput, "did you mean 'github'"),
        ({"oauth": "github"}, InvalidInput, "MLOPS_NB_OAUTH_KEY and MLOPS_NB_OAUTH_SECRET"),
    ],
)
def test_what_can_not_be_served_is_refused_in_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, asked, error, said
):
    for name in ("MLOPS_NB_OAUTH_KEY", "MLOPS_NB_OAUTH_SECRET", "PANEL_OAUTH_KEY", "PANEL_OAUTH_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(error, match=said) as refused:
        ml.dashboard(**asked)
    assert "\n" not in str(refused.value)


def test_with_people_it_may_be_open_to_others(store: Store):
    populate(store.folder)
    dashboard = ml.dashboard(host="0.0.0.0", behind_proxy=True)
    try:
        local = f"http://127.0.0.1:{dashboard.url.rsplit(':', 1)[1]}"
        with visitor(local) as guest:
            assert guest.get("/home").status_code == 302
            given = guest.get("/login").headers.get_list("set-cookie")
            assert given
            assert all("Secure" in line for line in given)
    finally:
        dashboard.stop()


def test_without_panel_it_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starting, "_NEEDED", ("panel", "no_such_package"))
    with pytest.raises(MissingExtra, match=r'pip install "mlops_nb\[dashboards\]"'):
        ml.dashboard()
    assert not (store.folder / "dashboard.log").exists()


def test_a_server_that_dies_at_its_start_says_why(store: Store):
    store.folder.mkdir(parents=True)
    (store.folder / "dashboard.secret").write_text("short")
    with pytest.raises(InvalidInput, match=r"dashboard\.secret is damaged; try: remove it"):
        ml.dashboard()
    (store.folder / "dashboard.secret").unlink()
    (store.folder / "dashboard.secret").mkdir()
    with pytest.raises((InvalidInput, StoreError), match=r"dashboard\.secret can't be used"):
        ml.dashboard()
