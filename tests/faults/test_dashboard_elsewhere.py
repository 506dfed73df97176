"""The pages under other servers than ours, and what a visitor sees of a fault: never a traceback."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from mlops_nb.pages import signing_in
from mlops_nb.pages.site import BY_SLUG
from tests.faults.dashboard_world import greet, populate, token, visitor

ROOT = Path(__file__).parents[2]
_BROKEN = """
import sys
from typing import NamedTuple
from mlops_nb.pages import server, site, process

class Broken(NamedTuple):
    slug: str = "home"
    title: str = "Home"
    def view(self): return None
    def app(self):
        def fail(): raise RuntimeError("a secret of the inside")
        return fail

server.PAGES = (Broken(),)
raise SystemExit(process.main())
"""


@contextmanager
def _panel_serve(folder: Path, *words: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "panel",
        "serve",
        str(ROOT / "dashboards" / "home.py"),
        "--port",
        str(port),
        *words,
    ]
    env = {**os.environ, "MLOPS_NB_STORE": str(folder)}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while time.monotonic() < end and process.poll() is None:
                try:
                    httpx.get(url, trust_env=False, timeout=20)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def _as_panel_signs_in(url: str, name: str, password: str) -> str:
    with visitor(url, follow_redirects=True) as client:
        client.get("/home")
        page = client.post("/login", data={"username": name, "password": password}).text
        page = client.get("/home").text
        found = re.search(r"(\w+, (?:viewer|editor|approver))", page)
        return found[1] if found else ""


def test_panels_own_sign_in_proves_the_name_and_people_json_gives_the_role(tmp_path: Path):
    folder = tmp_path / ".mlops"
    populate(folder)
    (tmp_path / "who.json").write_text(json.dumps({"ada": "pw-of-ada", "eve": "pw-of-eve"}))
    with _panel_serve(folder, "--basic-auth", str(tmp_path / "who.json"), "--cookie-secret", "s" * 32) as url:
        assert _as_panel_signs_in(url, "ada", "pw-of-ada") == "ada, editor"
        assert _as_panel_signs_in(url, "eve", "pw-of-eve") == "eve, viewer"


def test_one_password_for_all_proves_no_name(tmp_path: Path):
    folder = tmp_path / ".mlops"
    populate(folder)
    with _panel_serve(folder, "--basic-auth", "one-for-all", "--cookie-secret", "s" * 32) as url:
        assert _as_panel_signs_in(url, "ada", "one-for-all") == ""


def test_without_any_sign_in_and_without_a_server_there_is_nobody(tmp_path: Path):
    folder = tmp_path / ".mlops"
    populate(folder)
    with _panel_serve(folder) as url, visitor(url, cookies={"user": "ada"}) as client:
        page = client.get("/home").text
        assert "ada, editor" not in page
        assert "Sign in" not in page
    assert signing_in.current_person() is None


def test_a_fault_in_a_page_is_a_sentence_and_the_log_has_the_rest(tmp_path: Path):
    folder = tmp_path / ".mlops"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    order = {"folder": str(folder), "port": port, "host": "127.0.0.1", "origins": [], "guests": False, "oauth": ""}
    with subprocess.Popen(
        [sys.executable, "-c", _BROKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        folder.mkdir()
        process.stdin.write(json.dumps(order | {"behind_proxy": False}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"port": port}
        url = f"http://127.0.0.1:{port}"
        with visitor(url) as client:
            page = client.get("/home").text
        seen = page + greet(f"{url}/home", token(page), url)
        process.terminate()
        logged = process.stderr.read().decode()
    assert "That is a fault of mlops_nb" in seen
    assert "RuntimeError" not in seen
    assert "a secret of the inside" not in seen
    assert "a secret of the inside" in logged


@pytest.mark.parametrize("slug", list(BY_SLUG))
def test_every_page_has_its_script(slug: str):
    assert (ROOT / "dashboards" / f"{slug}.py").exists()
